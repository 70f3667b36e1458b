"""Mistakes in what an agent is told to say: each with the line it stands in."""

import wave
from pathlib import Path

import pytest

from antiphon.config import clips
from antiphon.config.agent import AgentSettings, load
from antiphon.config.clips import read, read_all
from antiphon.config.texts import clip_names
from antiphon.errors import ConfigError
from antiphon.mouth import clips as limits

HEAD = "name: A\nllm: null\nmouth:\n  manners:\n    lawyer: {speed: 0.9}\ndialog:\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "clips").mkdir()
    recording(tmp_path / "clips" / "hold.wav", 1.0)
    return tmp_path


def recording(file: Path, seconds: float, rate_hz: int = 8000) -> None:
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(b"\1\1" * round(seconds * rate_hz))


def agent(folder: Path, dialog: str) -> AgentSettings:
    file = folder / "agent.yaml"
    file.write_text(HEAD + dialog)
    return load(file)


def test_a_right_text_is_taken_as_it_is(folder: Path) -> None:
    text = '<voice name="lawyer">Hi</voice> <audio src="hold.wav">Hold.</audio> x < y <break/>'
    settings = agent(folder, f"  greeting: '{text}'\n")
    assert settings.dialog.greeting == text
    assert list(clip_names(settings.dialog)) == ["hold.wav"]
    assert read_all(settings.folder, ["hold.wav"])["hold.wav"] == (b"\1\1" * 8000, 8000)


@pytest.mark.parametrize(
    "dialog, line, what",
    [
        (
            "  greeting: Hi\n  filler: <wait/>One moment.",
            8,
            "filler: there is no tag <wait>",
        ),
        ("  silence:\n    - Hello?\n    - <break time='3'/>", 9, "dialog.silence.1: a break is"),
        ("  trouble:\n    late: <emphasis>Sorry", 8, "dialog.trouble.late: <emphasis> is not"),
        ("  greeting: <voice name='bob'>Hi</voice>", 7, "there is no manner 'bob'"),
        (
            "  topics:\n    - name: a\n      asks: [a]\n      says: b\n      from_now: bob",
            11,
            "dialog.topics.0.from_now: there is no manner 'bob'",
        ),
        (
            "  topics:\n    - name: a\n      asks: [a]\n      says: b\n      then: <p>{answer}",
            11,
            "",
        ),
        ("  greeting: <audio src='gone.wav'/>", 7, "cannot read"),
        ("  greeting: <audio src='HOLD.wav'/>", 7, "did you mean 'hold.wav'?"),
        ("  greeting: <audio src='hodl.wav'/>", 7, "did you mean 'hold.wav'?"),
        ("  greeting: <voice name='notise'>Hi</voice>", 7, "did you mean 'notice'?"),
        ("  greeting: <audio src='../hold.wav'/>", 7, "no name of a clip"),
        ("  greeting: <audio src='long.wav'/>", 7, "lasts 61 s"),
        ("  greeting: <audio src='bad.wav'/>", 7, "cannot use"),
        ("  greeting: <audio src='out.wav'/>", 7, "leads out of"),
    ],
)
def test_a_mistake_is_named_with_its_line(folder: Path, dialog: str, line: int, what: str) -> None:
    recording(folder / "clips" / "long.wav", 61.0)
    (folder / "clips" / "bad.wav").write_bytes(b"RIFF no WAVE")
    recording(folder.parent / f"{folder.name}.wav", 0.1)
    (folder / "clips" / "out.wav").symlink_to(folder.parent / f"{folder.name}.wav")
    if not what:
        agent(folder, dialog + "\n")  # p needs no end
        return
    with pytest.raises(ConfigError) as caught:
        agent(folder, dialog + "\n")
    assert caught.value.where == f"{folder / 'agent.yaml'}:{line}"
    assert what in str(caught.value)


@pytest.mark.parametrize(
    "manner, what",
    [
        ("la w: {speed: 0.9}", "'la w' cannot be a name"),
        ("law: {voice: [a, b]}", "a manner's voice cannot be ['a', 'b']: it is a name"),
        ("law: {voice: {local/piper: 3}}", "a manner's voice cannot be {'local/piper': 3}"),
    ],
)
def test_a_manner_that_is_none_is_explained(folder: Path, manner: str, what: str) -> None:
    file = folder / "agent.yaml"
    file.write_text(f"name: A\nllm: null\nmouth:\n  manners:\n    {manner}\ndialog: {{}}\n")
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert caught.value.where == f"{file}:5"
    assert caught.value.what.removeprefix("mouth.manners: ").startswith(what)
    assert "also wrong" not in caught.value.fix


def test_a_clip_is_read_once_however_often_it_is_played(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    usual = clips.read_audio
    monkeypatch.setattr(clips, "read_audio", lambda file: reads.append(file.name) or usual(file))
    recording(folder / "clips" / "two.wav", 1.0)
    agent(folder, "  greeting: <audio src='hold.wav'/><audio src='two.wav'/>\n"
                  "  farewell: <audio src='hold.wav'/><audio src='two.wav'/>\n")  # fmt: skip
    assert reads == ["hold.wav", "two.wav"]


def test_clips_have_a_bound_together(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording(folder / "clips" / "two.wav", 1.0)
    monkeypatch.setattr("antiphon.config.clips.MOST_BYTES", 20_000)
    with pytest.raises(ConfigError, match="larger than"):
        read_all(folder, ["hold.wav", "two.wav"])
    assert limits.MOST_BYTES == 32 << 20


def test_a_clip_is_a_wav_file(folder: Path) -> None:
    (folder / "clips" / "x.mp3").write_bytes(b"ID3")
    with pytest.raises(ConfigError, match="no name of a clip"):
        read(folder, "x.mp3")


def test_an_agent_out_of_a_log_is_taken_as_it_was(folder: Path) -> None:
    """It may be of a time when tags were text, and its clips are not there."""
    old = {"name": "A", "llm": None, "dialog": {"greeting": "<b>Hi <audio src='gone.wav'/>"}}
    assert AgentSettings.model_validate(old).dialog.greeting.startswith("<b>")
