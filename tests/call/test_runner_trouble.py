"""What goes wrong in a call ends at most that call, is in its log, and leaves nothing behind."""

import asyncio
import errno
import gc
import logging
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.call.conftest import Exchange, Held, Holding, Onlooker

from antiphon.actions import Action
from antiphon.call.conversation import Conversation
from antiphon.call.runner import TEARDOWN_S, Call
from antiphon.errors import RemoteProtocolError, Unavailable
from antiphon.events import CallEnded, CallStarted, Event, TranscriptChanged
from antiphon.net.roster import Roster
from antiphon.observe.logreader import Noted
from antiphon.ports.transport import Line
from antiphon.transports.file.settings import LineSettings
from antiphon.transports.file.transport import FileTransport
from antiphon.wiring.agent import conversation

GREETING = "Hello, how can I help?"
HOURS = "We open at eight. We close at six."
SCRIPT = """steps:
  - wait: agent_done
  - say: What are your hours?
  - wait: agent_done
"""
# Longer than any of the troubles below, and it talks all the time.
PRICES = """steps:
  - wait: agent_done
  - say: What is the price?
  - wait: agent_done
"""


class Around:
    """A transport around another: what a test overrides is what goes wrong."""

    def __init__(self, inner: FileTransport) -> None:
        self.inner = inner
        self.facts = inner.facts
        self.closed: list[str] = []
        self.play, self.gain, self.flush, self.tell = (
            inner.play,
            inner.gain,
            inner.flush,
            inner.tell,
        )

    async def run(self, line: Line) -> str:
        return await self.inner.run(line)

    async def aclose(self, reason: str) -> None:
        self.closed.append(reason)


@pytest.fixture
def no_trouble_elsewhere(hold: Holding, caplog: pytest.LogCaptureFixture) -> Any:
    """Hold a troubled call beside a good one; the good one must not notice."""

    def beside(troubled: Callable[[Exchange], Any], **how: Any) -> Any:
        async def main(exchange: Exchange) -> tuple[Held, Any]:
            async with asyncio.TaskGroup() as group:
                good = group.create_task(exchange.call(PRICES, name="good"))
                bad = group.create_task(troubled(exchange))
            return good.result(), bad.result()

        with caplog.at_level(logging.CRITICAL):
            good, bad = hold.exchange(main, **how)
        said = good.settings.dialog.topics[1].says
        assert good.heard == f"{GREETING} {said}"
        assert all(tone.share > 0.9 for tone in good.agent)
        assert longest_gap_s(good) < 0.35
        assert good.ended.reason == "the caller hung up"
        assert good.replayed().difference is None
        return bad

    return beside


def longest_gap_s(held: Held) -> float:
    """Inside the last reply, as the caller heard it."""
    tones = [tone for tone in held.agent if tone.start_s > held.caller[-1].end_s]
    return max(b.start_s - a.end_s for a, b in pairwise(tones))


def noted_s(held: Held, name: str) -> float:
    """How long after the call's end a note was made."""
    (note,) = [line for line in held.log.lines if isinstance(line, Noted) and line.name == name]
    return note.t - held.when("CallEnded")[0]


def ends_once(held: Held) -> None:
    """The end is told to the machines and logged once, and the log is complete."""
    assert held.told("CallEnded") == [held.ended]
    assert held.log.closed
    assert not held.log.torn
    assert held.replayed().difference is None


# --- the transport ------------------------------------------------------------------------------


class Breaking(Around):
    def __init__(self, inner: FileTransport, error: Exception, at_s: float = 1.0) -> None:
        super().__init__(inner)
        self.error, self.at_s = error, at_s

    async def run(self, line: Line) -> str:
        try:
            async with asyncio.timeout(self.at_s):
                return await self.inner.run(line)
        except TimeoutError:
            raise self.error from None


