"""How loud a call is, once a second. Must not live here: any judgement about it."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from antiphon.audio.frame import int16
from antiphon.audio.levels import QUIETEST_DBFS, peak_dbfs, rms_dbfs

__all__ = ["Level", "Meter"]

_FULL: Final = 32_760
"""Samples from here on are counted as clipped; mu-law's largest value lies below, at 32 124."""


@dataclass(frozen=True, slots=True)
class Level:
    """One second of audio."""

    peak_dbfs: float = QUIETEST_DBFS
    rms_dbfs: float = QUIETEST_DBFS
    clipped: int = 0
    """Samples at full scale."""


class Meter:
    """Measures whole seconds, not frames: the arithmetic then costs next to nothing."""

    def __init__(self, rate_hz: int) -> None:
        self.last = Level()
        """The newest whole second."""
        self.clipped = 0
        """Samples at full scale since the call's first."""
        self._second = bytearray()
        self._second_bytes = 2 * rate_hz

    def add(self, pcm: bytes) -> None:
        """More PCM16, in order."""
        self._second += pcm
        if len(self._second) >= self._second_bytes:
            self._measure(bytes(self._second))
            self._second.clear()

    def _measure(self, pcm: bytes) -> None:
        samples = int16(pcm)
        clipped = int((np.abs(samples.astype(np.int32)) >= _FULL).sum())
        self.clipped += clipped
        self.last = Level(peak_dbfs(samples), rms_dbfs(samples), clipped)
