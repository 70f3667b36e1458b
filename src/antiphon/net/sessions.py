"""Listening with a vendor that says its last word only when a stream ends: stream after stream.

The big clouds have no message that asks for a final. What they have is an end: told that no more
audio comes, they tell all they heard and are done. So a final is asked for by ending the stream;
the next sample opens another, and what the old one still tells goes before anything of the new.
The same gets around the time a stream may last: it is ended in a pause, and not one sample is lost.

Lives here: when a stream begins and ends, and in which order they are heard. Must not live here:
any vendor's calls; they are behind `Session`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, TypeAlias

from antiphon.errors import TimedOut, Unavailable
from antiphon.events import SpeechStarted, SpeechStopped
from antiphon.net.chunks import Chunks
from antiphon.net.owed import Owed
from antiphon.net.streamed import AudioFeed, Piece, Segments
from antiphon.ports.stt import Heard, Hearing

__all__ = ["CHUNKS", "OpenSession", "Rhythm", "Session", "SessionRecognition", "Told"]

CHUNKS: Final = Chunks(usual_ms=100)
"""The clouds ask for 100 ms or so."""
BLUR_S: Final = 0.05
"""The end of a voice is not known better."""
FINISH: Final = "finish"
"""Waits among the audio for its turn, and is never sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a stream told."""

    piece: Piece
    """In seconds since the stream's first sample."""
    closed: bool
    """The vendor will not change its mind."""


class Session(Protocol):
    """One stream. All of it raises a `ProviderError` when the stream is lost."""

    async def send(self, audio: bytes) -> None:
        """Waits while the vendor does not read."""
        ...

    async def finish(self) -> None:
        """No more audio will come."""
        ...

    def told(self) -> AsyncIterator[Told]:
        """What it hears, until everything is told."""
        ...

    async def aclose(self) -> None:
        """Leave it at once, whatever it still owes."""
        ...


