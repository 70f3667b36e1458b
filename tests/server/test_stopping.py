"""How calls end that outlast the server: every caller is told, and every call is written down.

The callers here talk without a break, and a socket that is closed while something unread lies in
the kernel answers with a reset: what the server said last is then lost to whoever was talking.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.call.tones import ToneRecogniser, ToneVoice, Vocabulary
from tests.server.flooding import Flooding
from tests.server.test_bad_input import raw

from antiphon.call.clock import LoopClock
from antiphon.call.equipment import Equipment
from antiphon.cli.main import main
from antiphon.config.agent import AgentSettings
from antiphon.events import CallEnded
from antiphon.media.energy import EnergyVad
from antiphon.media.plane import Plane
from antiphon.net.roster import Roster
from antiphon.observe.logreader import Told, read
from antiphon.observe.playback import load
from antiphon.observe.recording import Recorder
from antiphon.server import connection, serve
from antiphon.transports.websocket import wire
from antiphon.transports.websocket.client import dial
from antiphon.wiring.agent import Agent

UNLIMITED = {"max_speed": 1e6, "burst_s": 1e3}
CALLERS = 4


async def silent(transport: Any, call: str) -> None:
    """An agent that only listens, for as long as one talks to it."""

    class Line:
        def heard(self, pcm: bytes) -> None: ...

    await transport.run(Line())


async def flooded(running: Any, stop: Callable[[], None]) -> list[Flooding]:
    """Callers who flood the server until it is stopped, and after."""
    loop, talking = asyncio.get_running_loop(), asyncio.Semaphore(0)
    callers = [Flooding(running.call_url) for _ in range(CALLERS)]

    def welcomed() -> None:
        loop.call_soon_threadsafe(talking.release)

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        for caller in callers:
            group.create_task(asyncio.to_thread(caller.call, welcomed))
        for _ in callers:
            await talking.acquire()
        stop()
    await running.done
    return callers


@pytest.mark.parametrize("_", range(10))
async def test_at_the_deadline_every_caller_is_told(start, _) -> None:
    async with start(silent, drain_s=0.01, websocket=UNLIMITED) as running:
        for caller in await flooded(running, running.stop):
            assert (caller.said[-1], caller.close_code) == (wire.Ended("stopping"), 1000)


@pytest.mark.parametrize("_", range(5))
async def test_at_a_second_signal_every_caller_is_told(start, _) -> None:
    def twice() -> None:
        running.stop()
        running.stop()

    async with start(silent, drain_s=60.0, websocket=UNLIMITED) as running:
        for caller in await flooded(running, twice):
            assert (caller.said[-1], caller.close_code) == (wire.Ended("stopping"), 1000)


@pytest.mark.parametrize("handshake", ["answered", "never"])
async def test_a_connection_without_a_call_is_told_too(start, monkeypatch, handshake) -> None:
    """And one that never answers does not hold the server up."""
    monkeypatch.setattr(connection, "FAREWELL_S", 0.3)
    async with start(silent, drain_s=0.01) as running, raw(running) as peer:
        if handshake == "never":
            peer.transport.pause_reading()
        running.stop()
        async with asyncio.timeout(2):
            await running.done
        peer.transport.resume_reading()
        await peer.wait_closed()
    assert peer.close_code == 1012


async def test_a_call_that_does_not_hang_up_is_cut_off(start, monkeypatch) -> None:
    monkeypatch.setattr(serve, "HANG_UP_S", 0.2)

    class Deaf:
        reasons: ClassVar[list[str]] = []

        def hang_up(self, reason: str) -> None:
            self.reasons.append(reason)

    async def deaf(transport: Any, call: str) -> None:
        running.calls.begun(call, Deaf())
        await silent(transport, call)

    async with start(deaf, drain_s=0.01) as running, dial(running.call_url) as client:
        running.stop()
        assert [item async for item in client] == [wire.Ended("stopping")]
        await running.done
    assert Deaf.reasons == ["stopping"]


async def test_a_third_signal_waits_for_nobody(start) -> None:
    async def stubborn(transport: Any, call: str) -> None:
        with suppress(asyncio.CancelledError):
            await silent(transport, call)
        released.set()
        await asyncio.shield(for_ever)

    released, for_ever = asyncio.Event(), asyncio.get_running_loop().create_future()
    async with start(stubborn, drain_s=60.0) as running, dial(running.call_url):
        running.stop()
        running.stop()
        async with asyncio.timeout(2):
            await released.wait()
            running.stop()
            await running.done
        for_ever.set_result(None)


# --- real calls, with pretended engines ----------------------------------------------------------


@asynccontextmanager
async def pretended() -> AsyncIterator[Agent]:
    settings = AgentSettings.model_validate({"name": "Desk", "dialog": {"greeting": "Hello."}})
    clock, words = LoopClock(), Vocabulary()
    plane = Plane(EnergyVad(), clock)
    equipment = Equipment(
        clock=clock,
        plane=plane,
        recognisers=Roster([ToneRecogniser(clock=clock, words=words)]),
        voices=Roster([ToneVoice(clock=clock, words=words)]),
        mouth=settings.mouth,
    )
    async with asyncio.TaskGroup() as group:
        wheel = group.create_task(plane.run())
        yield Agent(settings, equipment)
        wheel.cancel()


async def test_a_call_that_is_hung_up_is_written_to_its_end(start, tmp_path: Path) -> None:
    """Its log says why it ended and replays; its recording ends where the call did."""

    async def answer(transport: Any, call: str) -> None:
        recorder = Recorder(tmp_path / f"{call}.wav", transport.facts.rate_hz, pytest.fail)
        await desk.answer(
            transport,
            desk.journal(tmp_path / f"{call}.jsonl", call),
            recorder=recorder,
            begun=partial(running.calls.begun, call),
        )

    async with (
        pretended() as desk,
        start(answer, drain_s=0.01, websocket=UNLIMITED) as running,
    ):
        callers = await flooded(running, running.stop)

    for caller in callers:
        welcome, last = caller.said[0], caller.said[-1]
        assert isinstance(welcome, wire.Welcome)
        assert (last, caller.close_code) == (wire.Ended("stopping"), 1000)
        log = read(tmp_path / f"{welcome.call}.jsonl")
        assert log.closed
        told = [line.event for line in log.lines if isinstance(line, Told)]
        assert told[-1] == CallEnded(by="agent", reason="stopping")
        assert load(tmp_path / f"{welcome.call}.wav").seconds > 0.5
        assert main(["replay", str(log.path)]) == 0
