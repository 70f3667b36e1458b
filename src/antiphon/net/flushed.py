"""A voice on a socket of its own, asked piece by piece, that says when each piece is complete.

    dialect = Dialect(ask=..., complete=..., ...)
    voices = Voices(peer, dialect, spare=2, audio_within_s=5.0)
    utterance = voices.utter(url)

The next piece is sent while the one before is being spoken, so that they follow each other without
a gap. Whoever closes the audio early makes us say so and leave: what a connection still sends after
that is nobody's. Lives here: that, for every vendor. Must not live here: any vendor's messages;
they are behind `Dialect`.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from antiphon.errors import RemoteProtocolError, TimedOut
from antiphon.net.child_job import sendable
from antiphon.net.clauses import pieces, speakable, whole_samples
from antiphon.net.socket import Peer, Socket
from antiphon.ports.tts import Spoken

__all__ = ["Dialect", "FlushedUtterance", "Voices"]

AHEAD: Final = 2
"""Pieces under way: the one being spoken and the next."""
PIECE_LETTERS: Final = 1000
"""About a minute of speech; half of what one message may hold."""
SPARE_S: Final = 45.0
"""A connection nobody used for so long is not trusted: what the vendor does with it is unknown."""
MINUTE_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a vendor is spoken to."""

    ask: Callable[[str], Sequence[str]]
    """The frames that have a piece of text spoken."""
    complete: Callable[[str], bool]
    """Whether a text frame says that the oldest piece is complete. Raises `RemoteProtocolError`
    for what cannot be read, a `ProviderError` for a failure."""
    decode: Callable[[bytes], bytes]
    """From a binary frame to PCM16."""
    farewell: str
    """Said when all is well."""
    break_off: str
    """Said when nobody wants the rest."""
    asks_per_minute: int | None = None
    """So many pieces on one connection; None: any number."""


@dataclass(slots=True)
class _Connection:
    """An open socket, and how much of the vendor's allowance is used on it."""

    url: str
    socket: Socket
    asked: deque[float] = field(default_factory=deque)
    idle_since: float = 0.0

    def worn(self, now: float, most: int | None) -> bool:
        while self.asked and now - self.asked[0] > MINUTE_S:
            self.asked.popleft()
        return most is not None and len(self.asked) >= most


class Voices:
    """Connections to one vendor; those that ended an utterance well are kept for the next."""

    def __init__(self, peer: Peer, dialect: Dialect, *, spare: int, audio_within_s: float) -> None:
        self.peer, self.dialect = peer, dialect
        self.audio_within_s = audio_within_s
        self._most = spare
        self._spare: deque[_Connection] = deque()

    def utter(self, url: str) -> "FlushedUtterance":
        return FlushedUtterance(self, url)

    async def aclose(self) -> None:
        while self._spare:
            await self._spare.popleft().socket.aclose(self.dialect.farewell)

    async def connection(self, url: str) -> _Connection:
        """A spare one, or a new one. Raises a `ProviderError`."""
        now = asyncio.get_running_loop().time()
        spares, self._spare = self._spare, deque()
        found: _Connection | None = None
        for spare in spares:
            fresh = now - spare.idle_since < SPARE_S
            if not (fresh and spare.socket.usable and not self.worn(spare)):
                await spare.socket.aclose(self.dialect.farewell)
            elif found is None and spare.url == url:
                found = spare
            else:
                self._spare.append(spare)
        return found or _Connection(url, await self.peer.connect(url))

    async def give_back(self, connection: _Connection) -> None:
        """One that owes nothing."""
        connection.idle_since = asyncio.get_running_loop().time()
        self._spare.append(connection)
        while len(self._spare) > self._most:
            await self._spare.popleft().socket.aclose(self.dialect.farewell)

    def worn(self, connection: _Connection) -> bool:
        """Its allowance is used up."""
        now = asyncio.get_running_loop().time()
        return connection.worn(now, self.dialect.asks_per_minute)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of a clause."""

    text: str
    clause: int
    last: bool
    """It is the last of its clause."""


class FlushedUtterance:
    """One reply; see `antiphon.ports.tts.Utterance`."""

    def __init__(self, voices: Voices, url: str) -> None:
        self._voices, self._url, self._dialect = voices, url, voices.dialect
        self._said: deque[_Piece] = deque()
        """Not sent."""
        self._owed: deque[_Piece] = deque()
        """Sent, but not complete."""
        self._clauses = 0
        self._ended = False
        self._woken = asyncio.Event()
        self._connection: _Connection | None = None
        self._half = b""

    def say(self, clause: str, stress: tuple[int, ...] = ()) -> None:
        texts = pieces(sendable(clause), PIECE_LETTERS)
        for number, text in enumerate(texts, 1):
            self._said.append(_Piece(text, self._clauses, number == len(texts)))
        self._clauses += 1
        self._woken.set()

    def end(self) -> None:
        self._ended = True
        self._woken.set()

    async def audio(self) -> AsyncIterator[Spoken]:
        whole = False
        try:
            while True:
                for silent in await self._send():
                    yield Spoken(pcm=b"", clause=silent.clause, last=silent.last)
                if self._owed:
                    yield await self._receive()
                elif self._ended and not self._said:
                    whole = True
                    return
                elif not self._said:
                    self._woken.clear()
                    await self._woken.wait()
        finally:
            await self._leave(whole=whole)

    # --- sending -----------------------------------------------------------------------------

    async def _send(self) -> list[_Piece]:
        """Send what may be sent now; returns the pieces with nothing to say, if it is their
        turn."""
        silent: list[_Piece] = []
        while self._said and len(self._owed) < AHEAD:
            piece = self._said[0]
            if not speakable(piece.text):
                if self._owed:
                    break
                silent.append(piece)
            elif (connection := await self._usable()) is not None:
                for frame in self._dialect.ask(piece.text):
                    await connection.socket.send(frame)
                connection.asked.append(asyncio.get_running_loop().time())
                self._owed.append(piece)
            else:
                break
            self._said.popleft()
        return silent

    async def _usable(self) -> _Connection | None:
        """The connection to send on; None while a worn one still owes something."""
        connection = self._connection
        if connection is not None and self._voices.worn(connection):
            if self._owed:
                return None
            self._connection = None
            await connection.socket.aclose(self._dialect.farewell)
        if self._connection is None:
            self._connection = await self._voices.connection(self._url)
        return self._connection

    # --- receiving ---------------------------------------------------------------------------

    async def _receive(self) -> Spoken:
        """The next audio of the piece being spoken, or that it is complete."""
        assert self._connection is not None
        peer, within_s = self._voices.peer, self._voices.audio_within_s
        while True:
            try:
                async with asyncio.timeout(within_s):
                    frame = await self._connection.socket.receive()
            except TimeoutError:
                what = f"no audio within {within_s:g} s"
                raise TimedOut(what, provider=peer.provider) from None
            if isinstance(frame, bytes):
                pcm, self._half = whole_samples(self._half + self._dialect.decode(frame))
                if pcm:
                    return Spoken(pcm=pcm, clause=self._owed[0].clause)
                continue
            try:
                complete = self._dialect.complete(frame)
            except RemoteProtocolError as error:
                raise peer.garbled(error) from None
            if complete:
                self._half = b""
                piece = self._owed.popleft()
                return Spoken(pcm=b"", clause=piece.clause, last=piece.last)

    async def _leave(self, *, whole: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if whole:
            await self._voices.give_back(connection)
        else:
            await connection.socket.aclose(self._dialect.break_off)
