"""Recordings that an agent plays within its replies, in memory.

They are brought to the voice's loudness and to the rate of the calls that play them. Must not live
here: files and where they lie (`antiphon.config.clips`).
"""

from collections.abc import Mapping
from typing import Final

from antiphon.audio.gain import Gain, normalise_gain_db
from antiphon.audio.resample import resample

__all__ = ["LONGEST_S", "MOST_BYTES", "Clips"]

LONGEST_S: Final = 60.0
"""Of one clip."""
MOST_BYTES: Final = 32 << 20
"""Of all clips of an agent, as they are read; as much again for each rate that calls have."""


class Clips:
    """One agent's. Making one ready for a rate takes a while: see `prepare`."""

    def __init__(self, recordings: Mapping[str, tuple[bytes, int]], loudness_dbfs: float) -> None:
        """By name: PCM16 mono and its rate."""
        self._recordings = {
            name: (_levelled(pcm, rate_hz, loudness_dbfs), rate_hz)
            for name, (pcm, rate_hz) in recordings.items()
        }
        self._ready: dict[tuple[str, int], bytes] = {}

    def ready(self, rate_hz: int) -> bool:
        """Whether `prepare` has nothing to do."""
        return all((name, rate_hz) in self._ready for name in self._recordings)

    def prepare(self, rate_hz: int) -> None:
        """Make all of them ready for calls at this rate."""
        for name in self._recordings:
            self.at(name, rate_hz)

    def at(self, name: str, rate_hz: int) -> bytes | None:
        """A clip's audio; None where there is none of the name."""
        found = self._recordings.get(name)
        if found is None:
            return None
        key = (name, rate_hz)
        if key not in self._ready:
            self._ready[key] = resample(*found, rate_hz)
        return self._ready[key]


def _levelled(pcm: bytes, rate_hz: int, loudness_dbfs: float) -> bytes:
    return Gain(rate_hz, normalise_gain_db(pcm, rate_hz, loudness_dbfs)).apply(pcm)