@pytest.mark.parametrize(
    "error", [RemoteProtocolError("no such message"), Unavailable("reset by peer")]
)
def test_a_broken_connection_is_the_caller_leaving(
    no_trouble_elsewhere: Any, error: Exception
) -> None:
    held = no_trouble_elsewhere(
        lambda exchange: exchange.call(SCRIPT, around=lambda t: Breaking(t, error))
    )
    assert held.ended == CallEnded(by="caller", reason=str(error))
    assert held.notes("transport_lost") == [{"why": str(error)}]
    ends_once(held)


def test_a_bug_in_a_transport_is_a_failure_of_that_call(no_trouble_elsewhere: Any) -> None:
    error = ZeroDivisionError("oh")
    held = no_trouble_elsewhere(
        lambda exchange: exchange.call(SCRIPT, around=lambda t: Breaking(t, error))
    )
    assert held.ended == CallEnded(by="failure", reason="ZeroDivisionError: oh")
    (note,) = held.notes("trouble")
    assert "in run" in note["trace"]
    ends_once(held)


def test_a_transport_that_will_not_close_is_left_after_two_seconds(
    no_trouble_elsewhere: Any,
) -> None:
    class Stuck(Around):
        async def aclose(self, reason: str) -> None:
            await asyncio.get_running_loop().create_future()

    held = no_trouble_elsewhere(lambda exchange: exchange.call(SCRIPT, around=Stuck))
    assert noted_s(held, "goodbye_failed") == pytest.approx(TEARDOWN_S, abs=0.01)
    assert held.notes("goodbye_failed") == [{"why": "TimeoutError: "}]
    ends_once(held)


def test_a_transport_that_cannot_close_does_not_keep_the_log_open(hold: Holding) -> None:
    class Torn(Around):
        async def aclose(self, reason: str) -> None:
            raise KeyError(reason)

    async def main(exchange: Exchange) -> Held:
        return await exchange.call(SCRIPT, around=Torn)

    held = hold.exchange(main)
    assert held.notes("goodbye_failed") == [{"why": "KeyError: 'the caller hung up'"}]
    ends_once(held)


def test_a_task_that_will_not_stop_is_told_twice(no_trouble_elsewhere: Any) -> None:
    class Lingering(Around):
        async def run(self, line: Line) -> str:
            try:
                return await super().run(line)
            finally:
                await asyncio.get_running_loop().create_future()

    script = "steps:\n  - wait: agent_done\n  - say: Goodbye.\n  - silence: 60"
    held = no_trouble_elsewhere(lambda exchange: exchange.call(script, around=Lingering))
    assert held.ended.by == "agent"
    assert noted_s(held, "slow_goodbye") == pytest.approx(TEARDOWN_S, abs=0.01)
    assert held.notes("slow_goodbye") == [{"tasks": ["Call._carry"]}]
    ends_once(held)


# --- bugs, wherever they are --------------------------------------------------------------------


def fails(*_: object, **__: object) -> Any:
    raise RuntimeError("a bug")


def in_the_engine(exchange: Exchange, call: Call) -> None:
    engine = type(exchange.recogniser)(clock=exchange.clock, words=exchange.words)
    engine.trouble = lambda: RuntimeError("a bug")
    call._hears._recognisers = Roster([engine])


def in_an_edge(exchange: Exchange, call: Call) -> None:
    """Called from the wheel that turns for everybody."""
    call._hears.voice = fails  # type: ignore[method-assign]


def in_a_beat(exchange: Exchange, call: Call) -> None:
    exchange.later(0.5, setattr, call._mouth._playout, "pump", fails)


def in_a_report(exchange: Exchange, call: Call) -> None:
    call._mouth.played = fails  # type: ignore[method-assign]


def in_caller_audio(exchange: Exchange, call: Call) -> None:
    exchange.later(1.0, setattr, call._ear, "hear", fails)


def in_an_order(exchange: Exchange, call: Call) -> None:
    call._hears.finalise = fails  # type: ignore[method-assign]


def in_the_machines(exchange: Exchange, call: Call) -> None:
    exchange.later(1.0, setattr, call._conversation, "receive", fails)


