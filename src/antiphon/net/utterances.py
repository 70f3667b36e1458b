"""Listening with an engine that only reads whole recordings: when to read what.

Lives here: the `Recognition` that any such engine gets (Moonshine, Whisper, a vendor's). Our own
voice activity edges say where speech is; partial readings are asked for while it goes on, one at
a time; a reading of the whole segment is asked for as soon as speech stops, so that `finalise`
mostly finds its answer there. Must not live here: what a segment is (`segment`), models.

There is no timer: partials fall due as audio is fed, so a recording is read the same at any speed.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from antiphon.errors import AtCapacity, Unavailable
from antiphon.events import SpeechStarted, SpeechStopped, TranscriptChanged
from antiphon.net.child_job import Job, Urgency, sendable
from antiphon.net.segment import Reading, Segment, SegmentAudio, reading_from
from antiphon.ports.stt import Heard, Hearing

__all__ = ["Cadence", "Reader", "UtteranceRecognition"]


class Reader(Protocol):
    """An engine that reads a recording: a `Child`, or a vendor that is sent it."""

    @property
    def name(self) -> str: ...

    def ask(self, fields: Mapping[str, Any], payload: bytes, urgency: Urgency) -> Job:
        """Read the PCM16 in ``payload``; ``fields`` has ``rate_hz``, ``language``, ``detect``,
        ``keyterms`` and the number of the ``segment``. The job's one answer is what
        `reading_from` takes. Raises a `ProviderError`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """When a segment is read, in seconds of audio."""

    first_partial_s: float = 0.24
    """After speech began. It decides whether a sound over the agent is an interruption."""
    partial_every_s: float = 0.35
    """At least, and never before the last one is there."""
    tail_s: float = 0.2
    """Of the pause that is read with the words: stops and sibilants end after the voice does."""
    enough_tail_s: float = 0.1
    """A reading that reaches this far into the pause need not be repeated. Detectors put the end
    of a voice up to 50 ms too early (docs/decisions/0003-evidence.md)."""
    segment_s: float = 12.0
    """A segment longer than this ends at its next pause: reading it again costs more each time."""
    unbroken_s: float = 20.0
    """Speech without any pause is cut where it is quietest."""


_PRE_ROLL_S: Final = 0.3
"""Read before the voice: detectors miss the first consonant."""
_FRESH_S: Final = 0.05
"""A final reading asked for amid speech may be this much older than the question."""


@dataclass(frozen=True, slots=True)
class _Asked:
    segment: Segment
    until: int
    urgency: Urgency


