"""Deepgram Aura-2 as a `Synthesiser`: text over a WebSocket, a clause at a time.

A clause is a `Speak` and a `Flush`; its audio is what comes until `Flushed`. The next clause is
sent while the one before is being spoken, so that they follow each other without a gap. Whoever
closes the audio early makes us send `Clear` and leave: what a connection still sends after that
is nobody's.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from antiphon.errors import RemoteProtocolError, TimedOut, Unavailable
from antiphon.net.child_job import sendable
from antiphon.net.socket import Peer, Socket
from antiphon.ports.tts import Speaking, Spoken
from antiphon.providers.deepgram.account import peer
from antiphon.providers.deepgram.settings import AURA, AuraSettings
from antiphon.providers.deepgram.wire import aura as wire

__all__ = ["AuraSynthesiser", "AuraUtterance"]

AHEAD: Final = 2
"""Flushes that may be under way: the clause being spoken and the next."""
PIECE_LETTERS: Final = 1000
"""Half of what one message may hold; a piece is about a minute of speech."""
SPARE_S: Final = 45.0
"""A connection nobody used for so long is not trusted: what the vendor does with it is unknown."""
FLUSHES: Final = wire.FLUSHES_PER_MINUTE - 2
"""On one connection within `MINUTE_S`; then another is opened."""
MINUTE_S: Final = 60.0
FLUSH: Final = wire.encode(wire.Flush())
CLEAR: Final = wire.encode(wire.Clear())
CLOSE: Final = wire.encode(wire.Close())


@dataclass(slots=True)
class _Connection:
    """An open socket, and how much of the vendor's allowance is used on it."""

    url: str
    socket: Socket
    flushes: deque[float] = field(default_factory=deque)
    idle_since: float = 0.0

    def worn(self, now: float) -> bool:
        while self.flushes and now - self.flushes[0] > MINUTE_S:
            self.flushes.popleft()
        return len(self.flushes) >= FLUSHES


class AuraSynthesiser:
    """See `antiphon.ports.tts.Synthesiser`. Connections that ended an utterance well are kept
    for the next one."""

    name = "deepgram/aura-2"

    def __init__(self, settings: AuraSettings) -> None:
        self._settings = settings
        self._peer = peer(self.name, settings.account)
        self._spare: deque[_Connection] = deque()
        self.rate_hz: int = settings.rate_hz
        self.fingerprint = f"deepgram {settings.voice} linear16 {settings.rate_hz}"

    async def start(self) -> None:
        """Connect once. Raises `Rejected` for a key or a voice the vendor refuses; a vendor that
        is away for the moment does not keep the process from starting."""
        await self._peer.knock(self._url(Speaking()), CLOSE)

    def utter(self, speaking: Speaking) -> "AuraUtterance":
        return AuraUtterance(self, self._url(speaking), self._settings.audio_within_s)

    async def aclose(self) -> None:
        while self._spare:
            await self._spare.popleft().socket.aclose(CLOSE)

    @property
    def peer(self) -> Peer:
        """The vendor."""
        return self._peer

    async def connection(self, url: str) -> _Connection:
        """A spare one, or a new one. Raises a `ProviderError`."""
        now = asyncio.get_running_loop().time()
        spares, self._spare = self._spare, deque()
        found: _Connection | None = None
        for spare in spares:
            fit = spare.socket.usable and now - spare.idle_since < SPARE_S and not spare.worn(now)
            if not fit:
                await spare.socket.aclose(CLOSE)
            elif found is None and spare.url == url:
                found = spare
            else:
                self._spare.append(spare)
        return found or _Connection(url, await self._peer.connect(url))

    async def give_back(self, connection: _Connection) -> None:
        """One that owes nothing."""
        connection.idle_since = asyncio.get_running_loop().time()
        self._spare.append(connection)
        while len(self._spare) > self._settings.spare:
            await self._spare.popleft().socket.aclose(CLOSE)

    def _url(self, speaking: Speaking) -> str:
        settings = self._settings
        slowest, fastest = AURA.speed or (1.0, 1.0)
        speed = min(max(speaking.speed, slowest), fastest)
        return settings.account.socket_url(
            "/v1/speak",
            [
                ("model", speaking.voice or settings.voice),
                ("encoding", "linear16"),
                ("sample_rate", settings.rate_hz),
                ("speed", None if speed == 1.0 else f"{speed:g}"),
            ],
        )


