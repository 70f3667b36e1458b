"""From an agent file's words to a sound, and what is wrong with those that lead to none."""

from pathlib import Path

import numpy as np
import pytest

from antiphon.audio.levels import rms_dbfs
from antiphon.audio.resample import from_float
from antiphon.config import agent
from antiphon.errors import ConfigError
from antiphon.mouth.ambient import Ambience
from antiphon.net.wav import to_wav
from antiphon.wiring.ambience import ambience


def desk(folder: Path, ambient: str) -> Path:
    text = f"name: A\nmouth:\n  ambient:\n    {ambient}\ndialog: {{greeting: Hello}}\n"
    (folder / "agent.yaml").write_text(text)
    return folder


def opened(folder: Path) -> Ambience | None:
    return ambience(agent.load(folder), agent.where(folder))


def mistake(folder: Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        opened(folder)
    return caught.value


def hiss(seconds: float, rate_hz: int = 16_000, level: float = 0.05) -> bytes:
    noise = np.random.default_rng(3).standard_normal(round(seconds * rate_hz))
    return to_wav(from_float(level * noise), rate_hz)


def test_without_it_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "agent.yaml").write_text("name: A\ndialog: {greeting: Hello}\n")
    assert opened(tmp_path) is None


def test_a_room_needs_no_file(tmp_path: Path) -> None:
    found = opened(desk(tmp_path, "{level_dbfs: -60}"))
    assert found is not None
    assert rms_dbfs(found.loop(8_000)) == pytest.approx(-60, abs=0.2)


def test_a_file_is_read_from_beside_the_agent_file_and_below(tmp_path: Path) -> None:
    (tmp_path / "ambience").mkdir()
    (tmp_path / "ambience/office.wav").write_bytes(hiss(3))
    found = opened(desk(tmp_path, "sound: ambience/office.wav"))
    assert found is not None
    loop = found.loop(8_000)
    assert 2.4 < len(loop) / 8_000 <= 3
    assert rms_dbfs(loop) == pytest.approx(-56, abs=0.3)


@pytest.mark.parametrize("sound", ["../office.wav", "/etc/hosts", "a/../../b.wav", r"c:\\a.wav"])
def test_a_path_out_of_the_folder_is_no_setting(tmp_path: Path, sound: str) -> None:
    error = mistake(desk(tmp_path, f"sound: '{sound}'"))
    assert error.where == f"{tmp_path}/agent.yaml:4"
    assert "beside the agent file or in a folder below it" in error.what


def test_neither_is_a_link_that_leads_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "secret.wav").write_bytes(hiss(3))
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "office.wav").symlink_to(tmp_path / "secret.wav")
    error = mistake(desk(folder, "sound: office.wav"))
    assert "leads out of the agent's folder" in error.what
    assert error.where.endswith("agent.yaml:4")


@pytest.mark.parametrize(
    "data, what",
    [
        (None, "No such file"),
        (b"hello", "not an audio file"),
        (hiss(0.5), "0.50 s long"),
        (hiss(2, level=0.0), "is silent"),
        (hiss(2)[:44], "there is no audio in it"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_line(
    tmp_path: Path, data: bytes | None, what: str
) -> None:
    if data is not None:
        (tmp_path / "office.wav").write_bytes(data)
    error = mistake(desk(tmp_path, "sound: office.wav"))
    assert what in error.what
    assert error.what.startswith("mouth.ambient.sound: ")
    assert "office.wav" in error.what
    assert error.where == f"{tmp_path}/agent.yaml:4"
    assert error.fix


def test_a_file_far_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "office.wav").open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    assert "larger than 64 MB" in mistake(desk(tmp_path, "sound: office.wav")).what


@pytest.mark.parametrize("level", ["-45", "-71", "loud"])
def test_levels_that_would_be_taken_for_a_voice_or_for_silence(tmp_path: Path, level: str) -> None:
    error = mistake(desk(tmp_path, f"level_dbfs: {level}"))
    assert error.where == f"{tmp_path}/agent.yaml:4"
    assert error.fix == "it may be a number from -70 to -53"


def test_the_log_of_a_call_says_the_sound_and_not_where_it_lies(tmp_path: Path) -> None:
    settings = agent.load(desk(tmp_path, "sound: office.wav"))
    assert settings.folder == tmp_path
    assert str(tmp_path) not in settings.model_dump_json()
    again = agent.AgentSettings.model_validate(settings.model_dump(mode="json"))
    assert again.mouth.ambient == settings.mouth.ambient
