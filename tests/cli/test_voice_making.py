"""`antiphon voices`: voices designed from words, and professional voices step by step."""

import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from antiphon.cli.main import main
from antiphon.net.wav import to_wav
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox

KEY = "a-very-secret-key"
MAEVE = "A calm elderly Irish woman, warm and slow."
DESIGN = ("voices", "elevenlabs/flash", "--design", MAEVE, "--name", "maeve")
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
    world.requests.clear()
    for name, value in world.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ANTIPHON_CALLS", str(tmp_path / "calls"))
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    monkeypatch.chdir(tmp_path)
    return world


@pytest.fixture
def clip(tmp_path: Path) -> str:
    file = tmp_path / "ann.wav"
    file.write_bytes(to_wav(bytes(2 * 8000 * 6), 8000))
    return str(file)


def consents(tmp_path: Path) -> list[dict[str, Any]]:
    lines = (tmp_path / "calls/consents.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def listed(capsys: Capture) -> dict[str, dict[str, Any]]:
    assert main(["voices", "elevenlabs", "--json"]) == 0
    return {voice["id"]: voice for voice in json.loads(capsys.readouterr().out)["voices"]}


# --- designed ----------------------------------------------------------------------------------


def test_previews_are_written_and_one_is_kept_later(
    sandbox: Sandbox, tmp_path: Path, capsys: Capture
) -> None:
    assert main([*DESIGN]) == 0
    said = capsys.readouterr().out
    assert "3  maeve-3.wav" in said
    assert "keep one: antiphon voices elevenlabs/flash --keep maeve-1.wav" in said
    for number in (1, 2, 3):
        with wave.open(str(tmp_path / f"maeve-{number}.wav")) as file:
            assert file.getnframes() / file.getframerate() > 1
    before = listed(capsys)

    assert main(["voices", "elevenlabs", "--keep", "maeve-2.wav"]) == 0
    said = capsys.readouterr().out
    assert "maeve: kept by elevenlabs/flash, its id is" in said
    assert "https://elevenlabs.io/terms-of-use" in said
    assert not (tmp_path / "calls/consents.jsonl").exists(), "nobody was recorded"
    (made,) = set(after := listed(capsys)) - set(before)
    assert (after[made]["name"], after[made]["whose"]) == ("maeve", "own")
    (kept,) = (r for r in sandbox.requests if r.path == "/v1/text-to-voice")
    assert json.loads(kept.frames[0].data)["voice_description"] == MAEVE

    assert main(["voices", "elevenlabs", "--keep", "maeve-2.wav"]) == 4
    assert "design it again" in capsys.readouterr().err
    assert main(["voices", "elevenlabs", "--delete", made, "--yes"]) == 0


def test_one_is_kept_at_once_by_its_number(
    sandbox: Sandbox, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "heard").mkdir()
    words = "Good morning, this is the front desk of the Harbour Hotel. " * 2
    options = [
        "--keep",
        "2",
        "--into",
        "heard",
        "--previewing",
        words,
        "--language",
        "en",
        "--json",
    ]
    assert main([*DESIGN, *options]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [each["file"] for each in said["previews"]] == [
        f"heard/maeve-{n}.wav" for n in (1, 2, 3)
    ]
    assert said["voice"]["id"] == said["previews"][1]["id"]
    assert said["voice"]["language"] == "en"
    assert "terms" in said["rights"]
    assert main([*DESIGN, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["voice"] is None


def test_whoever_is_there_is_asked(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    answers = iter(["3\n", "\n", "9\n"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdin.readline", lambda: next(answers))
    assert main([*DESIGN]) == 0
    said = capsys.readouterr()
    assert "keep which, 1 to 3? [none]" in said.err
    assert "maeve: kept by" in said.out
    for _ in range(2):
        assert main([*DESIGN]) == 0
        assert "keep one: antiphon voices" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words, hint",
    [
        (["cartesia", "--design", MAEVE, "--name", "m"], "those that can: elevenlabs/flash"),
        (["cartesia", "--keep", "m-1.wav"], "those that can: elevenlabs/flash"),
        (["elevenlabs", "--design", MAEVE], "--name NAME"),
        (["elevenlabs", "--design", "A woman.", "--name", "m"], "wants 20 to 1000"),
        (["elevenlabs", "--design", MAEVE * 30, "--name", "m"], "cut it"),
        ([*DESIGN[1:], "--previewing", "Hello."], "what previews say has 6 letters"),
        ([*DESIGN[1:], "--keep", "maeve-1.wav"], "is the number of a preview"),
        ([*DESIGN[1:], "--keep", "0"], "is the number of a preview"),
        ([*DESIGN[1:], "--keep", "4"], "there are 3 previews"),
        ([*DESIGN[1:], "--into", "nowhere"], "there is no folder nowhere"),
        (["elevenlabs", "--keep", "nothing.wav"], "no preview that --design wrote"),
        (["elevenlabs", "--keep", "nothing-1.wav"], "no preview that --design wrote"),
        (["elevenlabs", "--keep", "m-1.wav", "--state", "x"], "--keep stands alone"),
        (["elevenlabs", "--name", "m"], "--name means nothing without --design or --keep"),
        (["elevenlabs", "--professional"], "--professional means nothing without --clone"),
        (["elevenlabs", "--model", "m"], "--model means nothing without --train"),
        (["cartesia", "--train", "x"], "those that can: elevenlabs/flash"),
        (["elevenlabs", "--verify", "x", "a.wav", "b.wav"], "one recording"),
        (["elevenlabs", "--verify", "x", "--into", "nowhere"], "there is no folder nowhere"),
        (["compatible-speech"], "name one, as compatible-speech/kokoro"),
    ],
)
def test_what_cannot_be_meant(
    words: list[str], hint: str, sandbox: Sandbox, capsys: Capture
) -> None:
    assert main(["voices", *words]) == 2
    assert hint in capsys.readouterr().err


@pytest.mark.parametrize("note", ["", "{", "[]", '{"ids": {"m-1.wav": "x"}}'])
def test_a_note_that_says_nothing(
    note: str, sandbox: Sandbox, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "m-previews.json").write_text(note)
    assert main(["voices", "elevenlabs", "--keep", "m-1.wav"]) == 2
    assert "no preview that --design wrote" in capsys.readouterr().err


def test_a_preview_of_somebody_else(sandbox: Sandbox, tmp_path: Path, capsys: Capture) -> None:
    note = {"provider": "other", "name": "m", "description": "d", "ids": {"m-1.wav": "x"}}
    (tmp_path / "m-previews.json").write_text(json.dumps(note))
    assert main(["voices", "elevenlabs", "--keep", "m-1.wav"]) == 2
    assert "this preview is of other" in capsys.readouterr().err


def test_names_become_files_that_every_system_knows(
    sandbox: Sandbox, tmp_path: Path, capsys: Capture
) -> None:
    assert main([*DESIGN[:-1], "../Máire / front desk"]) == 0
    assert (tmp_path / "Máire-front-desk-1.wav").exists()


def test_designed_without_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.delenv("ELEVENLABS_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)
    assert main([*DESIGN, "--keep", "1", "--sandbox=scripted"]) == 0
    assert "the voice is gone now" in capsys.readouterr().err


# --- trained -----------------------------------------------------------------------------------


def test_a_professional_voice_step_by_step(
    sandbox: Sandbox, clip: str, tmp_path: Path, capsys: Capture
) -> None:
    begin = ["voices", "elevenlabs", "--clone", "ann", clip, clip, "--professional", *ANN]
    assert main(begin) == 0
    said = capsys.readouterr().out
    done = consents(tmp_path)[-1]
    voice, picture = done["voice_id"], tmp_path / f"read-aloud-{done['voice_id']}.png"
    assert (done["event"], done["who"]) == ("cloned", "Ann Lee")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert f"--verify {voice} READING.wav" in said

    state = ["voices", "elevenlabs", "--state", voice]
    assert main(state) == 0
    said = capsys.readouterr().out
    assert f"ann ({voice}): 2 recordings; not verified" in said
    assert f"--train {voice}" in said
    assert main(["voices", "elevenlabs", "--train", voice]) == 4
    assert "not verified" in capsys.readouterr().err

    assert main(["voices", "elevenlabs", "--verify", voice]) == 0
    assert "reads aloud what read-aloud-" in capsys.readouterr().out
    assert main(["voices", "elevenlabs", "--verify", voice, clip]) == 0
    assert "took the reading" in capsys.readouterr().out
    assert [line["event"] for line in consents(tmp_path)[-2:]] == ["read aloud", "verified"]

    assert main(["voices", "elevenlabs", "--train", voice, "--model", "eleven_flash_v2_5"]) == 0
    assert "eleven_flash_v2_5: queued 0%" in capsys.readouterr().out
    assert main([*state, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["verified"], told["samples"]) == (True, 2)
    assert told["models"][0]["state"] == "fine_tuning"


def test_the_same_for_machines(
    sandbox: Sandbox, clip: str, tmp_path: Path, capsys: Capture
) -> None:
    begin = ["voices", "elevenlabs", "--clone", "ann", clip, "--professional", *ANN, "--json"]
    assert main(begin) == 0
    said = json.loads(capsys.readouterr().out)
    voice = said["voice"]["id"]
    assert Path(said["read_aloud"]).exists()
    verify = ["voices", "elevenlabs", "--verify", voice, "--json"]
    assert main(verify) == 0
    assert json.loads(capsys.readouterr().out)["read_aloud"] == said["read_aloud"]
    assert main([*verify[:-1], clip, "--consents", "agreed.jsonl", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["consents"] == "agreed.jsonl"
    assert len((tmp_path / "agreed.jsonl").read_text().splitlines()) == 2


def test_no_professional_voice_without_consent(
    sandbox: Sandbox, clip: str, tmp_path: Path, capsys: Capture
) -> None:
    before = len(sandbox.requests)
    assert main(["voices", "elevenlabs", "--clone", "ann", clip, "--professional", *ANN[2:]]) == 2
    assert "--consent-by WHO is missing" in capsys.readouterr().err
    assert len(sandbox.requests) == before
    assert not (tmp_path / "calls").exists()


def test_a_voice_that_was_begun_is_not_lost(
    sandbox: Sandbox, clip: str, tmp_path: Path, capsys: Capture
) -> None:
    for fault in Fault(), Fault(refuse=503):  # the recordings arrive
        sandbox.rules.add(fault, path="/v1/voices/pvc/")
    begin = ["voices", "elevenlabs", "--clone", "ann", clip, "--professional", *ANN]
    assert main(begin) == 4
    voice = consents(tmp_path)[-1]["voice_id"]
    assert f"ann was begun: antiphon voices elevenlabs --verify {voice}" in capsys.readouterr().err