@pytest.mark.parametrize(
    "where",
    [
        in_the_engine,
        in_an_edge,
        in_a_beat,
        in_a_report,
        in_caller_audio,
        in_an_order,
        in_the_machines,
    ],
)
def test_a_bug_ends_one_call_and_is_in_its_log(
    no_trouble_elsewhere: Any, where: Callable[[Exchange, Call], None]
) -> None:
    held = no_trouble_elsewhere(
        lambda exchange: exchange.call(SCRIPT, begun=lambda call: where(exchange, call))
    )
    assert held.ended == CallEnded(by="failure", reason="RuntimeError: a bug")
    assert "Traceback" in held.notes("trouble")[0]["trace"]
    assert held.told("CallEnded") == [held.ended]
    assert held.log.closed


def test_a_bug_met_while_ending_does_not_change_how_it_ended(hold: Holding) -> None:
    class Untidy(Around):
        async def run(self, line: Line) -> str:
            try:
                return await super().run(line)
            finally:
                fails()

    async def main(exchange: Exchange) -> Held:
        return await exchange.call(
            "steps:\n  - wait: agent_done\n  - say: Goodbye.\n  - silence: 60", around=Untidy
        )

    held = hold.exchange(main)
    assert held.ended.by == "agent"
    assert [note["why"] for note in held.notes("trouble")] == ["RuntimeError: a bug"]
    ends_once(held)


def test_orders_given_at_the_end_are_logged_and_not_performed(hold: Holding) -> None:
    class Chatty(Conversation):
        def receive(self, event: Event, now: float) -> list[Action]:
            said = super().receive(CallStarted(channel="x"), now)
            return said if isinstance(event, CallEnded) else super().receive(event, now)

    async def main(exchange: Exchange) -> Held:
        plain = conversation(exchange.settings)
        return await exchange.call(SCRIPT, talk=Chatty(plain.turns, plain.dialog))

    held = hold.exchange(main)
    assert held.ended.by == "caller"
    assert held.told("CallEnded") == [held.ended]


def test_a_dialog_whose_time_never_comes_does_not_hold_the_loop(no_trouble_elsewhere: Any) -> None:
    class Restless(Conversation):
        def deadline(self) -> float | None:
            return -1.0

    async def main(exchange: Exchange) -> Held:
        plain = conversation(exchange.settings)
        return await exchange.call(SCRIPT, talk=Restless(plain.turns, plain.dialog))

    held = no_trouble_elsewhere(main)
    assert held.heard == f"{GREETING} {HOURS}"
    # Once a frame, and each time a line for the audio and one for the tick.
    assert len(held.log.lines) < 110 * held.when("CallEnded")[0] + 100


# --- what looks on ------------------------------------------------------------------------------


def test_a_watcher_that_fails_is_watched_without(hold: Holding) -> None:
    class Blind(Onlooker):
        def actions(self, actions: list[Action], now: float) -> None:
            fails()

    good, blind = Onlooker(), Blind()

    async def main(exchange: Exchange) -> Held:
        return await exchange.call(SCRIPT, watchers=(blind, good))

    held = hold.exchange(main)
    assert held.heard == f"{GREETING} {HOURS}"
    assert [type(event) for _, event in blind.events] == [CallStarted]
    assert held.notes("watcher_lost") == [{"why": "RuntimeError: a bug"}]
    assert [event for _, event in good.events] == [
        line.event for line in held.log.lines if hasattr(line, "event")
    ]
    assert good.events[-1][1] == held.ended


def test_a_recorder_that_fails_is_done_without(hold: Holding) -> None:
    class Full:
        caller = agent = unheard = close = fails

    async def main(exchange: Exchange) -> Held:
        return await exchange.call(SCRIPT, recorder=Full())

    held = hold.exchange(main)
    assert held.heard == f"{GREETING} {HOURS}"
    assert held.notes("recorder_lost") == [{"why": "RuntimeError: a bug"}]


