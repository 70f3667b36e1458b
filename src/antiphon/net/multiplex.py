"""One WebSocket for many utterances at once: each has a channel, by the name its messages carry.

    shared = Multiplex(peer, url, sort)
    channel = await shared.open(context_id)
    await channel.send(frame)
    message = await channel.receive()
    await channel.aclose()

Nobody reads in the background: whoever waits for a message reads the socket, and puts what is
another's into that one's box. So everything runs in its owner's task, and a socket nobody waits
on is not read. Lives here: that, for every vendor. Must not live here: what messages mean.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Generic, TypeVar

from antiphon.errors import ProviderError, RemoteProtocolError, Unavailable
from antiphon.net.socket import Peer, Socket

__all__ = ["Channel", "Multiplex"]

M = TypeVar("M")

SEND_WITHIN_S: Final = 0.03
"""A farewell may take no longer: whoever cancels must be free within 50 ms."""


class _Line(Generic[M]):
    """An open socket and the channels on it."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.channels: dict[str, Channel[M]] = {}
        self.reading = False
        self.failure: ProviderError | None = None
        self.distrusted = False
        """It owed something and was silent: nobody is to begin on it."""

    def fail(self, failure: ProviderError) -> None:
        self.failure = failure
        for channel in self.channels.values():
            channel.woken.set()

    def hand_on(self) -> None:
        """The one who read leaves: another who waits is to go on."""
        if not self.reading:
            for channel in self.channels.values():
                if channel.waiting:
                    channel.woken.set()
                    return


class Channel(Generic[M]):
    """One utterance's share of the socket. Its methods raise a `ProviderError` once it is gone."""

    def __init__(self, name: str, line: _Line[M], shared: "Multiplex[M]") -> None:
        self.name = name
        self._line, self._shared = line, shared
        self.box: deque[M] = deque()
        self.woken = asyncio.Event()
        self.waiting = False
        line.channels[name] = self

    async def send(self, frame: str) -> None:
        await self._line.socket.send(frame)

    async def receive(self) -> M:
        """The next message for this channel."""
        line = self._line
        try:
            while not self.box:
                if line.failure is not None:
                    raise line.failure
                if line.reading:
                    self.waiting = True
                    self.woken.clear()
                    await self.woken.wait()
                else:
                    await self._shared.read(line)
            return self.box.popleft()
        finally:
            self.waiting = False
            line.hand_on()

    def distrust(self) -> None:
        """The socket owes something and is silent: others are not to begin on it."""
        self._line.distrusted = True

    async def aclose(self, farewell: str = "") -> None:
        """What still comes for it is nobody's. The last word is not insisted on."""
        line = self._line
        line.channels.pop(self.name, None)
        with suppress(ProviderError, TimeoutError):
            async with asyncio.timeout(SEND_WITHIN_S):
                if farewell:
                    await line.socket.send(farewell)
        if line.distrusted and not line.channels:
            await line.socket.aclose()


class Multiplex(Generic[M]):
    """The socket, opened when it is wanted and opened again when it is gone. ``sort`` says whose a
    frame is and what it means; None where it is nobody's. It raises
    `RemoteProtocolError`, or a `ProviderError` that is everybody's."""

    def __init__(
        self, peer: Peer, url: str, sort: Callable[[str | bytes], tuple[str, M] | None]
    ) -> None:
        self._peer, self._url, self._sort = peer, url, sort
        self._opening = asyncio.Lock()
        self._line: _Line[M] | None = None

    async def connect(self) -> _Line[M]:
        """The socket, open. Raises a `ProviderError`."""
        async with self._opening:
            line = self._line
            if line is not None and (line.failure is not None or not line.socket.usable):
                await self._give_up(line)
                line = None
            if line is None or line.distrusted:
                line = self._line = _Line(await self._peer.connect(self._url))
            return line

    async def open(self, name: str) -> Channel[M]:
        """A channel of a name nobody had before. Raises a `ProviderError`."""
        return Channel(name, await self.connect(), self)

    async def read(self, line: _Line[M]) -> None:
        """Read one frame and give it to whom it is for."""
        line.reading = True
        try:
            sorted_ = self._sort(await line.socket.receive())
        except RemoteProtocolError as error:
            line.fail(self._peer.garbled(error))
            return
        except ProviderError as error:
            line.fail(error)
            return
        finally:
            line.reading = False
        if sorted_ is not None and (channel := line.channels.get(sorted_[0])) is not None:
            channel.box.append(sorted_[1])
            channel.woken.set()

    async def aclose(self) -> None:
        """Close the socket. Doing it twice does nothing."""
        async with self._opening:
            line, self._line = self._line, None
            await self._give_up(line)

    async def _give_up(self, line: _Line[M] | None) -> None:
        if line is not None:
            line.fail(line.failure or Unavailable("was closed", provider=self._peer.provider))
            await line.socket.aclose()