class UtteranceRecognition:
    """One call's open ear; see `antiphon.ports.stt.Recognition`."""

    def __init__(
        self,
        reader: Reader,
        hearing: Hearing,
        tell: Callable[[Heard], None],
        cadence: Cadence | None = None,
    ) -> None:
        self._reader, self._hearing, self._tell = reader, hearing, tell
        self._cadence = cadence or Cadence()
        self._audio = SegmentAudio(hearing.rate_hz)
        self._numbers = 0
        self._floor = 0
        self._open: Segment | None = None
        self._closing: list[Segment] = []
        self._asked: _Asked | None = None
        self._job: Job | None = None
        self._woken = asyncio.Event()

    # --- what the call says ------------------------------------------------------------------

    def feed(self, pcm: bytes) -> None:
        self._audio.feed(pcm)
        live = [*self._closing, *([self._open] if self._open else [])]
        begins = [segment.begin for segment in live]
        self._audio.drop_before(min(begins, default=self._audio.fed - self._samples(2.0)))
        if self._open is not None and self._open.talking:
            self._split_if_unbroken(self._open)
            if self._partial_due(self._open):
                self._woken.set()

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        at = min(self._samples(edge.at_s), self._audio.fed)
        segment = self._open
        if isinstance(edge, SpeechStarted):
            if segment is not None and at - segment.begin > self._samples(self._cadence.segment_s):
                self._close(segment, segment.voiced_until)
                segment = None
            if segment is None:
                segment = self._begin(at - self._samples(_PRE_ROLL_S))
            segment.started(at)
        elif segment is not None:
            segment.stopped(at)
            self._woken.set()

    def finalise(self, until_s: float) -> None:
        segment = self._open
        if segment is None:
            if not self._closing:
                self._tell(self._nothing(until_s))
            return
        if segment.talking:
            asked_until = min(self._samples(until_s), self._audio.fed)
            segment.want(asked_until - self._samples(_FRESH_S))
        else:
            segment.want(self._heard_out(segment))
        if (reading := segment.settle()) is not None:
            self._tell(self._event(segment, reading, final=True))
            return
        self._give_way(segment)
        self._woken.set()

    def forget(self, until_s: float) -> None:
        self._floor = max(self._floor, self._samples(until_s))
        segment = self._open
        if segment is None or segment.begin >= self._floor:
            return
        rest = segment.spans_after(self._floor)
        self._open = None
        if segment.wanted is not None:
            segment.stopped(self._floor)
            self._closing.append(segment)
        elif self._asked is not None and self._asked.segment is segment and self._job:
            self._job.cancel()
        if rest:
            self._begin(rest[0][0] - self._samples(_PRE_ROLL_S)).spans = rest
        self._woken.set()

    async def run(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            while (asked := self._due()) is not None:
                await self._read(asked)

    # --- segments ----------------------------------------------------------------------------

    def _samples(self, seconds: float) -> int:
        return round(seconds * self._hearing.rate_hz)

    def _begin(self, at: int) -> Segment:
        self._open = Segment(self._numbers, max(at, self._floor, self._audio.first))
        self._numbers += 1
        return self._open

    def _close(self, segment: Segment, until: int) -> None:
        """No more audio for this segment; what was not told finally of it still will be."""
        self._floor = until
        if segment.told_until < segment.voiced_until:
            segment.want(segment.voiced_until)
            self._closing.append(segment)
            self._woken.set()
        self._open = None

    def _split_if_unbroken(self, segment: Segment) -> None:
        if self._audio.fed - segment.begin < self._samples(self._cadence.unbroken_s):
            return
        cut = self._audio.quietest(self._audio.fed - self._samples(2.0))
        segment.stopped(cut)
        self._close(segment, cut)
        self._begin(cut).started(cut)

    def _heard_out(self, segment: Segment) -> int:
        """Up to where a reading must reach to hold all of a segment whose speech has stopped."""
        tail = self._samples(self._cadence.enough_tail_s)
        return min(segment.voiced_until + tail, self._audio.fed)

    # --- readings ----------------------------------------------------------------------------

    def _partial_due(self, segment: Segment) -> bool:
        cadence, fed = self._cadence, self._audio.fed
        if segment.read_until is None:
            return fed - segment.voiced_from >= self._samples(cadence.first_partial_s)
        return fed - segment.read_until >= self._samples(cadence.partial_every_s)

    def _due(self) -> _Asked | None:
        """What to read next, if anything: what a caller waits for first."""
        tail = self._samples(self._cadence.tail_s)
        if self._closing:
            segment = self._closing[0]
            return _Asked(segment, min(segment.voiced_until + tail, self._audio.fed), Urgency.NOW)
        if (segment_ := self._open) is None:
            return None
        until = (
            self._audio.fed
            if segment_.talking
            else min(segment_.voiced_until + tail, self._audio.fed)
        )
        if segment_.wanted is not None:
            return _Asked(segment_, until, Urgency.NOW)
        if segment_.talking:
            partial = _Asked(segment_, until, Urgency.SPARE)
            return partial if self._partial_due(segment_) else None
        if (segment_.read_until or 0) < self._heard_out(segment_):
            return _Asked(segment_, until, Urgency.SOON)
        return None

    def _give_way(self, segment: Segment) -> None:
        """A final reading is wanted: drop the one under way unless it will do."""
        asked, job = self._asked, self._job
        if asked is None or job is None:
            return
        will_do = asked.segment is segment and asked.until >= (segment.wanted or 0)
        soon_enough = job.at_work or asked.urgency is Urgency.NOW
        if asked.segment not in self._closing and not (will_do and soon_enough):
            job.cancel()

    async def _read(self, asked: _Asked) -> None:
        reading = await self._ask(asked)
        segment = asked.segment
        if reading is None:
            return
        before, segment.reading = segment.reading, reading
        final = segment.settle() is not None
        if segment in self._closing:
            self._closing.remove(segment)
        elif segment is not self._open:
            return
        if final or before is None or before.text != reading.text:
            self._tell(self._event(segment, reading, final=final))

    async def _ask(self, asked: _Asked) -> Reading | None:
        """The engine's reading; None where something more urgent took its place."""
        segment, rate_hz = asked.segment, self._hearing.rate_hz
        fields = {
            "rate_hz": rate_hz,
            "language": self._hearing.language,
            "detect": list(self._hearing.detect),
            "keyterms": [sendable(term) for term in self._hearing.keyterms],
            "segment": segment.number,
        }
        pcm = self._audio.cut(segment.begin, asked.until)
        segment.read_until = asked.until
        try:
            job = self._reader.ask(fields, pcm, asked.urgency)
        except AtCapacity:
            if asked.urgency is Urgency.NOW:
                raise
            return None  # a partial more or less
        self._asked, self._job = asked, job
        try:
            with job:
                async for answer in job:
                    return reading_from(answer.fields, asked.until)
            if not job.cancelled:
                raise Unavailable("no transcript came", provider=self._reader.name)
            return None
        finally:
            self._asked = self._job = None

    def _event(self, segment: Segment, reading: Reading, *, final: bool) -> TranscriptChanged:
        start, end = segment.extent(reading.until)
        rate_hz = self._hearing.rate_hz
        return TranscriptChanged(
            segment=segment.number,
            text=reading.text,
            start_s=start / rate_hz,
            end_s=end / rate_hz,
            final=final,
            words=segment.words(reading, rate_hz),
            confidence=reading.confidence,
            language=reading.language,
        )

    def _nothing(self, until_s: float) -> TranscriptChanged:
        """Asked about silence: the next segment, which holds nothing yet."""
        return TranscriptChanged(
            segment=self._numbers, text="", start_s=until_s, end_s=until_s, final=True
        )
