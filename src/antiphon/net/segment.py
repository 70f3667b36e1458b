"""A stretch of the caller's speech that is read as one, and the audio it is cut from.

Pure bookkeeping in samples of the call's own rate. Must not live here: when to read
(`utterances`), engines, asyncio.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from antiphon.audio.words import estimate_words
from antiphon.events import Word

__all__ = ["Reading", "Segment", "SegmentAudio", "reading_from"]

_MOST_S: Final = 40.0
"""Of audio kept, whatever happens; the oldest goes first."""
_QUIET_WINDOW_S: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an engine made of a segment up to a sample."""

    until: int
    text: str
    confidence: float = 1.0
    words: tuple[tuple[str, float, float, float], ...] = ()
    """Text, start and end in seconds of the audio read, confidence; empty where unknown."""
    language: str = ""
    """Heard in it; empty where unknown."""


def reading_from(fields: Mapping[str, Any], until: int) -> Reading:
    """The engine's answer: ``text``, and where it knows them ``confidence``, ``words`` and
    ``language``."""
    words = tuple((str(w[0]), float(w[1]), float(w[2]), float(w[3])) for w in fields["words"])
    text, confidence = str(fields["text"]), float(fields["confidence"])
    language = str(fields.get("language", ""))
    return Reading(until=until, text=text, confidence=confidence, words=words, language=language)


@dataclass(slots=True)
class Segment:
    """Speech with its short pauses. ``spans`` are where our detector heard a voice."""

    number: int
    begin: int
    spans: list[tuple[int, int | None]] = field(default_factory=list)
    """The last one ends with None while the caller talks."""
    reading: Reading | None = None
    read_until: int | None = None
    """Where the last reading asked for ends, answered or not."""
    wanted: int | None = None
    """A final reading is owed that reaches to here."""
    told_until: int = -1
    """Where the last final told ends."""

    @property
    def talking(self) -> bool:
        return bool(self.spans) and self.spans[-1][1] is None

    @property
    def voiced_from(self) -> int:
        return self.spans[0][0] if self.spans else self.begin

    @property
    def voiced_until(self) -> int:
        """The last sample of voice so far; while talking, where this bout of it began."""
        if not self.spans:
            return self.begin
        start, end = self.spans[-1]
        return start if end is None else end

    def started(self, at: int) -> None:
        """A voice began."""
        if not self.talking:
            self.spans.append((max(at, self.begin), None))

    def stopped(self, at: int) -> None:
        """The voice ended."""
        if self.talking:
            start = self.spans[-1][0]
            self.spans[-1] = (start, max(at, start))
            if self.wanted is not None:
                # It was asked for when nobody knew that the voice had ended already.
                self.wanted = min(self.wanted, self.voiced_until)

    def spans_after(self, floor: int) -> list[tuple[int, int | None]]:
        """The voice that lies after ``floor``."""
        return [(max(start, floor), end) for start, end in self.spans if end is None or end > floor]

    def want(self, until: int) -> None:
        """A final reading that reaches this far is owed."""
        self.wanted = max(until, self.wanted or 0)

    def settle(self) -> Reading | None:
        """The reading that pays what is owed, if it is there."""
        if self.wanted is None or self.reading is None or self.reading.until < self.wanted:
            return None
        self.wanted = None
        self.told_until = max(self.reading.until, self.told_until)
        return self.reading

    def extent(self, until: int) -> tuple[int, int]:
        """Where the voice that a reading up to ``until`` heard begins and ends."""
        heard = self._heard(until)
        if not heard:
            return self.begin, until
        # A blip of no length after the voice was read too, and somebody waits to be told so.
        return heard[0][0], max(heard[-1][1], min(self.voiced_until, until))

    def words(self, reading: Reading, rate_hz: int) -> tuple[Word, ...]:
        """The words and where they lie: as the engine says, or spread over the voice."""
        if reading.words:
            begin_s = self.begin / rate_hz
            return tuple(
                Word(text=text, start_s=begin_s + start, end_s=begin_s + end, confidence=sure)
                for text, start, end, sure in reading.words
            )
        heard = self._heard(reading.until) or [(self.begin, reading.until)]
        voiced = sum(end - start for start, end in heard)
        return tuple(
            Word(
                text=word.text,
                start_s=_place(heard, word.start_sample) / rate_hz,
                end_s=_place(heard, word.end_sample) / rate_hz,
            )
            for word in estimate_words(reading.text, voiced)
        )

    def _heard(self, until: int) -> list[tuple[int, int]]:
        ends = ((start, until if end is None else min(end, until)) for start, end in self.spans)
        return [(start, end) for start, end in ends if end > start]


def _place(heard: list[tuple[int, int]], voiced: int) -> int:
    """Where the ``voiced``-th sample of voice lies in the audio, pauses included."""
    for start, end in heard:
        if voiced <= end - start:
            return start + voiced
        voiced -= end - start
    return heard[-1][1]


class SegmentAudio:
    """The last stretch of a call's audio, addressed by sample since the first one fed."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._bytes = bytearray()
        self.first = 0
        """The oldest sample still there."""

    @property
    def fed(self) -> int:
        """Samples fed so far."""
        return self.first + len(self._bytes) // 2

    def feed(self, pcm: bytes) -> None:
        self._bytes += pcm
        self.drop_before(self.fed - round(_MOST_S * self._rate_hz))

    def drop_before(self, sample: int) -> None:
        """Let go of what is older; in steps of a second, so that bytes are seldom moved."""
        if sample - self.first > self._rate_hz:
            del self._bytes[: 2 * (sample - self.first)]
            self.first = sample

    def cut(self, begin: int, until: int) -> bytes:
        """The samples from ``begin`` to ``until``, of those still there."""
        low, high = max(begin, self.first), min(until, self.fed)
        return bytes(self._bytes[2 * (low - self.first) : 2 * (high - self.first)])

    def quietest(self, begin: int) -> int:
        """The middle of the quietest tenth of a second since ``begin``."""
        window = round(_QUIET_WINDOW_S * self._rate_hz)
        samples = np.frombuffer(self.cut(begin, self.fed), dtype="<i2").astype(np.float64)
        count = len(samples) // window
        if count == 0:
            return self.fed
        power = np.square(samples[: count * window]).reshape(count, window).sum(axis=1)
        return max(begin, self.first) + int(power.argmin()) * window + window // 2
