"""A loudspeaker beside a microphone, as numbers: for testing what keeps the agent from hearing
itself without a device or a recording."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["ROOM_DELAY_S", "echo", "speechlike"]

Floats = NDArray[np.float64]

ROOM_DELAY_S: Final = 0.06
"""From giving a sample to the loudspeaker until its echo is captured: two device buffers and a
metre of air."""
_DIRECT: Final = 0.3
_REVERBERATION: Final = 0.05
_LEVEL: Final = 0.1


def speechlike(seconds: float, rate_hz: int, seed: int) -> Floats:
    """Noise with the spectrum and the syllables of speech, at -20 dBFS."""
    samples = round(seconds * rate_hz)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(samples))
    hz = np.fft.rfftfreq(samples, 1 / rate_hz)
    sound: Floats = np.fft.irfft(spectrum * (hz > 100) / (1 + (hz / 600) ** 2), samples)
    t = np.arange(samples) / rate_hz
    sound *= np.clip(np.sin(2 * np.pi * 2.3 * t + seed) + 0.6 * np.sin(4.4 * t), 0, None)
    loudness = float(np.sqrt(np.square(sound).mean()))
    return _LEVEL / loudness * sound


def echo(played: Floats, rate_hz: int) -> Floats:
    """What of a loudspeaker reaches the microphone: later, softer, and through the room."""
    taps = rate_hz // 10
    random = np.random.default_rng(4)
    dying = np.exp(-np.arange(taps) / (rate_hz / 64))
    response = _REVERBERATION * random.standard_normal(taps) * dying
    response[0] = _DIRECT
    late = np.concatenate([np.zeros(round(ROOM_DELAY_S * rate_hz)), played])[: len(played)]
    return np.convolve(late, response)[: len(played)]
