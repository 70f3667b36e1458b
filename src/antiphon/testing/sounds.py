"""Noises a caller makes without words, by formula, for scripts that ask for them.

They stand in for the real thing in tests; what agents make of recorded noises is measured on
recordings. The same seed gives the same noise.
"""

import math
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
    """A closed-mouth "mm-hmm": a voice through the nose, a little breath, and again, higher.

    With these figures, and 0.6 s, the embedded recogniser writes "Uh-huh", "Mm-hmm" or "Okay"
    (twelve seeds of twelve). Spelled out, the embedded voice reads "Mhm" letter by letter.
    """
    pitch_hz = random.uniform(120, 155)
    first = _nasal(0.42 * seconds, pitch_hz, rate_hz)
    second = _nasal(0.46 * seconds, 1.25 * pitch_hz, rate_hz)
    samples = max(8, round(seconds * rate_hz) - len(first) - len(second))
    spectrum = np.fft.rfft(random.standard_normal(samples))
    hz = np.fft.rfftfreq(samples, 1 / rate_hz)
    breath = np.fft.irfft(spectrum / (1 + ((hz - 1200) / 600) ** 2), samples)
    breath *= 0.25 * np.abs(first).max() / np.abs(breath).max()
    return np.concatenate([0.9 * first, breath, second])


def _nasal(seconds: float, pitch_hz: float, rate_hz: int) -> Floats:
    samples = max(8, round(seconds * rate_hz))
    progress = np.arange(samples) / samples
    falling_hz = pitch_hz * (1 - 0.1 * progress)
    phase = 2 * np.pi * np.cumsum(falling_hz) / rate_hz
    sound: Floats = np.zeros(samples)
    for harmonic in range(1, 1 + min(24, int(rate_hz / 2 / pitch_hz))):
        hz = harmonic * float(falling_hz.mean())
        # Peaks of a nasal murmur: (frequency, width, height).
        peaks = ((250, 120, 1.0), (1100, 200, 0.12), (2300, 300, 0.06))
        loud = 0.01 + sum(height / (1 + ((hz - at) / wide) ** 2) for at, wide, height in peaks)
        sound += loud / math.sqrt(harmonic) * np.sin(harmonic * phase)
    return sound * np.minimum(1.0, np.minimum(progress, 1 - progress) / 0.18)


def _envelope(samples: int, rate_hz: int) -> Floats:
    at = np.arange(samples)
    return np.minimum(1.0, np.minimum(at, samples - 1 - at) / (_FADE_S * rate_hz))
