"""What stands between a mouth and the engine: files, telephone band, level and noise."""

from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

Floats = NDArray[np.float32]
RATE_HZ = 16_000
RANDOM = np.random.default_rng(7)


def load(path: Path) -> Floats:
    audio, rate_hz = soundfile.read(path, dtype="float32")
    if rate_hz != RATE_HZ:
        raise ValueError(f"{path} is {rate_hz} Hz; corpus.py writes {RATE_HZ}")
    return np.asarray(audio, dtype=np.float32)


def band(audio: Floats, rate_hz: int, low_hz: float, high_hz: float) -> Floats:
    if not len(audio):
        return audio
    spectrum = np.fft.rfft(audio)
    hz = np.fft.rfftfreq(len(audio), 1 / rate_hz)
    spectrum[(hz < low_hz) | (hz > high_hz)] = 0
    return np.fft.irfft(spectrum, len(audio)).astype(np.float32)


def mulaw(audio: Floats) -> Floats:
    """There and back through 8-bit mu-law, by its formula."""
    squeezed = np.sign(audio) * np.log1p(255 * np.abs(audio).clip(0, 1)) / np.log(256)
    steps = np.round(squeezed * 127) / 127
    return (np.sign(steps) * np.expm1(np.abs(steps) * np.log(256)) / 255).astype(np.float32)


def narrow(audio: Floats) -> Floats:
    """The 8 kHz signal that a telephone delivers."""
    slow = np.asarray(soxr.resample(audio, RATE_HZ, 8_000, quality="HQ"), dtype=np.float32)
    return mulaw(band(slow, 8_000, 300, 3400))


def phone(audio: Floats) -> Floats:
    """The same, back at 16 kHz."""
    return np.asarray(soxr.resample(narrow(audio), 8_000, RATE_HZ, quality="HQ"), dtype=np.float32)


def pcm16(audio: Floats) -> bytes:
    return (audio * 32767).clip(-32768, 32767).astype("<i2").tobytes()
