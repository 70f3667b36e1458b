"""`antiphon call`, `talk` and `serve`: what stops them before an engine is started, and how they
say so. With engines they are tested in tests/e2e."""

import asyncio
import json
import socket
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from antiphon.cli import call
from antiphon.cli.main import main
from antiphon.errors import Missing, Unavailable
from antiphon.testing.portaudio import FakePortAudio
from antiphon.testing.script import Script
from antiphon.transports.microphone import devices


@pytest.fixture(autouse=True)
def nothing_is_started(all_models: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No engine may be reached here."""

    async def start(*_: object) -> None:
        pytest.fail("an engine was started")

    monkeypatch.setattr("antiphon.wiring.agent._start", start)
    monkeypatch.setattr("antiphon.wiring.agent.Silero", lambda _: None)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    file = tmp_path / "speech.wav"
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, 8_000, 0, "NONE", ""))
        out.writeframes(bytes(16_000))
    return file


# --- call ----------------------------------------------------------------------------------------


def test_a_recording_that_is_not_there(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["call", str(desk), "--play", "none.wav"]) == 2
    assert capsys.readouterr().err == "antiphon: cannot read none.wav: No such file or directory\n"


@pytest.mark.parametrize(
    "content, why",
    [
        (b"hello", "it is not an audio file of a known kind"),
        (b"RIFF\x00\x00\x00\x00WAVE", "its WAV header is damaged"),
        (b"", "it is not an audio file of a known kind"),
    ],
)
def test_a_recording_that_is_none(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, why: str
) -> None:
    (tmp_path / "in.wav").write_bytes(content)

    assert main(["call", str(desk), "--play", "in.wav"]) == 2
    assert capsys.readouterr().err.startswith(
        f"antiphon: cannot use in.wav: {why}\n  supported: WAV "
    )


def test_a_recording_without_audio(
    desk: Path, speech: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    speech.write_bytes(speech.read_bytes()[:44])

    assert main(["call", str(desk), "--play", str(speech)]) == 2
    assert "there is no audio in it" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--record", "--events"])
def test_a_folder_that_is_not_there_is_named_with_the_command_that_makes_it(
    desk: Path, speech: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert main(["call", str(desk), "--play", str(speech), option, "no/such/file"]) == 2
    assert capsys.readouterr().err == "antiphon: there is no folder no/such\n  mkdir -p no/such\n"


def test_a_report_nobody_could_write_is_found_before_the_call(
    desk: Path, speech: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a call of an hour would be late."""
    assert main(["call", str(desk), "--play", str(speech), "--report", "no/such/page.html"]) == 2
    assert "mkdir -p no/such" in capsys.readouterr().err


def test_a_script_with_a_mistake_is_named_with_its_line(
    desk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script.yaml"
    script.write_text("steps:\n  - shout: hello\n")

    assert main(["call", str(desk), "--script", str(script), "--json"]) == 2

    error = json.loads(capsys.readouterr().out)["error"]
    assert error["where"] == f"{script}:2"
    assert "say, play, sound" in error["fix"]


@pytest.mark.parametrize("words", [[], ["--play", "a.wav", "--script", "b.yaml"]])
def test_a_caller_is_wanted_and_only_one(desk: Path, words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["call", str(desk), *words])
    assert caught.value.code == 2


def test_a_missing_voice_is_named_with_the_command_that_fetches_it(
    desk: Path, speech: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def path(self: object, name: str) -> Path:
        raise Missing(f"model {name} is not here", fix=f"antiphon models pull {name}")

    monkeypatch.setattr("antiphon.models.store.ModelStore.path", path)

    assert main(["call", str(desk), "--play", str(speech)]) == 3
    assert "antiphon models pull moonshine-tiny-en" in capsys.readouterr().err


def test_an_unknown_provider_is_named_with_its_line(
    desk: Path,
    speech: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(devices, "load", FakePortAudio)
    desk.write_text(f"{desk.read_text()}stt: local/mooshine\n")
    line = desk.read_text().count("\n")

    for words in (
        ["call", str(desk), "--play", str(speech)],
        ["talk", str(desk)],
        ["serve", str(desk), "--port", "0"],
    ):
        assert main(words) == 2
        said = capsys.readouterr().err
        assert f"antiphon: {desk}:{line}: stt: no provider 'local/mooshine'\n" in said


# --- talk ----------------------------------------------------------------------------------------


def test_a_machine_without_a_sound_device_is_told_what_to_do(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(devices, "load", lambda: FakePortAudio(devices=()))

    assert main(["talk", str(desk)]) == 3
    assert capsys.readouterr().err == (
        "antiphon: this machine has no sound device\n"
        "  plug in a microphone and a loudspeaker, or call with a file: antiphon call --play\n"
    )


def test_a_machine_without_portaudio_is_told_what_to_install(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def load() -> object:
        raise Missing("the PortAudio library is not installed", fix="apt install libportaudio2")

    monkeypatch.setattr(devices, "load", load)

    assert main(["talk", str(desk)]) == 3
    assert "apt install libportaudio2" in capsys.readouterr().err


# --- serve ---------------------------------------------------------------------------------------


@pytest.fixture
def taken() -> Iterator[int]:
    """A port somebody else has."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_port_in_use_is_an_environment_error_with_another_to_try(
    desk: Path, taken: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", str(desk), "--port", str(taken)]) == 3
    assert capsys.readouterr().err == (
        f"antiphon: port {taken} on 127.0.0.1 is in use\n"
        f"  stop what is using it, or choose another: --port {taken + 1}\n"
    )


@pytest.mark.parametrize(
    "words, said",
    [
        (["--port", "70000"], "--port cannot be 70000\n  it may be a whole number from 0 to 65535"),
        (["--port", "-1"], "--port cannot be -1\n"),
        (["--max-calls", "0"], "--max-calls cannot be 0\n  it may be a whole number above 0"),
        (["--drain", "-1"], "--drain cannot be -1.0\n  it may be a number above 0"),
        (["--host", "203.0.113.7"], "--host 127.0.0.1"),
        (["--certificate", "none.pem"], "none.pem cannot be used: No such file or directory"),
        (["--certificate", "agent.yaml"], "--certificate agent.yaml cannot be used"),
        (["--certificate-key", "key.pem"], "--certificate-key has no certificate"),
    ],
)
def test_an_option_that_cannot_be_is_a_usage_error_in_its_own_name(
    desk: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["serve", str(desk), *words]) == 2
    assert said in capsys.readouterr().err


def test_a_server_anyone_can_reach_says_what_that_means(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @asynccontextmanager
    async def no_further(*_: object, **__: object) -> AsyncIterator[None]:
        raise Missing("so far")
        yield

    monkeypatch.setattr("antiphon.cli.serve.open_agent", no_further)
    monkeypatch.delenv("ANTIPHON_TOKEN", raising=False)

    main(["serve", str(desk), "--host", "0.0.0.0", "--port", "0"])
    said = capsys.readouterr().err
    assert "warning: anyone who can reach 0.0.0.0 may call this agent" in said
    assert "warning: without a certificate calls and tokens can be overheard" in said

    monkeypatch.setenv("ANTIPHON_TOKEN", "secret")
    main(["serve", str(desk), "--host", "0.0.0.0", "--port", "0"])
    assert "anyone" not in capsys.readouterr().err

    main(["serve", str(desk), "--port", "0"])
    assert "warning" not in capsys.readouterr().err


def test_a_wrong_agent_file_is_found_before_the_port_is_taken(
    desk: Path, taken: int, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.write_text("name: A\n")

    assert main(["serve", str(desk), "--port", str(taken)]) == 2
    assert f"{desk}:1: 'dialog' is missing" in capsys.readouterr().err


def test_the_caller_borrows_a_voice_that_can(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The preferred voice may be away: that is what the call is there to show."""

    async def rehearse(script: Script, voice: str, rate_hz: int) -> str:
        if voice != "local":
            raise Unavailable("no network", provider=voice)
        return f"by {voice}"

    monkeypatch.setattr(call, "rehearse", rehearse)
    script = Script(steps=())
    voices: Any = ("hosted", "local")
    assert asyncio.run(call._rehearsed(script, voices)) == "by local"
    assert "another voice: hosted: no network" in capsys.readouterr().err
    with pytest.raises(Unavailable):
        asyncio.run(call._rehearsed(script, voices[:1]))
