"""A socket without a network, and a line that remembers what it was told."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

from antiphon.testing.clock import VirtualClock
from antiphon.transports.websocket import wire
from antiphon.transports.websocket.greeting import greet
from antiphon.transports.websocket.settings import WebSocketSettings
from antiphon.transports.websocket.socket import Gone
from antiphon.transports.websocket.transport import WebSocketTransport

T = TypeVar("T")


class FakeSocket:
    """The peer's side is in the test's hand: `push` what it sends, read `sent`."""

    def __init__(self) -> None:
        self._inbound: asyncio.Queue[str | bytes | Gone] = asyncio.Queue()
        self.taking = asyncio.Event()
        """Cleared while the peer reads nothing."""
        self.taking.set()
        self.sent: list[str | bytes] = []
        self.closed: tuple[int, str] | None = None

    def push(self, *items: str | bytes | Gone | wire.ClientMessage) -> None:
        for item in items:
            raw = isinstance(item, str | bytes | Gone)
            self._inbound.put_nowait(item if raw else wire.encode(item))

    async def receive(self) -> str | bytes:
        item = await self._inbound.get()
        if isinstance(item, Gone):
            self.push(item)
            raise item
        return item

    async def send(self, message: str | bytes) -> None:
        await self.taking.wait()
        if self.closed:
            raise Gone(1006)
        self.sent.append(message)

    async def close(self, code: int, reason: str) -> None:
        await self.taking.wait()
        if self.closed is None:
            self.closed = (code, reason)
            self.push(Gone(code, reason))

    def said(self) -> list[wire.ServerMessage]:
        """The messages sent so far, pings left out."""
        messages = [wire.decode_server(item) for item in self.sent if isinstance(item, str)]
        return [message for message in messages if not isinstance(message, wire.Ping)]

    def audio(self, encoding: wire.Encoding = "pcm16") -> list[wire.AgentAudio]:
        return [wire.decode_audio(item, encoding) for item in self.sent if isinstance(item, bytes)]


class Told:
    """A `Line` that writes down."""

    def __init__(self) -> None:
        self.pcm = b""
        self.facts: list[tuple[str, Any]] = []

    def heard(self, pcm: bytes) -> None:
        self.pcm += pcm

    def played(self, samples: int) -> None:
        self.facts.append(("played", samples))

    def flushed(self, samples: int) -> None:
        self.facts.append(("flushed", samples))

    def pressed(self, digit: str) -> None:
        self.facts.append(("pressed", digit))

    def warned(self, what: str) -> None:
        self.facts.append(("warned", what))


class Scene:
    """One connection in pretended time."""

    def __init__(self, clock: VirtualClock, settings: WebSocketSettings, token: str = "") -> None:
        self.clock, self.settings, self.token = clock, settings, token
        self.socket, self.line = FakeSocket(), Told()
        self.transport: WebSocketTransport

    async def greet(self, *first: str | bytes | Gone | wire.ClientMessage) -> None:
        self.socket.push(*first)
        self.transport = await greet(
            self.socket,
            call="c1",
            token=self.token,
            settings=self.settings,
            clock=self.clock,
        )

    async def run(self) -> str:
        return await self.transport.run(self.line)

    async def settle(self, seconds: float = 0.01) -> None:
        """Let everything happen that is about to."""
        await self.clock.sleep(seconds)


Play = Callable[[Scene], Coroutine[Any, Any, T]]


@pytest.fixture
def play() -> Callable[..., Any]:
    """Run a scene: ``play(main, **settings)``; hello is said unless ``hello=False``."""

    def run(
        main: Play[T],
        *,
        hello: bool = True,
        rate_hz: int = 16000,
        encoding: wire.Encoding = "pcm16",
        token: str = "",
        transfers: bool = False,
        **settings: Any,
    ) -> T:
        async def begin(clock: VirtualClock) -> T:
            scene = Scene(clock, WebSocketSettings(**settings), token)
            if hello:
                hello_ = wire.Hello(
                    version=1, rate_hz=rate_hz, encoding=encoding, transfers=transfers
                )
                await scene.greet(hello_)
            return await main(scene)

        return VirtualClock().run(begin)

    return run
