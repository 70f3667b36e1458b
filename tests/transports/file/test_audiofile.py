import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from antiphon.audio.frame import int16
from antiphon.errors import ConfigError, Missing
from antiphon.transports.file.audiofile import SUPPORTED, read_audio


def tone(rate_hz: int, seconds: float = 0.5, channels: int = 1) -> np.ndarray:
    t = np.arange(round(rate_hz * seconds)) / rate_hz
    mono = 0.25 * np.sin(2 * np.pi * 440 * t)
    return mono if channels == 1 else np.stack([mono] * channels, axis=1)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_recordings_keep_their_rate_and_become_mono(
    tmp_path: Path, rate_hz: int, channels: int
) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(rate_hz, channels=channels), rate_hz)
    recording = read_audio(path)
    assert recording.rate_hz == rate_hz
    expected = np.rint(tone(rate_hz) * 32768)
    assert np.abs(int16(recording.pcm) - expected).max() <= 1


@pytest.mark.parametrize(
    "subtype, error",
    [
        ("PCM_U8", 300),
        ("PCM_24", 1),
        ("PCM_32", 1),
        ("FLOAT", 1),
        ("DOUBLE", 1),
        ("ULAW", 300),
        ("ALAW", 300),
    ],
)
def test_every_kind_of_wav_is_read(tmp_path: Path, subtype: str, error: int) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(8_000, channels=2), 8_000, subtype=subtype)
    read = int16(read_audio(path).pcm)
    assert np.abs(read - np.rint(tone(8_000) * 32768)).max() <= error


def test_the_extensible_header_and_odd_chunks_are_understood(tmp_path: Path) -> None:
    pcm = (tone(16_000) * 32767).astype("<i2").tobytes()
    form = struct.pack("<HHIIHH", 0xFFFE, 1, 16_000, 32_000, 2, 16)
    form += struct.pack("<HHI", 22, 16, 4) + struct.pack("<H", 1) + bytes(14)
    chunks = b"".join(
        name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
        for name, body in ((b"LIST", b"odd"), (b"fmt ", form), (b"data", pcm))
    )
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    assert read_audio(path).pcm == pcm


def test_a_torn_file_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(8_000), 8_000)
    path.write_bytes(path.read_bytes()[: 44 + 1001])
    assert len(read_audio(path).pcm) == 1000


@pytest.mark.parametrize("ending", ["flac", "ogg"])
def test_flac_and_ogg_are_read_where_soundfile_is_installed(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    soundfile.write(path, tone(48_000, channels=2), 48_000)
    recording = read_audio(path)
    assert recording.rate_hz == 48_000
    assert len(recording.pcm) == 48_000
    assert 4_000 < np.abs(int16(recording.pcm)).max() < 10_000


def test_without_soundfile_the_fix_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, tone(8_000), 8_000)
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(Missing, match="pip install soundfile"):
        read_audio(path)


@pytest.mark.parametrize(
    "rate_hz, call_hz",
    [
        (8_000, 8_000),
        (11_025, 8_000),
        (16_000, 16_000),
        (22_050, 16_000),
        (24_000, 24_000),
        (44_100, 16_000),
        (48_000, 48_000),
        (96_000, 16_000),
    ],
)
def test_a_call_runs_at_the_recordings_rate_where_a_call_may(
    tmp_path: Path, rate_hz: int, call_hz: int
) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(rate_hz), rate_hz)
    recording = read_audio(path)
    assert recording.call_rate_hz == call_hz
    samples = int16(recording.at(call_hz))
    assert len(samples) == pytest.approx(0.5 * call_hz, abs=2)
    assert np.abs(np.fft.rfft(samples)).argmax() * 2 == pytest.approx(440, abs=2)


def header(kind: int, channels: int, rate_hz: int, bits: int) -> bytes:
    group = channels * bits // 8
    form = struct.pack("<HHIIHH", kind, channels, rate_hz, rate_hz * group, group, bits)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", 64) + bytes(64)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "data, why",
    [
        (b"", "not an audio file"),
        (b"ID3\x04 an mp3", "not an audio file"),
        (b"RIFF\0\0\0\0WAVE", "header is damaged"),
        (b"RIFF\0\0\0\0WAVEfmt \x04\0\0\0\1\0\1\0", "header is damaged"),
        (header(1, 1, 8_000, 16)[:36], "no audio chunk"),
        (header(1, 1, 8_000, 16)[:44], "no audio in it"),
        (header(1, 0, 8_000, 16), "0 channels"),
        (header(1, 40, 8_000, 16), "40 channels"),
        (header(1, 1, 100, 16), "100 Hz"),
        (header(1, 1, 4_000_000, 16), "4000000 Hz"),
        (header(2, 1, 8_000, 16), "format 2 with 16 bits"),
        (header(1, 2, 8_000, 16)[:32] + b"\7\0" + header(1, 2, 8_000, 16)[34:], "contradicts"),
        (b"fLaC but not really", "a.wav"),
    ],
)
def test_what_cannot_be_used_is_named_with_what_can(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        read_audio(path)
    assert str(path) in str(caught.value)
    assert why in str(caught.value)
    assert SUPPORTED in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.wav: No such file"):
        read_audio(tmp_path / "gone.wav")