@dataclass(frozen=True, slots=True)
class _Flushed:
    """A flush under way."""

    clause: int
    last: bool
    """It is the last of its clause."""


class AuraUtterance:
    """One reply; see `antiphon.ports.tts.Utterance`."""

    def __init__(self, voice: AuraSynthesiser, url: str, audio_within_s: float) -> None:
        self._voice, self._url, self._within_s = voice, url, audio_within_s
        self._pieces: deque[tuple[str, _Flushed]] = deque()
        """Said, but not sent."""
        self._owed: deque[_Flushed] = deque()
        """Sent, but not answered."""
        self._clauses = 0
        self._ended = False
        self._woken = asyncio.Event()
        self._connection: _Connection | None = None
        self._half = b""

    def say(self, clause: str) -> None:
        pieces = _pieces(sendable(clause))
        for number, text in enumerate(pieces, 1):
            self._pieces.append((text, _Flushed(self._clauses, number == len(pieces))))
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
                    yield Spoken(pcm=b"", clause=silent.clause, last=True)
                if self._owed:
                    yield await self._receive()
                elif self._ended and not self._pieces:
                    whole = True
                    return
                elif not self._pieces:
                    self._woken.clear()
                    await self._woken.wait()
        finally:
            await self._leave(whole=whole)

    # --- sending -----------------------------------------------------------------------------

    async def _send(self) -> list[_Flushed]:
        """Send what may be sent now; returns the clauses with nothing to say, if it is their
        turn."""
        silent: list[_Flushed] = []
        while self._pieces and len(self._owed) < AHEAD:
            text, flushed = self._pieces[0]
            if not any(letter.isalnum() for letter in text):
                if self._owed:
                    break
                silent.append(flushed)
            elif (connection := await self._usable()) is not None:
                await connection.socket.send(wire.encode(wire.Speak(text)))
                await connection.socket.send(FLUSH)
                connection.flushes.append(asyncio.get_running_loop().time())
                self._owed.append(flushed)
            else:
                break
            self._pieces.popleft()
        return silent

    async def _usable(self) -> _Connection | None:
        """The connection to send on; None while a worn one still owes something."""
        connection = self._connection
        if connection is not None and connection.worn(asyncio.get_running_loop().time()):
            if self._owed:
                return None
            self._connection = None
            await connection.socket.aclose(CLOSE)
        if self._connection is None:
            self._connection = await self._voice.connection(self._url)
        return self._connection

    # --- receiving ---------------------------------------------------------------------------

    async def _receive(self) -> Spoken:
        """The next audio of the clause being spoken, or that it is complete."""
        assert self._connection is not None
        provider = self._voice.name
        while True:
            try:
                async with asyncio.timeout(self._within_s):
                    frame = await self._connection.socket.receive()
            except TimeoutError:
                what = f"no audio within {self._within_s:g} s"
                raise TimedOut(what, provider=provider) from None
            if isinstance(frame, bytes):
                pcm, self._half = _whole_samples(self._half + frame)
                if pcm:
                    return Spoken(pcm=pcm, clause=self._owed[0].clause)
                continue
            try:
                message = wire.decode_server(frame)
            except RemoteProtocolError as error:
                raise self._voice.peer.garbled(error) from None
            match message:
                case wire.Flushed():
                    self._half = b""
                    flushed = self._owed.popleft()
                    return Spoken(pcm=b"", clause=flushed.clause, last=flushed.last)
                case wire.Warning(code=code, description=description):
                    # Something of what we sent was not done, and Flushed may never come.
                    raise Unavailable(f"{code}: {description}", provider=provider)
                case _:
                    pass

    async def _leave(self, *, whole: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if whole:
            await self._voice.give_back(connection)
        else:
            await connection.socket.aclose(CLEAR)


def _pieces(clause: str) -> list[str]:
    """A clause in messages of a length that may be sent, cut between words where it has any."""
    pieces: list[str] = []
    while len(clause) > PIECE_LETTERS:
        cut = clause.rfind(" ", 1, PIECE_LETTERS)
        cut = cut if cut > 0 else PIECE_LETTERS
        pieces.append(clause[:cut])
        clause = clause[cut:].lstrip()
    return [*pieces, clause]


def _whole_samples(data: bytes) -> tuple[bytes, bytes]:
    whole = len(data) - len(data) % 2
    return data[:whole], data[whole:]