def test_a_full_disk_does_not_end_the_call(hold: Holding, monkeypatch: pytest.MonkeyPatch) -> None:
    full: list[bool] = [False]
    write = os.write

    def refusing(file: int, data: bytes) -> int:
        if full[0]:
            raise OSError(errno.ENOSPC, "no space left")
        return write(file, data)

    monkeypatch.setattr(os, "write", refusing)

    async def main(exchange: Exchange) -> Held:
        exchange.later(1.0, full.__setitem__, 0, True)
        exchange.later(4.0, full.__setitem__, 0, False)
        return await exchange.call(SCRIPT)

    held = hold.exchange(main)
    assert held.heard == f"{GREETING} {HOURS}"
    assert held.log.lines[-1].lost == 0  # type: ignore[union-attr]
    ends_once(held)


# --- floods, leaps and holes --------------------------------------------------------------------


def test_a_flood_of_guesses_sheds_the_oldest(no_trouble_elsewhere: Any) -> None:
    async def main(exchange: Exchange) -> Held:
        def flood(call: Call) -> None:
            for number in range(10_000):
                call._inbox.put(
                    TranscriptChanged(
                        segment=900, text="", start_s=number, end_s=number, final=False
                    )
                )

        return await exchange.call(SCRIPT, begun=lambda call: exchange.later(1.5, flood, call))

    held = no_trouble_elsewhere(main)
    assert held.heard == f"{GREETING} {HOURS}"
    kept = [e.start_s for e in held.told("TranscriptChanged") if e.segment == 900]
    assert kept == list(range(9000, 10_000))
    ends_once(held)


def test_a_flood_of_facts_ends_that_call(no_trouble_elsewhere: Any) -> None:
    async def main(exchange: Exchange) -> Held:
        def flood(call: Call) -> None:
            for _ in range(10_000):
                call.pressed("1")

        return await exchange.call(SCRIPT, begun=lambda call: exchange.later(1.5, flood, call))

    held = no_trouble_elsewhere(main)
    assert held.ended == CallEnded(by="failure", reason="overwhelmed")
    assert len(held.told("DigitPressed")) == 1000
    ends_once(held)


def test_a_warning_of_the_transport_is_in_the_log(hold: Holding) -> None:
    async def main(exchange: Exchange) -> Held:
        return await exchange.call(
            SCRIPT, begun=lambda call: exchange.later(1.0, call.warned, "half a sample")
        )

    assert hold.exchange(main).notes("warning") == [{"what": "half a sample"}]


class Chunks(Around):
    """Caller audio comes in other pieces than frames."""

    def __init__(self, inner: FileTransport, sizes: list[int]) -> None:
        super().__init__(inner)
        self.sizes, self.waiting, self.number = sizes, bytearray(), 0

    async def run(self, line: Line) -> str:
        chunks = self

        class Chunked:
            played, flushed, pressed, warned = line.played, line.flushed, line.pressed, line.warned

            def heard(self, pcm: bytes) -> None:
                chunks.waiting += pcm
                while len(chunks.waiting) >= (size := chunks.sizes[chunks.number]):
                    line.heard(bytes(chunks.waiting[:size]))
                    del chunks.waiting[:size]
                    chunks.number = (chunks.number + 1) % len(chunks.sizes)

        return await self.inner.run(Chunked())


@pytest.mark.parametrize(
    "sizes", [[1, 7, 33, 501], [640], [4800]], ids=["odd", "double frames", "bursts of 0.3 s"]
)
def test_audio_may_come_in_any_pieces(hold: Holding, sizes: list[int]) -> None:
    async def main(exchange: Exchange) -> Held:
        return await exchange.call(SCRIPT, around=lambda t: Chunks(t, sizes))

    held = hold.exchange(main)
    assert held.turns == ["What are your hours?"]
    assert held.heard == f"{GREETING} {HOURS}"


