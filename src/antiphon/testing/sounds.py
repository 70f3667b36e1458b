"""Noises a caller makes without words, by formula, for scripts that ask for them.

They stand in for the real thing in tests; what agents make of recorded noises is measured on
recordings. The same seed gives the same noise.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from antiphon.testing.script import SoundKind

__all__ = ["make"]

Floats = NDArray[np.float64]

_FADE_S: Final = 0.003
_PEAK: Final = 0.5


def make(kind: SoundKind, seconds: float, rate_hz: int, seed: int) -> NDArray[np.float32]:
    """The noise, at a peak of half of full scale."""
    random = np.random.default_rng(seed)
    match kind:
        case "cough":
            sound = _cough(seconds, rate_hz, random)
        case "hum":
            sound = _hum(seconds, rate_hz, random)
        case "noise":
            sound = _burst(seconds, 1e9, (200, 3800), rate_hz, random)
        case "slam":
            sound = _burst(seconds, 0.06, (30, 900), rate_hz, random)
    faded = sound * _envelope(len(sound), rate_hz)
    scaled: NDArray[np.float32] = (_PEAK * faded / np.abs(faded).max()).astype(np.float32)
    return scaled


def _burst(
    seconds: float,
    decay_s: float,
    band_hz: tuple[float, float],
    rate_hz: int,
    random: np.random.Generator,
) -> Floats:
    """Noise in a band that dies away."""
    samples = max(8, round(seconds * rate_hz))
    spectrum = np.fft.rfft(random.standard_normal(samples))
    hz = np.fft.rfftfreq(samples, 1 / rate_hz)
    spectrum[(hz < band_hz[0]) | (hz > band_hz[1])] = 0
    dying: Floats = np.exp(-np.arange(samples) / rate_hz / decay_s)
    return np.fft.irfft(spectrum, samples) * dying


def _cough(seconds: float, rate_hz: int, random: np.random.Generator) -> Floats:
    """Two strokes of breath, the first with some voice in it, a short gap between them."""
    stroke_s = 0.42 * seconds
    first, second = (
        _burst(stroke_s, 0.25 * stroke_s, (300, 3800), rate_hz, random) for _ in range(2)
    )
    voiced = _hum(stroke_s, rate_hz, random)
    first += 0.3 * voiced * np.abs(first).max() / np.abs(voiced).max()
    gap = np.zeros(max(0, round(seconds * rate_hz) - len(first) - len(second)))
    return np.concatenate([first, gap, 0.8 * second])


def _hum(seconds: float, rate_hz: int, random: np.random.Generator) -> Floats:
    """A closed-mouth "mm-hmm": two syllables of a voice through the nose, the second higher."""
    samples = max(8, round(seconds * rate_hz))
    progress = np.arange(samples) / samples
    pitch_hz = random.uniform(100, 180) * (1 + 0.25 * (progress > 0.5))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / rate_hz
    sound: Floats = np.zeros(samples)
    for harmonic in range(1, 12):
        hz = harmonic * float(pitch_hz.mean())
        if hz < rate_hz / 2:
            nose = 1 / (1 + (hz / 300) ** 2) + 0.05 * np.exp(-(((hz - 1100) / 300) ** 2))
            sound += nose * np.sin(harmonic * phase)
    syllables: Floats = np.abs(np.sin(2 * np.pi * progress))
    return sound * syllables


def _envelope(samples: int, rate_hz: int) -> Floats:
    at = np.arange(samples)
    return np.minimum(1.0, np.minimum(at, samples - 1 - at) / (_FADE_S * rate_hz))
