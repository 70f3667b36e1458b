"""Audio time and the call's clock, told into each other. Pure.

The log's ``t`` is the call's clock; the recording and every ``*_at_s`` field count seconds of
caller audio. `AudioAdvanced` says both at once, and only ever too late: audio is there before
anyone gets to say so. So of the pairs near a moment, the one with the least delay is believed.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Final

from antiphon.events import AudioAdvanced
from antiphon.observe.logreader import Line, Told

__all__ = ["AudioClock"]

_NEAR_S: Final = 5.0
"""Long enough to hold one punctual frame, short enough that two clocks 100 ppm apart (common
for sound cards) differ by no more than 1 ms within it."""


class AudioClock:
    """Where the caller's audio was at any moment of one call."""

    def __init__(self, lines: Iterable[Line]) -> None:
        told = [
            (line.t, line.t - line.event.until_s)
            for line in lines
            if isinstance(line, Told) and isinstance(line.event, AudioAdvanced)
        ]
        told.sort()
        self._t = [t for t, _ in told]
        self._late = [late for _, late in told]

    def told(self, audio_s: float) -> float:
        """When on the call's clock the sample at ``audio_s`` was there."""
        return audio_s + self._offset(audio_s + self._offset(audio_s))

    def heard(self, t: float) -> float:
        """How far the caller's audio was at ``t``: where ``t`` lies in the recording."""
        return t - self._offset(t)

    def _offset(self, t: float) -> float:
        if not self._t:
            return 0.0
        first, last = bisect_left(self._t, t - _NEAR_S), bisect_right(self._t, t + _NEAR_S)
        if first == last:  # nothing near: whichever neighbour there is
            first, last = max(0, first - 1), min(len(self._t), last + 1)
        return min(self._late[first:last])
