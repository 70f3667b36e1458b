"""Orders that the shell has no means for yet, and what the clock it runs on promises."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from tests.call.conftest import Exchange, Held, Holding

from antiphon import actions as order
from antiphon.actions import Action
from antiphon.call.clock import LoopClock
from antiphon.call.conversation import Conversation
from antiphon.call.runner import Call
from antiphon.events import Event
from antiphon.ports.llm import Asking, Saying
from antiphon.testing.clock import VirtualClock
from antiphon.wiring.agent import conversation

SCRIPT = """steps:
  - wait: agent_done
  - say: Nice weather today.
  - wait: agent_done
"""


class Ordering(Conversation):
    """Gives these orders at the start, whatever the machines say."""

    orders: tuple[Action, ...] = ()

    def receive(self, event: Event, now: float) -> list[Action]:
        given, self.orders = list(self.orders), ()
        return given + super().receive(event, now)


def ordering(hold: Holding, *orders: Action, **how: Any) -> Held:
    async def main(exchange: Exchange) -> Held:
        plain = conversation(exchange.settings)
        talk = Ordering(plain.turns, plain.dialog)
        talk.orders = orders
        return await exchange.call(SCRIPT, talk=talk, **how)

    return hold.exchange(main)


def test_a_tool_that_nobody_configured_ends_without_a_result(hold: Holding) -> None:
    held = ordering(hold, order.RunTool(request=90, name="book", arguments="{}"))
    (ended,) = held.told("ToolEnded")
    assert (ended.request, ended.reason) == (90, "no tools are configured")
    assert held.heard.endswith("I see what you mean.")


def test_a_transfer_that_the_line_cannot_do_is_answered(hold: Holding) -> None:
    held = ordering(hold, order.Transfer(to="sales"))
    (failed,) = held.told("TransferFailed")
    assert failed.to == "sales"
    assert held.ended.by == "caller"


def test_letting_go_of_what_was_never_asked_does_nothing(hold: Holding) -> None:
    held = ordering(hold, order.CancelModel(request=90), order.DiscardReply(reply=91))
    assert held.heard.endswith("I see what you mean.")


def test_only_the_newest_reading_ahead_goes_on(hold: Holding) -> None:
    read: list[tuple[str, bool]] = []

    class Reader:
        name = "reader"

        def answer(self, asking: Asking) -> AsyncIterator[Saying]:
            return Pieces()

        async def prime(self, messages: tuple[order.Message, ...]) -> None:
            done = False
            try:
                await VirtualClock().sleep_until(asyncio.get_running_loop().time() + 0.3)
                done = True
            finally:
                read.append((messages[0].text, done))

    class Pieces:
        """An answer that is no generator: there is nothing to close."""

        def __init__(self) -> None:
            self.left = [Saying(text="Quite."), Saying(text="", reason="stop")]

        def __aiter__(self) -> "Pieces":
            return self

        async def __anext__(self) -> Saying:
            return self.left.pop(0)

    async def main(exchange: Exchange) -> Held:
        exchange.model = Reader()
        plain = conversation(exchange.settings)
        talk = Ordering(plain.turns, plain.dialog)
        talk.orders = tuple(
            order.PrimeModel(messages=(order.Message(role="system", text=text),))
            for text in ("old", "new")
        )
        return await exchange.call(SCRIPT, talk=talk)

    held = hold.exchange(main)
    assert read[0] == ("new", True)
    assert all(done for _, done in read)
    assert held.heard.endswith("Quite.")


def test_trouble_after_the_end_changes_nothing(hold: Holding) -> None:
    calls: list[Call] = []
    held = ordering(hold, begun=calls.append)
    calls[0]._ear._open = True
    calls[0]._ear.hear = None  # type: ignore[assignment, method-assign]
    calls[0].heard(b"\0\0")
    calls[0].pressed("1")
    assert calls[0]._inbox.take() is None
    assert held.notes("trouble") == []


def test_an_order_is_carried_out_in_the_turn_of_the_loop_after_the_fact(hold: Holding) -> None:
    seen: list[str] = []

    async def main(exchange: Exchange) -> Held:
        def press(call: Call) -> None:
            call._mouth.stop = lambda: seen.append("stopped")  # type: ignore[method-assign]
            call.pressed("1")
            asyncio.get_running_loop().call_soon(seen.append, "next turn")

        return await exchange.call(
            "steps:\n  - silence: 2", begun=lambda call: exchange.later(1.0, press, call)
        )

    hold.exchange(main)
    assert seen == ["stopped", "next turn"]


def test_a_sleeper_cancelled_as_it_wakes_is_cancelled() -> None:
    async def main(_: VirtualClock) -> object:
        loop, clock = asyncio.get_running_loop(), LoopClock()
        sleeper = asyncio.ensure_future(clock.sleep_until(1.0))
        loop.call_at(1.0, sleeper.cancel)
        await clock.sleep_until(0.5)
        (outcome,) = await asyncio.gather(sleeper, return_exceptions=True)
        return outcome

    assert isinstance(VirtualClock().run(main), asyncio.CancelledError)


def test_the_real_clock_is_the_loops() -> None:
    async def main(pretended: VirtualClock) -> tuple[float, float]:
        clock = LoopClock()
        await clock.sleep_until(clock.now() + 2.5)
        await clock.sleep_until(clock.now() - 1.0)
        sleeper = asyncio.ensure_future(clock.sleep_until(1e9))
        await clock.sleep_until(clock.now())
        sleeper.cancel()
        await asyncio.gather(sleeper, return_exceptions=True)
        return clock.now(), pretended.now()

    assert VirtualClock().run(main) == (2.5, 2.5)
