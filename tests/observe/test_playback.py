"""A recording read back."""

import wave
from pathlib import Path

import pytest

from antiphon.errors import ConfigError
from antiphon.observe.playback import load
from antiphon.observe.recording import Recorder


def test_both_sides_come_back(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "call.wav", 16_000, print)
    recorder.caller(b"\x01\x00" * 1600, 0)
    recorder.agent(b"\x02\x00" * 800, 800)
    recorder.close()
    recording = load(recorder.path)
    assert (recording.rate_hz, recording.seconds) == (16_000, 0.1)
    assert set(recording.caller) == {1}
    assert set(recording.agent[800:]) == {2}


def test_what_is_no_recording_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(b"RIFFnonsense")
    with pytest.raises(ConfigError, match="cannot read the recording"):
        load(path)
    with pytest.raises(ConfigError, match="cannot read the recording"):
        load(tmp_path / "none.wav")


def test_one_channel_is_not_two(tmp_path: Path) -> None:
    path = tmp_path / "mono.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 10)
    with pytest.raises(ConfigError, match="1 channels of 16 bits"):
        load(path)
