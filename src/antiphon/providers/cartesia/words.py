"""From a vendor's word times, counted somewhere in its stream, to samples of a clause. Pure."""

from collections import deque

from antiphon.ports.tts import SpokenWord

__all__ = ["WordTimes"]


class WordTimes:
    """Of one clause. Words are told once their sound is there, and never reach past it."""

    def __init__(self, rate_hz: int, began: int) -> None:
        """``began``: samples of the stream before the clause's first."""
        self._rate_hz, self._began = rate_hz, began
        self._heard = 0
        """Samples of the clause so far."""
        self._counted_from: int | None = None
        self._waiting: deque[SpokenWord] = deque()
        self._end = 0

    def sound(self, samples: int) -> tuple[SpokenWord, ...]:
        """More of the clause came; returns the words it completes."""
        self._heard += samples
        told = []
        while self._waiting and self._waiting[0].end <= self._heard:
            told.append(self._waiting.popleft())
        return tuple(told)

    def word(self, text: str, start_s: float, end_s: float) -> None:
        """The next word, in the vendor's seconds. Whether those count from the stream's beginning
        or from the clause's shows in the first: it lies at the beginning of the clause."""
        start, end = round(start_s * self._rate_hz), round(end_s * self._rate_hz)
        if self._counted_from is None:
            self._counted_from = self._began if 2 * start >= self._began else 0
        start = max(start - self._counted_from, self._end)
        self._end = max(end - self._counted_from, start)
        self._waiting.append(SpokenWord(text=text, start=start, end=self._end))

    def rest(self) -> tuple[SpokenWord, ...]:
        """The clause is over: the words that are left, cut to its sound."""
        told = tuple(
            SpokenWord(text=w.text, start=min(w.start, self._heard), end=min(w.end, self._heard))
            for w in self._waiting
        )
        self._waiting.clear()
        return told