@pytest.mark.parametrize("from_s, until_s", [(0.0, 3.0), (2.3, 5.3)])
def test_a_hole_in_the_audio_is_no_end_of_the_call(
    hold: Holding, from_s: float, until_s: float
) -> None:
    """At the start, and in the middle of an utterance."""
    held = hold(
        """
- wait: agent_done
- say: What are your hours?
- silence: 5
- say: Where can I park?
- wait: agent_done
""",
        line=LineSettings(outages_s=((from_s, until_s),)),
    )
    assert held.ended.by == "caller"
    assert held.turns[-1] == "Where can I park?"
    assert held.heard.endswith("Behind the house.")
    if from_s:
        # Nobody waits for audio that does not come: the turn ends at its ceiling.
        assert max(event.missing_s for event in held.told("AudioAdvanced")) > 1
        assert held.turns[0] == "What"
        assert held.when("Answer")[0] < until_s
    ends_once(held)


@pytest.mark.parametrize("leap_s", [-3600.0, 3600.0])
def test_a_clock_that_jumps_does_not_end_the_call(hold: Holding, leap_s: float) -> None:
    async def main(exchange: Exchange) -> Held:
        now, leapt = exchange.clock.now, [0.0]
        exchange.clock.now = lambda: now() + leapt[0]  # type: ignore[method-assign]
        # Only what the call itself reads: the transport's own time goes on.
        held_clock = exchange.clock

        class Leaping:
            def now(self) -> float:
                return now() + leapt[0]

            async def sleep_until(self, when_s: float) -> None:
                await held_clock.sleep_until(when_s - leapt[0])

        exchange.clock.now = now  # type: ignore[method-assign]
        exchange.call_clock = Leaping()
        exchange.later(2.2, leapt.__setitem__, 0, leap_s)
        return await exchange.call(SCRIPT)

    held = hold.exchange(main, turns={"max_call_s": 80_000})
    assert held.ended.by == "caller"
    assert "hours?" in " ".join(held.turns)
    ends_once(held)


# --- the end from outside -----------------------------------------------------------------------


@pytest.mark.parametrize("twice", [False, True])
def test_a_cancelled_call_still_takes_its_leave(no_trouble_elsewhere: Any, twice: bool) -> None:
    class Slow(Around):
        async def aclose(self, reason: str) -> None:
            await super().aclose(reason)
            await asyncio.get_running_loop().create_future()

    made: list[Around] = []

    def around(inner: FileTransport) -> Around:
        made.append(Slow(inner) if twice else Around(inner))
        return made[0]

    async def main(exchange: Exchange) -> tuple[str, Any]:
        calls: list[Call] = []
        task = asyncio.ensure_future(exchange.call(SCRIPT, around=around, begun=calls.append))
        exchange.later(2.5, task.cancel)
        if twice:
            exchange.later(3.0, task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task
        return (exchange.folder / "call.jsonl").read_text(), exchange

    log, _ = no_trouble_elsewhere(main)
    assert made[0].closed == ["cancelled"]
    assert log.count('"CallEnded"') == 1
    assert '"by":"failure","reason":"cancelled"' in log
    assert log.splitlines()[-1].startswith('{"t":2.5,"end"') or '"end"' in log.splitlines()[-1]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_nothing_is_left_behind_after_two_hundred_calls(hold: Holding) -> None:
    async def main(exchange: Exchange) -> tuple[int, ...]:
        async def one(number: int) -> None:
            script = ("steps:\n  - silence: 0.4", "steps:\n  - silence: 0.1")[number % 2]
            await exchange.call(script)

        async def counted() -> tuple[int, ...]:
            gc.collect()
            calls = sum(isinstance(thing, Call) for thing in gc.get_objects())
            return (
                len(asyncio.all_tasks()),
                len(exchange.vad._floors),
                sum(len(bucket) for bucket in exchange.plane._buckets),
                exchange.plane.backlog,
                exchange.voice.open,
                exchange.model.open,
                open_files(),
                calls,
            )

        await one(0)
        before = await counted()
        for number in range(200):
            await one(number)
        return tuple(b - a for a, b in zip(before, await counted(), strict=True))

    assert hold.exchange(main) == (0,) * 8