OpenSession: TypeAlias = Callable[[], Awaitable[Session]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How long things may take."""

    finalise_within_s: float
    """Until everything is told of a stream that was ended."""
    silence_after_s: float
    """Without audio for so long, an open stream is sent silence."""
    pause_after_s: float
    """A stream this old is ended where nobody speaks."""
    most_s: float
    """And one this old anywhere."""
    chunk_s: float
    """Of audio in one message."""


@dataclass(slots=True, eq=False)
class _Stream:
    session: Session
    begin: int
    """Where it begins, in samples of everything that was sent."""
    end: int
    finished: bool = False
    owed: int = 0
    """Finals that wait for its end."""
    over: asyncio.Event = field(default_factory=asyncio.Event)


class SessionRecognition:
    """See `antiphon.ports.stt.Recognition`."""

    def __init__(
        self,
        provider: str,
        begin: OpenSession,
        rhythm: Rhythm,
        hearing: Hearing,
        tell: Callable[[Heard], None],
    ) -> None:
        """``begin`` opens a stream. Where the vendor does not read G.711, ``hearing`` must say
        ``pcm16``."""
        self._provider, self._begin_one, self._rhythm = provider, begin, rhythm
        self._rate_hz = hearing.rate_hz
        self._feed = AudioFeed(hearing.rate_hz, rhythm.chunk_s, provider, hearing.encoding)
        self._segments = Segments(tell)
        self._open: _Stream | None = None
        self._last: _Stream | None = None
        """The newest there was, open or not."""
        self._sent = 0
        self._closed_s = 0.0
        """Up to here nothing changes any more, in seconds fed."""
        self._owed = Owed(rhythm.finalise_within_s)
        self._asked = 0

    # --- what the call says ------------------------------------------------------------------

    def feed(self, pcm: bytes) -> None:
        self._feed.feed(pcm)

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        if (later_s := self._owed.voice(edge)) is not None:
            self.finalise(later_s)

    def finalise(self, until_s: float) -> None:
        if self._owed.put_off(until_s):
            return
        self._feed.flush()
        until_s = min(until_s, self._feed.fed_s)
        if self._owed.until_s is None and (self._settled(until_s) or not self._feed.fed_s):
            self._segments.final(until_s)
            return
        self._owed.ask(until_s, self._feed.behind_s)
        self._asked += 1
        self._feed.outgoing.add(FINISH)

    def forget(self, until_s: float) -> None:
        self._segments.forget(until_s, owed=self._owed.until_s is not None)

    async def run(self) -> None:
        await self._owed.watch(self._work, self._late)

    def _late(self) -> None:
        within = f"{self._rhythm.finalise_within_s:g} s"
        raise TimedOut(f"no final transcript within {within}", provider=self._provider)

    # --- streams -----------------------------------------------------------------------------

    async def _work(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                await self._send(group)
        except ExceptionGroup as trouble:
            raise trouble.exceptions[0] from None

    async def _send(self, group: asyncio.TaskGroup) -> None:
        outgoing, silence_s = self._feed.outgoing, self._rhythm.silence_after_s
        while True:
            item = await outgoing.take(silence_s)
            if item is None:
                if self._open is not None:
                    self._feed.silence(silence_s)
            elif isinstance(item.frame, str):
                await self._finish(owed=1)
            else:
                stream = self._open or await self._begin(group)
                await stream.session.send(item.frame)
                self._feed.sent(item)
                self._sent += item.samples
                stream.end = self._sent
                if self._worn(stream):
                    await self._finish(owed=0)

    async def _begin(self, group: asyncio.TaskGroup) -> _Stream:
        session = await self._begin_one()
        before, stream = self._last, _Stream(session, self._sent, self._sent)
        self._open = self._last = stream
        group.create_task(self._listen(stream, before))
        return stream

    def _worn(self, stream: _Stream) -> bool:
        age_s = (stream.end - stream.begin) / self._rate_hz
        return age_s >= (self._rhythm.most_s if self._owed.talking else self._rhythm.pause_after_s)

    async def _finish(self, *, owed: int) -> None:
        stream, self._open = self._open, None
        if stream is not None:
            stream.finished = True
            stream.owed += owed
            await stream.session.finish()
        elif self._last is not None and not self._last.over.is_set():
            self._last.owed += owed
        else:
            self._asked -= owed
            self._answer_if_told()

    async def _listen(self, stream: _Stream, before: _Stream | None) -> None:
        try:
            if before is not None:
                await before.over.wait()
            await self._hear_out(stream)
        finally:
            await stream.session.aclose()

    async def _hear_out(self, stream: _Stream) -> None:
        open_piece: Piece | None = None
        async for told in stream.session.told():
            piece = self._placed(stream, told.piece)
            self._segments.heard(piece, closed=told.closed)
            open_piece = None if told.closed else piece
            if told.closed:
                self._closed_s = max(self._closed_s, piece.end_s)
            self._answer_if_told()
        if not stream.finished:
            raise Unavailable("ended the stream by itself", provider=self._provider)
        if open_piece is not None:  # all it will ever say of it
            self._segments.heard(open_piece, closed=True)
        self._closed_s = max(self._closed_s, self._feed.fed_at_s(stream.end / self._rate_hz))
        stream.over.set()
        self._asked -= stream.owed
        self._answer_if_told()

    def _placed(self, stream: _Stream, piece: Piece) -> Piece:
        """In seconds since the first sample fed."""

        def at(seconds: float) -> float:
            return self._feed.fed_at_s(stream.begin / self._rate_hz + seconds)

        words = tuple(replace(w, start_s=at(w.start_s), end_s=at(w.end_s)) for w in piece.words)
        return replace(piece, start_s=at(piece.start_s), end_s=at(piece.end_s), words=words)

    # --- finals ------------------------------------------------------------------------------

    def _settled(self, until_s: float) -> bool:
        return self._closed_s >= until_s - BLUR_S and not self._segments.undecided

    def _answer_if_told(self) -> None:
        until_s = self._owed.until_s
        if until_s is not None and (self._asked <= 0 or self._settled(until_s)):
            self._segments.final(self._owed.paid())
