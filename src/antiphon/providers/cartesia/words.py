"""From a vendor's word times, counted somewhere in its stream, to samples of a clause. Pure."""

from collections import deque

from antiphon.ports.tts import SpokenWord

__all__ = ["WordTimes"]


class WordTimes:
    """Of one piece of a clause. Words are told once their sound is there, and never reach past
    it."""

    def __init__(self, rate_hz: int, began: int, offset: int) -> None:
        """``began``: samples of the stream before the piece's first; ``offset``: of the clause."""
        self._rate_hz, self._began = rate_hz, began
        self._heard = self._end = offset
        """Samples of the clause so far."""
        self._offset = offset
        self._counted_from: int | None = None
        self._waiting: deque[SpokenWord] = deque()

    def sound(self, samples: int) -> tuple[SpokenWord, ...]:
        """More of the piece came; returns the words it completes."""
        self._heard += samples
        told = []
        while self._waiting and self._waiting[0].end <= self._heard:
            told.append(self._waiting.popleft())
        return tuple(told)

    def word(self, text: str, start_s: float, end_s: float) -> None:
        """The next word, in the vendor's seconds. Whether those count from the stream's beginning
        or from the piece's shows in the first: it lies near the beginning of the piece."""
        start, end = round(start_s * self._rate_hz), round(end_s * self._rate_hz)
        if self._counted_from is None:
            from_stream = 2 * start >= self._began
            self._counted_from = (self._began if from_stream else 0) - self._offset
        start = max(start - self._counted_from, self._end)
        self._end = max(end - self._counted_from, start)
        self._waiting.append(SpokenWord(text=text, start=start, end=self._end))

    def rest(self) -> tuple[SpokenWord, ...]:
        """The piece is over: the words that are left, cut to its sound."""
        told = tuple(
            SpokenWord(text=w.text, start=min(w.start, self._heard), end=min(w.end, self._heard))
            for w in self._waiting
        )
        self._waiting.clear()
        return told
