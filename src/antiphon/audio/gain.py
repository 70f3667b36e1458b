"""Making the agent's voice louder or softer without a click.

Ramps follow half a cosine in amplitude: no corner at either end, and silence can be reached.
Which gain, and when, is decided elsewhere; how loud a voice is is measured in levels.py.
"""

import math
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.frame import int16, pcm16
from antiphon.audio.levels import amplitude, loudness_dbfs, peak_dbfs
from antiphon.audio.resample import from_float, to_float

__all__ = [
    "CEILING_DBFS",
    "KNEE_DBFS",
    "MUTE_DB",
    "Gain",
    "fade_in",
    "fade_out",
    "normalise_gain_db",
    "soft_limit",
]

MUTE_DB: Final = -math.inf
CEILING_DBFS: Final = -1.0
"""No limited sample is louder. Room for what a resampler or a lossy codec adds afterwards."""
KNEE_DBFS: Final = -6.0
"""Below it the limiter changes nothing. Speech at -20 dBFS crosses it only in its peaks."""
MAX_GAIN_DB: Final = 40.0
"""More than this is a mistake in a setting, not a quiet voice."""
SPEECH_PEAK_DBFS: Final = -50.0
"""A recording whose loudest sample is below this holds no voice to go by."""
LIMITED_DB: Final = 6.0
"""The most a peak may be bent before the limiter is heard."""

_FULLY_LIMITED: Final = np.float32(amplitude(1.0) - 1.0)

Floats = NDArray[np.float32]


class Gain:
    """The gain of one voice in one call, exact to the sample however the audio is cut.

    Call set() to start a ramp at the next sample, also in the middle of another ramp; apply()
    to every chunk in order. Above unity the soft limiter comes in, fully from +1 dB on.
    """

    def __init__(self, rate_hz: int, start_db: float = 0.0) -> None:
        self._rate_hz = rate_hz
        self._factor = _factor(start_db)
        self._ramp: Floats | None = None
        self._at = 0

    @property
    def factor(self) -> float:
        """Amplitude factor of the sample last applied."""
        if self._ramp is None or not self._at:
            return self._factor
        return float(self._ramp[self._at - 1])

    @property
    def settled(self) -> bool:
        """Whether no ramp is under way."""
        return self._ramp is None

    def set(self, target_db: float, ramp_s: float = 0.02) -> None:
        """Go to ``target_db`` within ``ramp_s``; MUTE_DB is silence.

        Raises ValueError for a target above MAX_GAIN_DB or not a number.
        """
        start, target = self.factor, _factor(target_db)
        samples = max(1, round(ramp_s * self._rate_hz))
        curve = _curve(samples)
        self._factor = start
        self._at = 0
        if start == target:
            self._ramp = None
            return
        self._ramp = (start + (target - start) * curve).astype(np.float32)
        # The end exactly, so that unit gain is found again by comparison.
        self._ramp[-1] = target

    def apply(self, pcm: bytes) -> bytes:
        """The chunk at this gain; at unit gain, the very same object."""
        if self._ramp is None:
            if self._factor == 1.0:
                return pcm
            return _scaled(pcm, np.float32(self._factor))
        samples = len(pcm) >> 1
        ramp = self._ramp[self._at : self._at + samples]
        self._at += len(ramp)
        if self._at == len(self._ramp):
            self._factor, self._ramp, self._at = float(self._ramp[-1]), None, 0
        if len(ramp) < samples:
            ramp = np.concatenate(
                [ramp, np.full(samples - len(ramp), self._factor, dtype=np.float32)]
            )
        return _scaled(pcm, ramp)


def fade_in(pcm: bytes, rate_hz: int, ramp_s: float = 0.005) -> bytes:
    """The same audio, starting from silence: for a voice that resumes within a word."""
    gain = Gain(rate_hz, MUTE_DB)
    gain.set(0.0, ramp_s)
    return gain.apply(pcm)


def fade_out(pcm: bytes, rate_hz: int, ramp_s: float = 0.005) -> bytes:
    """The same audio, ending in silence: for a voice that is cut within a word."""
    samples = min(round(ramp_s * rate_hz), len(pcm) >> 1)
    cut = len(pcm) - 2 * samples
    gain = Gain(rate_hz)
    gain.set(MUTE_DB, samples / rate_hz)
    return pcm[:cut] + gain.apply(pcm[cut:])


def soft_limit(samples: Floats) -> Floats:
    """Bend what is above KNEE_DBFS so that nothing exceeds CEILING_DBFS. No memory, no delay."""
    knee = np.float32(amplitude(KNEE_DBFS))
    room = np.float32(amplitude(CEILING_DBFS)) - knee
    size = np.abs(samples)
    if size.max(initial=0) <= knee:
        return samples
    bent = knee + room * np.tanh((size - knee) / room)
    return np.where(size > knee, np.copysign(bent, samples), samples)


def normalise_gain_db(
    pcm: bytes, rate_hz: int, target_dbfs: float = -20.0, max_boost_db: float = 12.0
) -> float:
    """The gain that brings a voice to ``target_dbfs``, from a recording of it; 0 if it is silent.

    Never a boost above ``max_boost_db``, nor one that lifts the loudest peak more than LIMITED_DB
    over the ceiling, where the limiter would be heard.
    """
    samples = int16(pcm)
    peak = peak_dbfs(samples)
    if peak < SPEECH_PEAK_DBFS:
        return 0.0
    wanted = target_dbfs - loudness_dbfs(samples, rate_hz)
    return min(wanted, max_boost_db, max(0.0, CEILING_DBFS + LIMITED_DB - peak))


def _factor(db: float) -> float:
    if not db <= MAX_GAIN_DB:
        raise ValueError(f"a gain of {db} dB is more than {MAX_GAIN_DB:g} dB or not a number")
    return amplitude(db)


@lru_cache(maxsize=32)
def _curve(samples: int) -> NDArray[np.float64]:
    """Half a cosine from just above 0 to 1."""
    return (1 - np.cos(np.pi * np.arange(1, samples + 1) / samples)) / 2


def _scaled(pcm: bytes, factor: Floats | np.float32) -> bytes:
    loudest = float(np.max(factor, initial=0.0))
    if loudest <= 1.0:
        return pcm16(np.rint(int16(pcm) * factor))
    samples = to_float(pcm) * factor
    # Limiter and plain clipping are blended by the gain itself, so that crossing unity,
    # where nothing may be changed, is as smooth as the ramp.
    share = np.clip((factor - np.float32(1.0)) / _FULLY_LIMITED, np.float32(0), np.float32(1))
    return from_float(samples + share * (soft_limit(samples) - samples))
