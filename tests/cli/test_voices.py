"""`antiphon voices`: a provider's voices listed, heard, cloned with consent and deleted."""

import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from antiphon.cli.main import main
from antiphon.models.store import ModelStore
from antiphon.net.wav import to_wav
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.wiring import providers

KEY = "a-very-secret-key"
ANN = (
    "--consent-by", "Ann Lee", "--consent-purpose", "our shop's agent", "--consent-on", "2026-01-21"
)  # fmt: skip
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def world() -> Iterator[Sandbox]:
    with Sandbox(key=KEY) as running:
        yield running


@pytest.fixture
def sandbox(world: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sandbox:
    world.rules.clear()
    for name, value in world.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ANTIPHON_CALLS", str(tmp_path / "calls"))
    monkeypatch.chdir(tmp_path)
    return world


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    file = tmp_path / "ann.wav"
    file.write_bytes(to_wav(bytes(2 * 8000 * 6), 8000))
    return file


def consents(tmp_path: Path, name: str = "calls/consents.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]


def listed(capsys: Capture, *words: str) -> dict[str, dict[str, Any]]:
    assert main(["voices", *words, "--json"]) == 0
    said = capsys.readouterr().out
    assert KEY not in said
    return {voice["id"]: voice for voice in json.loads(said)["voices"]}


# --- listed ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "provider, voice",
    [
        ("elevenlabs", "JBFqnCBsd6RMkjVDRZzb"),
        ("elevenlabs/multilingual", "JBFqnCBsd6RMkjVDRZzb"),
        ("cartesia", "a0e99841-438c-4a64-b679-ae501e7d6091"),
        ("xtts", "Asya Anara"),
        ("azure/speech", "en-US-AvaNeural"),
        ("deepgram/aura-2", "aura-2-thalia-en"),
        ("flux-tts", "flux-alexis-en"),
        ("openai", "marin"),
    ],
)
def test_the_voices_of_a_provider(
    provider: str, voice: str, sandbox: Sandbox, capsys: Capture
) -> None:
    assert listed(capsys, provider)[voice]["whose"] == "stock"


@pytest.mark.parametrize("offer", providers.offers("tts"), ids=lambda offer: offer.name)
def test_every_default_is_among_what_is_listed(
    offer: Any, sandbox: Sandbox, capsys: Capture
) -> None:
    """Where it can be listed; where not, it is said how to find out."""
    if offer.voices is None:
        assert offer.voices_note
    elif "voice" in offer.settings.model_fields:
        assert offer.settings.model_fields["voice"].default in listed(capsys, offer.name)


def test_a_table_of_a_hundred_columns_and_who_says_so(sandbox: Sandbox, capsys: Capture) -> None:
    assert main(["voices", "deepgram/aura-2", "--language", "de"]) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 100
    assert "aura-2-viktoria-de" in said
    assert "aura-2-thalia-en" not in said
    assert "as the vendor's client" in said


def test_the_voices_of_the_model_that_is_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(ModelStore, "path", lambda self, name: tmp_path)
    config = tmp_path / "x.onnx.json"
    config.write_text('{"dataset": "joe", "language": {"code": "en_US"}, "speaker_id_map": {}}')
    assert listed(capsys, "piper") == {
        "": {"id": "", "name": "joe", "language": "en-US", "whose": "stock"}
    }
    config.write_text('{"speaker_id_map": {"p2": 1, "p1": 0}}')
    assert list(listed(capsys, "piper")) == ["p1", "p2"]
    config.write_text("{")
    assert main(["voices", "piper"]) == 4
    assert "x.onnx.json" in capsys.readouterr().err
    config.unlink()
    assert main(["voices", "piper"]) == 3
    assert "antiphon models pull" in capsys.readouterr().err


def test_who_cannot_be_asked_is_said_with_how_to_find_out(capsys: Capture) -> None:
    assert main(["voices", "aws"]) == 1
    assert "aws polly describe-voices" in capsys.readouterr().out
    assert main(["voices", "google/tts", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["voices"] is None
    assert "/v1/voices" in said["note"]


# --- whom nobody knows -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, hint",
    [
        (["elevnlabs"], "did you mean 'elevenlabs'"),
        (["deepgram"], "name one: deepgram/aura-2, deepgram/flux-tts"),
        (["livekit"], "livekit:elevenlabs.TTS"),
        (["xtts", "--set", "chunk_sise=5"], "did you mean chunk_size=...?"),
        (["xtts", "--set", "voices"], "write NAME=VALUE"),
        (["xtts", "--voice", "Ann"], "--voice means nothing without --say"),
        (["xtts", "--consent-by", "Ann"], "--consent-by means nothing without --clone"),
        (["aws", "--sandbox"], "cannot be pretended"),
        (["aws", "--delete", "x"], "neither cloned nor deleted here"),
    ],
)
def test_what_cannot_be_meant(words: list[str], hint: str, capsys: Capture) -> None:
    assert main(["voices", *words]) == 2
    assert hint in capsys.readouterr().err


def test_a_key_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.delenv("ELEVENLABS_API_KEY", raising=False)
    assert main(["voices", "elevenlabs"]) == 3
    assert "ELEVENLABS_API_KEY, which is not set" in capsys.readouterr().err


@pytest.mark.parametrize("provider", ["elevenlabs", "cartesia", "azure"])
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_a_key_that_is_refused_is_not_shown(
    provider: str, form: list[str], sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:  # fmt: skip
    wrong = "an-old-secret-key"
    names = {o.key for o in providers.offers("tts") if o.vendor == provider}
    for name in names:
        monkeypatch.setenv(name, wrong)
    assert main(["voices", provider, *form]) == 4
    said = capsys.readouterr()
    assert wrong not in said.out + said.err
    assert f"see that {names.pop()} is a key of {provider}" in said.out + said.err


def test_a_vendor_that_is_busy(sandbox: Sandbox, capsys: Capture) -> None:
    sandbox.rules.add(Fault(refuse=429, retry_after_s=7), path="/v1/voices", times=None)
    assert main(["voices", "elevenlabs"]) == 4
    assert "try again in 7 s" in capsys.readouterr().err


def test_an_answer_that_is_no_list(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("AZURE_SPEECH_ENDPOINT", sandbox.http_url)
    monkeypatch.setattr("antiphon.sandbox.azure.doors.VOICES", b'[{"Name": "Ava"}]')
    assert main(["voices", "azure"]) == 4
    assert "no list of voices" in capsys.readouterr().err


# --- heard -------------------------------------------------------------------------------------


def test_a_sentence_is_spoken_into_a_file(
    sandbox: Sandbox, tmp_path: Path, capsys: Capture
) -> None:
    words = ["voices", "cartesia", "--say", "Hello, front desk.", "--out", "hello.wav"]
    assert main([*words, "--voice", "a-voice", "--language", "en"]) == 0
    assert "voice a-voice" in capsys.readouterr().out
    with wave.open(str(tmp_path / "hello.wav")) as file:
        assert file.getnframes() / file.getframerate() > 0.3
    assert "a-voice" in "".join(sandbox.requests[-1].texts("client"))
    assert main([*words, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["provider"], said["voice"], said["file"]) == (
        "cartesia/sonic-3",
        None,
        "hello.wav",
    )


@pytest.mark.parametrize(
    "words, hint",
    [
        (["--say", "Hello."], "--out hello.wav"),
        (["--say", " ", "--out", "x.wav"], "wants words and a file"),
        (["--say", "Hello.", "--out", "nowhere/x.wav"], "there is no folder nowhere"),
    ],
)
def test_what_cannot_be_spoken(
    words: list[str], hint: str, sandbox: Sandbox, capsys: Capture
) -> None:
    assert main(["voices", "cartesia", *words]) == 2
    assert hint in capsys.readouterr().err


# --- cloned and deleted ------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ["elevenlabs", "cartesia", "xtts"])
def test_a_voice_is_cloned_with_consent_heard_and_deleted(
    provider: str, sandbox: Sandbox, clip: Path, tmp_path: Path, capsys: Capture
) -> None:
    kept = ("--set", "voices=voices") if provider == "xtts" else ()
    assert main(["voices", provider, *kept, "--clone", "ann", str(clip), *ANN]) == 0
    said = capsys.readouterr().out
    assert "the consent of Ann Lee is written in" in said
    assert str(tmp_path / "calls/consents.jsonl") in said
    asked, done = consents(tmp_path)
    assert (asked["event"], done["event"]) == ("consented", "cloned")
    assert (done["who"], done["purpose"]) == ("Ann Lee", "our shop's agent")
    assert done["when"].startswith("2026-01-21T00:00:00")
    assert KEY not in said + json.dumps(done)

    made = done["voice_id"]
    voices = listed(capsys, provider, *kept)
    assert next(iter(voices)) == made, "one's own go before the vendor's"
    assert (voices[made]["name"], voices[made]["whose"]) == ("ann", "own")
    speak = ["--say", "Hello.", "--out", "ann-says.wav", "--voice", made]
    assert main(["voices", provider, *kept, *speak]) == 0

    assert main(["voices", provider, *kept, "--delete", made, "--yes"]) == 0
    assert "ann: deleted" in capsys.readouterr().out
    assert made not in listed(capsys, provider, *kept)


def test_a_server_that_keeps_nothing_needs_a_folder(
    sandbox: Sandbox, clip: Path, capsys: Capture
) -> None:
    assert main(["voices", "xtts", "--clone", "ann", str(clip), *ANN]) == 2
    assert "--set voices=FOLDER" in capsys.readouterr().err
    assert main(["voices", "xtts", "--delete", "Asya Anara", "--yes"]) == 2
    assert "--set voices=FOLDER" in capsys.readouterr().err


@pytest.mark.parametrize("lacking", ["by", "purpose", "on"])
def test_nobody_is_cloned_without_consent(
    lacking: str, sandbox: Sandbox, clip: Path, tmp_path: Path, capsys: Capture
) -> None:
    before = len(sandbox.requests)
    at = ANN.index(f"--consent-{lacking}")
    said = [*ANN[:at], *ANN[at + 2 :]]
    assert main(["voices", "elevenlabs", "--clone", "ann", str(clip), *said]) == 2
    assert f"--consent-{lacking}" in capsys.readouterr().err
    assert len(sandbox.requests) == before
    assert not (tmp_path / "calls").exists()


@pytest.mark.parametrize("on, hint", [("yesterday", "2026-11-21"), ("2999-01-01", "yet to come")])
def test_a_consent_has_a_day(
    on: str, hint: str, sandbox: Sandbox, clip: Path, capsys: Capture
) -> None:
    said = [*ANN[:-1], on]
    assert main(["voices", "elevenlabs", "--clone", "ann", str(clip), *said]) == 2
    assert hint in capsys.readouterr().err


def test_the_consent_is_written_where_it_is_wanted_and_whole(
    sandbox: Sandbox, clip: Path, tmp_path: Path, capsys: Capture
) -> None:
    when = [*ANN[:-1], "2026-01-21T15:30+01:00", "--consents", "agreed.jsonl", "--json"]
    assert main(["voices", "elevenlabs", "--clone", "ann", str(clip), *when]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["consents"] == "agreed.jsonl"
    assert said["voice"]["name"] == "ann"
    assert consents(tmp_path, "agreed.jsonl")[1]["when"] == "2026-01-21T15:30:00+01:00"


def _wav(seconds: float) -> bytes:
    return to_wav(bytes(2 * round(8000 * seconds)), 8000)


@pytest.mark.parametrize(
    "name, data, hint",
    [
        ("ann.txt", b"x", "recordings that end in wav, mp3"),
        ("ann.wav", b"", "is empty"),
        ("ann.wav", b"ID3 not a wave file", "this is no WAV file"),
        ("ann.wav", b"RIFF", "this is no WAV file"),
        ("ann.wav", _wav(4.0), "4.0 s are too short: elevenlabs/flash wants 5 s"),
        ("ann.mp3", bytes(10_000_001), "10.0 MB are more than the 10"),
        ("ann.wav", None, "cannot be read"),
    ],
)
def test_what_a_voice_cannot_be_made_from(
    name: str, data: bytes | None, hint: str, sandbox: Sandbox, tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / name
    if data is not None:
        file.write_bytes(data)
    assert main(["voices", "elevenlabs", "--clone", "ann", str(file), *ANN]) == 2
    said = capsys.readouterr().err
    assert hint in said
    assert str(file) in said


def test_a_wave_file_that_cannot_be_measured_is_left_to_the_vendor(
    sandbox: Sandbox, clip: Path, capsys: Capture
) -> None:
    data = bytearray(clip.read_bytes())
    data[20:22] = (3).to_bytes(2, "little")  # floats
    clip.write_bytes(data)
    assert main(["voices", "elevenlabs", "--clone", "ann", str(clip), *ANN]) == 0


def test_more_recordings_than_the_vendor_takes(
    sandbox: Sandbox, clip: Path, capsys: Capture
) -> None:
    assert main(["voices", "cartesia", "--clone", "ann", str(clip), str(clip), *ANN]) == 2
    assert "makes a voice from one recording" in capsys.readouterr().err
    assert main(["voices", "cartesia", "--clone", "ann", *ANN]) == 2
    assert "--clone NAME FILE.wav" in capsys.readouterr().err


def test_a_vendor_that_turns_a_recording_down(
    sandbox: Sandbox, clip: Path, tmp_path: Path, capsys: Capture
) -> None:
    sandbox.rules.add(Fault(refuse=422), path="/v1/voices/add")
    assert main(["voices", "elevenlabs", "--clone", "ann", str(clip), *ANN]) == 4
    assert "look at the recording" in capsys.readouterr().err
    assert [line["event"] for line in consents(tmp_path)] == ["consented"]


def test_a_voice_is_deleted_after_asking(
    sandbox: Sandbox, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    assert main(["voices", "elevenlabs", "--clone", "bob", str(clip), *ANN]) == 0
    made = consents(tmp_path)[1]["voice_id"]
    delete = ["voices", "elevenlabs", "--delete", made]
    answers = iter(["n\n", "", "y\n"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert main(delete) == 2
    assert "say --yes" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdin.readline", lambda: next(answers))
    assert main(delete) == 1
    assert f"delete bob ({made}, made by you)" in capsys.readouterr().err
    assert main(delete) == 1
    assert main([*delete, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["deleted"]["name"] == "bob"


def test_a_name_is_no_id(sandbox: Sandbox, capsys: Capture) -> None:
    assert main(["voices", "elevenlabs", "--delete", "George", "--yes"]) == 2
    assert "George is JBFqnCBsd6RMkjVDRZzb" in capsys.readouterr().err
    assert main(["voices", "elevenlabs", "--delete", "nobody", "--yes"]) == 2
    assert "ids: antiphon voices elevenlabs" in capsys.readouterr().err


# --- pretended ---------------------------------------------------------------------------------


def test_without_a_key_in_the_sandbox(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_models: Path, capsys: Capture
) -> None:
    """Only speech needs an engine of this machine; what is pretended is no consent."""
    monkeypatch.delenv("ELEVENLABS_API_KEY", raising=False)
    monkeypatch.setenv("ANTIPHON_CALLS", str(tmp_path / "calls"))
    clone = ["--clone", "ann", str(clip), *ANN]
    assert main(["voices", "elevenlabs", "--sandbox"]) == 0
    assert main(["voices", "elevenlabs", *clone, "--sandbox"]) == 0
    assert "the vendor was pretended: the voice is gone now" in capsys.readouterr().err
    assert not (tmp_path / "calls/consents.jsonl").exists()
    assert consents(tmp_path, "calls/pretended-consents.jsonl")
    say = ["--say", "Hello.", "--out", str(tmp_path / "hello.wav")]
    assert main(["voices", "elevenlabs", *say, "--sandbox"]) == 3
    assert main(["voices", "elevenlabs", *say, "--sandbox=scripted"]) == 0
    assert (tmp_path / "hello.wav").stat().st_size > 1000
