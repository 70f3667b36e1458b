"""Several utterances on one WebSocket: the vendor's contexts, and who reads for whom.

There is no task that reads. Whoever waits for a message reads, and gives what is not theirs to
whose it is; when they leave, the next one goes on. Between utterances nobody reads, and what an
interrupted one still sent is thrown away by the next.
"""

import asyncio
from collections import defaultdict, deque
from typing import Final

from antiphon.errors import ProviderError, RemoteProtocolError, Unavailable
from antiphon.net.socket import Peer, Socket
from antiphon.net.start import trial
from antiphon.providers.elevenlabs.account import trouble
from antiphon.providers.elevenlabs.wire import speech as wire

__all__ = ["Connection", "Connections", "Context"]

SEND_WITHIN_S: Final = 0.03
"""Whoever closes the audio early must be free within 50 ms."""
GOODBYE: Final = wire.encode(wire.Asked(close_socket=True))


class Context:
    """One utterance's part of a connection. Send; receive until `Told.final`; `leave`."""

    def __init__(self, connection: "Connection", name: str) -> None:
        self.name = name
        self._connection = connection
        self.inbox: deque[wire.Told] = deque()
        self.woken = asyncio.Event()
        self.closing = False
        """The end was asked for, or has come."""

    async def send(self, asked: wire.Asked) -> None:
        """Raises a `ProviderError`."""
        await self._connection.send(asked)

    async def receive(self) -> wire.Told:
        """The next message of this context. Raises a `ProviderError`."""
        told = await self._connection.receive(self)
        self.closing = self.closing or told.final
        if told.wrong:
            raise self._connection.trouble(told)
        return told

    async def close(self) -> None:
        """No more text: what was flushed is still spoken, then comes the final message."""
        if not self.closing:
            self.closing = True
            await self.send(wire.Asked(context_id=self.name, close_context=True))

    async def leave(self, *, trusted: bool = True) -> None:
        """Nobody wants any more of it. Without trust the connection gets no new contexts."""
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                await self.close()
        except (TimeoutError, ProviderError):
            trusted = False
        await self._connection.left(self, trusted=trusted)


class Connection:
    """A socket and the contexts that are open on it, those included that nobody waits for."""

    def __init__(self, socket: Socket, peer: Peer) -> None:
        self._socket, self._peer = socket, peer
        self._open: set[str] = set()
        """What the vendor still counts."""
        self._used: dict[str, Context] = {}
        self._reader: Context | None = None
        self._failure: ProviderError | None = None
        self._trusted = True
        self._opened = 0

    @property
    def usable(self) -> bool:
        """New contexts may be opened, if there is room."""
        return self._trusted and self._failure is None and self._socket.usable

    @property
    def room(self) -> bool:
        return len(self._open) < wire.CONTEXTS

    @property
    def idle(self) -> bool:
        return not self._used

    def open(self) -> Context:
        """A new context; the first thing to send is its settings."""
        self._opened += 1
        context = Context(self, f"c{self._opened}")
        self._open.add(context.name)
        self._used[context.name] = context
        return context

    async def send(self, asked: wire.Asked) -> None:
        await self._socket.send(wire.encode(asked))

    async def receive(self, context: Context) -> wire.Told:
        while not context.inbox:
            if self._failure is not None:
                raise self._failure
            if self._reader is None:
                await self._read(context)
            else:
                context.woken.clear()
                await context.woken.wait()
        return context.inbox.popleft()

    def trouble(self, told: wire.Told) -> ProviderError:
        """What an error message means."""
        return trouble(self._peer, told.error or "error", told.message or "", told.code)

    async def left(self, context: Context, *, trusted: bool) -> None:
        self._used.pop(context.name, None)
        self._trusted = self._trusted and trusted
        if self.idle and not self.usable:
            await self.aclose()

    async def aclose(self) -> None:
        await self._socket.aclose(GOODBYE)

    async def _read(self, context: Context) -> None:
        self._reader = context
        try:
            self._give(await self._socket.receive())
        except ProviderError as error:
            self._failure = error
        finally:
            self._reader = None
            for waiting in self._used.values():
                waiting.woken.set()

    def _give(self, frame: str | bytes) -> None:
        """To whose it is. Raises a `ProviderError` that concerns all of them."""
        if isinstance(frame, bytes):
            raise Unavailable("sent a binary frame", provider=self._peer.provider)
        try:
            told = wire.decode_server(frame)
        except RemoteProtocolError as error:
            raise self._peer.garbled(error) from None
        name = told.context
        if told.wrong and not name:
            raise self.trouble(told)
        if told.final or told.wrong:
            self._open.discard(name)
        if name in self._used:
            self._used[name].inbox.append(told)


class Connections:
    """All connections of a voice, by address: one is shared as long as it has room."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._by_url: dict[str, list[Connection]] = {}
        self._connecting: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def warm(self, url: str) -> None:
        """Connect before anybody speaks. Raises `Rejected`; what may pass is only logged."""
        with trial():
            await self._found(url)

    async def context(self, url: str) -> Context:
        """A new context. Raises a `ProviderError`."""
        return (await self._found(url)).open()

    async def aclose(self) -> None:
        while self._by_url:
            _, connections = self._by_url.popitem()
            for connection in connections:
                await connection.aclose()

    async def _found(self, url: str) -> Connection:
        async with self._connecting[url]:
            kept = self._by_url.setdefault(url, [])
            found = next((each for each in kept if each.usable and each.room), None)
            for each in [each for each in kept if each is not found and each.idle]:
                kept.remove(each)
                await each.aclose()
            kept[:] = [each for each in kept if each.usable]
            if found is None:
                found = Connection(await self.peer.connect(url), self.peer)
                kept.append(found)
            return found
