"""A real server on a loopback port, in the test's own loop, with a pretended agent."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from antiphon.call.clock import LoopClock
from antiphon.ports.transport import Transport
from antiphon.server.app import create_app
from antiphon.server.calls import Calls
from antiphon.server.serve import Listening, _Server, listen, serve
from antiphon.server.settings import ServerSettings
from antiphon.transports.websocket.settings import WebSocketSettings


class Echo:
    """An agent that says back what it hears, and keeps notes of every call."""

    def __init__(self) -> None:
        self.heard: dict[str, bytes] = {}
        self.facts: dict[str, list[tuple[str, Any]]] = {}
        self.ended: dict[str, str | Exception] = {}
        self.over = asyncio.Condition()

    async def __call__(self, transport: Transport, call: str) -> None:
        assert transport.call == call
        line = _Line(transport)
        self.facts[call] = line.facts
        try:
            self.ended[call] = await transport.run(line)
        except Exception as error:
            self.ended[call] = error
            raise
        finally:
            self.heard[call] = bytes(line.pcm)
            async with self.over:
                self.over.notify_all()

    async def end_of(self, call: str) -> str | Exception:
        """How a call ended, once it has."""
        async with asyncio.timeout(10), self.over:
            await self.over.wait_for(lambda: call in self.ended)
        return self.ended[call]

    async def first_end(self) -> str | Exception:
        """How the first call to end did."""
        async with asyncio.timeout(10), self.over:
            await self.over.wait_for(lambda: self.ended)
        return next(iter(self.ended.values()))


class _Line:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.pcm = bytearray()
        self.facts: list[tuple[str, Any]] = []

    def heard(self, pcm: bytes) -> None:
        self.pcm += pcm
        self._transport.play(pcm)

    def played(self, samples: int) -> None:
        self.facts.append(("played", samples))

    def flushed(self, samples: int) -> None:
        self.facts.append(("flushed", samples))

    def pressed(self, digit: str) -> None:
        self.facts.append(("pressed", digit))
        if digit == "*":
            raise ZeroDivisionError("a bug in the agent")

    def warned(self, what: str) -> None:
        self.facts.append(("warned", what))


class Running:
    """A server under test."""

    def __init__(self, listening: Listening, calls: Calls, answer: Any) -> None:
        self.port = listening.port
        self.http = f"http://127.0.0.1:{listening.port}"
        self.call_url = f"ws://127.0.0.1:{listening.port}/v1/call"
        self.calls, self.answer = calls, answer
        self.done: asyncio.Task[None]
        self.server: _Server

    def stop(self) -> None:
        """As a signal would."""
        self.server.handle_exit(signal.SIGTERM, None)


Start = Callable[..., Any]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    """``async with start(answer, **settings) as running``."""

    @asynccontextmanager
    async def run(
        answer: Callable[[Transport, str], Awaitable[None]] | None = None,
        *,
        websocket: dict[str, Any] | None = None,
        name: str = "the agent",
        **given: Any,
    ) -> AsyncIterator[Running]:
        settings = ServerSettings(
            **{"port": 0, "drain_s": 0.2, "websocket": WebSocketSettings(**websocket or {})} | given
        )
        calls, clock = Calls(settings.max_calls), LoopClock()
        agent = answer or Echo()
        listening = listen(settings)
        running = Running(listening, calls, agent)
        made = _Server.__init__

        def note(self: _Server, *args: Any) -> None:
            running.server = self
            made(self, *args)

        monkeypatch.setattr(_Server, "__init__", note)
        ready = asyncio.Event()
        app = create_app(agent, settings, calls, clock, name)
        async with asyncio.TaskGroup() as group:
            running.done = group.create_task(
                serve(app, listening, settings, calls, clock, ready.set)
            )
            await ready.wait()
            try:
                yield running
            finally:
                running.stop()
                running.stop()

    return run
