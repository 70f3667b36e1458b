"""Handing a caller over, in whole calls: the line is asked, and what came of it is in the log."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.call.conftest import Exchange, Held, Holding, steps_of

from antiphon.actions import Transfer
from antiphon.call.transferring import Transferring
from antiphon.errors import ProviderError, TimedOut, Unavailable
from antiphon.events import CallEnded, Event, TransferFailed
from antiphon.ports.transport import Line
from antiphon.testing.clock import VirtualClock
from antiphon.testing.line import PretendTransport
from antiphon.transports.file.transport import FileTransport

THROUGH = "I will put you through to sales."
DIALOG: dict[str, Any] = {
    "topics": [{"name": "sales", "asks": ["buy"], "says": THROUGH, "transfer": "sales"}],
    "trouble": {
        "hearing": "I cannot hear you.",
        "transferring": "Somebody else will help you.",
        "not_transferred": "Nobody can be reached.",
        "leaving": "It does not get better.",
        "patience_s": 5.0,
        "transfer_to": "desk",
    },
}
BUY = """
- wait: agent_done
- say: I want to buy one.
- wait: agent_done
- silence: 6.0
"""


class Switchboard:
    """A line whose callers can be handed over."""

    def __init__(self, inner: FileTransport, outcome: ProviderError | None = None) -> None:
        self.inner, self.outcome = inner, outcome
        self.facts = replace(inner.facts, transfers=True)
        self.play, self.gain, self.flush = inner.play, inner.gain, inner.flush
        self.tell, self.aclose = inner.tell, inner.aclose
        self.asked: list[str] = []

    async def run(self, line: Line) -> str:
        return await self.inner.run(line)

    async def transfer(self, to: str) -> None:
        self.asked.append(to)
        if self.outcome:
            raise self.outcome


def held(hold: Holding, outcome: ProviderError | None = None, **how: Any) -> Held:
    return hold(BUY, dialog=DIALOG, around=lambda line: Switchboard(line, outcome), **how)


def test_the_caller_hears_the_sentence_and_is_handed_over(hold: Holding) -> None:
    call = held(hold)
    assert call.heard.endswith(THROUGH)
    assert call.ordered("Transfer") == [Transfer(to="sales")]
    assert call.ended == CallEnded(by="agent", reason="transferred to sales")
    assert call.replayed().difference is None


@pytest.mark.parametrize("error", [Unavailable("nobody answers"), TimedOut("no word")])
def test_where_it_cannot_be_done_the_caller_is_told(hold: Holding, error: ProviderError) -> None:
    call = held(hold, error)
    assert call.told("TransferFailed") == [TransferFailed(to="sales", reason=str(error))]
    assert call.heard.endswith(f"{THROUGH} Nobody can be reached.")
    assert call.ended.by == "caller"
    assert call.replayed().difference is None


def test_a_line_that_cannot_says_so(hold: Holding) -> None:
    call = hold(BUY, dialog=DIALOG)
    (failed,) = call.told("TransferFailed")
    assert failed.to == "sales"
    assert "on this line" in failed.reason
    assert call.heard.endswith("Nobody can be reached.")
    assert call.replayed().difference is None


def test_whom_nobody_understands_any_more_is_handed_to_a_person(hold: Holding) -> None:
    def deafen(exchange: Exchange) -> None:
        exchange.recogniser.refuses.extend([Unavailable("down")] * 100)

    call = hold(
        "- wait: agent_done\n- silence: 30.0\n",
        deafen,
        dialog=DIALOG,
        around=Switchboard,
    )
    assert call.ordered("Transfer") == [Transfer(to="desk")]
    assert call.heard.endswith("I cannot hear you. Somebody else will help you.")
    assert call.ended == CallEnded(by="agent", reason="transferred to desk")
    assert call.replayed().difference is None


def test_while_one_attempt_lasts_another_is_none() -> None:
    told: list[Event] = []

    async def main(clock: VirtualClock) -> PretendTransport:
        line = PretendTransport(clock=clock, transfers=True, transfer_s=3.0)
        line.faults.transfer = "refused"
        async with asyncio.TaskGroup() as group:
            transferring = Transferring(line, start=group.create_task, tell=told.append)
            transferring.hand_over("sales")
            await clock.sleep_until(clock.now() + 1.0)
            transferring.hand_over("sales")
            await clock.sleep_until(clock.now() + 3.0)
            assert told == [TransferFailed(to="sales", reason="nobody answers")]
            line.faults.transfer = "done"
            transferring.hand_over("desk")
        return line

    line = VirtualClock().run(main)
    assert [what for _, what in line.log] == ["transfer: sales", "transfer: desk"]
    assert told[1:] == [CallEnded(by="agent", reason="transferred to desk")]


def test_nobody_is_torn_away_in_the_middle_of_a_sentence(hold: Holding) -> None:
    """They talk on right behind the announcement: first they are heard out, and answered."""

    async def main(exchange: Exchange) -> Held:
        return await exchange.call(
            steps_of(
                """
- wait: agent_done
- say: I want to buy one.
- wait: agent_done
- say: That is really very kind of you, thank you so much.
- silence: 6.0
"""
            ),
            around=lambda line: SlowSwitchboard(line, exchange.clock),
        )

    call = hold.exchange(main, dialog=DIALOG)
    assert call.turns[-1].startswith("That is really")
    assert call.ended.reason == "transferred to sales"
    assert call.replayed().difference is None


def test_who_meanwhile_asks_for_somebody_else_gets_them_when_the_first_is_not_there(
    hold: Holding,
) -> None:
    bills = {"name": "bills", "asks": ["bill"], "says": "I will ask Ann.", "transfer": "ann"}
    boards: list[SlowSwitchboard] = []

    async def main(exchange: Exchange) -> Held:
        def around(line: FileTransport) -> SlowSwitchboard:
            boards.append(SlowSwitchboard(line, exchange.clock, absent="sales"))
            return boards[0]

        more = "- say: No, it is about my bill.\n- silence: 20.0\n"
        return await exchange.call(steps_of(BUY.replace("6.0", "0.5") + more), around=around)

    call = hold.exchange(main, dialog=DIALOG | {"topics": [*DIALOG["topics"], bills]})
    assert boards[0].asked == ["sales", "ann"]
    assert call.heard.endswith(f"{THROUGH} I will ask Ann.")
    assert call.ended.reason == "transferred to ann"
    assert call.replayed().difference is None


class SlowSwitchboard(Switchboard):
    """It takes longer to connect than the caller has to say, and one of them is not there."""

    def __init__(self, inner: FileTransport, clock: VirtualClock, absent: str = "") -> None:
        super().__init__(inner)
        self.clock, self.absent = clock, absent

    async def transfer(self, to: str) -> None:
        self.asked.append(to)
        await self.clock.sleep_until(self.clock.now() + 5.0)
        if to == self.absent:
            raise Unavailable("nobody answers")
