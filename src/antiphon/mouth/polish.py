"""From what a voice engine makes to what the caller should hear, before any ducking.

One clause at a time: the engine's rate becomes the transport's, the voice is brought to one
loudness, and the silence engines put around a clause goes, so that the pauses between clauses
are ours. Pure arithmetic; which clause, when and whether to cache is decided in voicing.py.
"""

from typing import Final

import numpy as np

from antiphon.audio.frame import int16
from antiphon.audio.gain import Gain, normalise_gain_db
from antiphon.audio.resample import Resampler

__all__ = ["Loudness", "Polish"]

QUIET: Final = 104
"""-50 dBFS: below it, at the edges of a clause, nobody misses a sound."""
LEAD_S: Final = 0.02
"""Kept before the first sound, so that a soft consonant is not cut."""
TAIL_S: Final = 0.04
"""Kept after the last sound, for the same reason: voices fade."""
ENOUGH_S: Final = 4.0
"""A voice measured over this much speech is known."""
FIRST_S: Final = 0.3
"""Less than this says nothing about how loud a voice is."""
SETTLE_S: Final = 0.2
"""How slowly a corrected loudness comes in, so that no one hears it happen."""


class Loudness:
    """What gain brings this voice to the level we speak at, learned from its first seconds."""

    def __init__(self, target_dbfs: float) -> None:
        self.gain_db = 0.0
        self._target_dbfs = target_dbfs
        self._seconds = 0.0

    def known(self, gain_db: float) -> None:
        """Take over what was learned of the same voice before, unless something was heard."""
        if not self._seconds:
            self.gain_db = gain_db

    def observe(self, pcm: bytes, rate_hz: int) -> None:
        """Learn from a piece of the voice, before any gain. Cheap once the voice is known."""
        seconds = len(pcm) / 2 / rate_hz
        if self._seconds >= ENOUGH_S or seconds < FIRST_S:
            return
        gain_db = normalise_gain_db(pcm, rate_hz, self._target_dbfs)
        total = self._seconds + seconds
        self.gain_db += (gain_db - self.gain_db) * seconds / total
        self._seconds = total


class Polish:
    """Makes one clause fit to be heard. Feed it every piece in order, then finish it."""

    def __init__(self, from_hz: int, to_hz: int, loudness: Loudness) -> None:
        self.cut_samples = 0
        """Dropped from the front, at the new rate: engine times lie this much too late."""
        self._resampler = Resampler(from_hz, to_hz)
        self._rate_hz = to_hz
        self._loudness = loudness
        self._gain = Gain(to_hz, loudness.gain_db)
        self._gain_db = loudness.gain_db
        self._begun = False
        self._held = b""
        self._raw = bytearray()

    def feed(self, pcm: bytes) -> bytes:
        """What can be heard of it; silence is held back until a sound follows."""
        return self._trim(self._level(self._resampler.feed(pcm)))

    def finish(self) -> bytes:
        """The end of the clause, without the silence after it."""
        rest = self._trim(self._level(self._resampler.flush()))
        self._loudness.observe(bytes(self._raw), self._rate_hz)
        return rest

    def _level(self, pcm: bytes) -> bytes:
        if not self._raw:
            # So that even the first clause of an unknown voice begins at about its level.
            self._loudness.observe(pcm, self._rate_hz)
            self._gain_db = self._loudness.gain_db
            self._gain = Gain(self._rate_hz, self._gain_db)
        self._raw += pcm
        if self._gain_db != self._loudness.gain_db:
            self._gain_db = self._loudness.gain_db
            self._gain.set(self._gain_db, SETTLE_S)
        return self._gain.apply(pcm)

    def _trim(self, pcm: bytes) -> bytes:
        pcm = self._held + pcm
        loud = np.flatnonzero(np.abs(int16(pcm).astype(np.int32)) > QUIET)
        lead, tail = round(LEAD_S * self._rate_hz), round(TAIL_S * self._rate_hz)
        start = 0
        if not self._begun:
            first = int(loud[0]) if len(loud) else len(pcm) // 2
            start = max(0, first - lead)
            self.cut_samples += start
            self._begun = bool(len(loud))
        end = start
        if len(loud):
            end = min(len(pcm) // 2, int(loud[-1]) + 1 + tail)
        self._held = pcm[2 * end :]
        return pcm[2 * start : 2 * end]
