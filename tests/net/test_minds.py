"""Several language models as one: who is asked, and the seam where one goes on for another."""

from collections import deque
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.actions import Message
from antiphon.errors import ProviderError, Rejected, TimedOut, Unavailable
from antiphon.net.minds import Minds, Patience, Seam
from antiphon.net.roster import Roster
from antiphon.ports.llm import Asking, Saying
from antiphon.testing.clock import VirtualClock
from antiphon.testing.mind import ScriptedModel

ASKING = Asking(messages=(Message(role="user", text="When are you open?"),))
WHOLE = "We are open from nine to five, Monday to Friday."
DOWN = Unavailable("gone", provider="first")


class Stage:
    """Two models, in pretended time."""

    def __init__(
        self,
        clock: VirtualClock,
        *,
        faults: Sequence[ProviderError] = (DOWN,),
        second: str = "five, Monday to Friday.",
        first_token_s: float = 0.1,
    ) -> None:
        self.first = ScriptedModel(
            clock=clock,
            name="first",
            says=[WHOLE],
            faults=deque(faults),
            first_token_s=first_token_s,
        )
        self.second = ScriptedModel(clock=clock, name="second", says=[second])
        self.roster: Roster[ScriptedModel] = Roster([self.first, self.second])
        self.minds = Minds(self.roster, clock, Patience(first_s=1.0, between_s=1.0))  # type: ignore[arg-type]

    async def answer(self) -> list[Saying]:
        return [piece async for piece in self.minds.answer(ASKING)]


def text(pieces: list[Saying]) -> str:
    return "".join(piece.text for piece in pieces)


def test_the_preferred_one_answers_and_is_named() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, faults=())
        pieces = await stage.answer()
        assert text(pieces) == WHOLE
        assert {piece.by for piece in pieces} == {"first"}
        assert pieces[-1].reason == "stop"
        assert not stage.second.asked

    VirtualClock().run(main)


def test_the_next_goes_on_where_one_broke_off() -> None:
    async def main(clock: VirtualClock) -> None:
        # The first fails after half of its ten words; the fifth was not whole yet.
        stage = Stage(clock, second="nine to five, Monday to Friday.")
        pieces = await stage.answer()
        assert stage.second.asked[0].so_far == "We are open from"
        assert text(pieces) == WHOLE
        assert [piece.by for piece in pieces if piece.text][-1] == "second"

    VirtualClock().run(main)


@pytest.mark.parametrize(
    "second",
    [
        "nine to five, Monday to Friday.",
        " nine to five, Monday to Friday.",
        "from nine to five, Monday to Friday.",
        "We are open from nine to five, Monday to Friday.",
        "we are open from nine to five, Monday to Friday.",
        "open from nine to five, Monday to Friday.",
    ],
)
def test_however_it_begins_no_word_is_said_twice(second: str) -> None:
    async def main(clock: VirtualClock) -> None:
        assert text(await Stage(clock, second=second).answer()) == WHOLE

    VirtualClock().run(main)


def test_one_that_says_nothing_is_not_waited_for() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, faults=(), second=WHOLE, first_token_s=60.0)
        began = clock.now()
        assert text(await stage.answer()) == WHOLE
        assert clock.now() - began < 2.0
        assert not stage.first.open

    VirtualClock().run(main)


def test_the_last_one_left_may_take_its_time() -> None:
    async def main(clock: VirtualClock) -> None:
        slow = ScriptedModel(clock=clock, says=[WHOLE], first_token_s=60.0)
        alone = Minds(Roster([slow]), clock)
        assert text([piece async for piece in alone.answer(ASKING)]) == WHOLE

    VirtualClock().run(main)


def test_nobody_left_is_the_last_ones_error() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock)
        stage.second.faults.append(Rejected("no", provider="second"))
        with pytest.raises(Rejected, match="second: no"):
            await stage.answer()

    VirtualClock().run(main)


def test_who_keeps_failing_is_passed_over_until_it_is_well() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, faults=[DOWN] * 3, second=WHOLE)
        for _ in range(3):
            await stage.answer()
        asked = len(stage.first.asked)
        await stage.answer()
        assert len(stage.first.asked) == asked
        await clock.sleep_until(clock.now() + 6.0)
        pieces = await stage.answer()
        assert {piece.by for piece in pieces} == {"first"}
        states = [standing.state for standing in stage.roster.standings(clock.now())]
        assert states == ["closed", "closed"]

    VirtualClock().run(main)


def test_where_nobody_is_well_the_preferred_one_is_asked_all_the_same() -> None:
    roster = Roster([ScriptedModel(clock=VirtualClock(), name="only")])
    for _ in range(3):
        roster.failed(roster.preferred, TimedOut("late"), 0.0)
    assert roster.pick(0.1) is roster.preferred


@given(st.data())
def test_a_seam_neither_loses_nor_doubles_a_word(data: st.DataObject) -> None:
    words = [f"word{number}" for number in range(data.draw(st.integers(2, 12)))]
    cut = data.draw(st.integers(1, len(words) - 1))
    back = data.draw(st.integers(0, cut))
    second = " ".join(words[cut - back :])
    seam = Seam(" ".join(words[:cut]))
    out, at = "", 0
    while at < len(second):
        step = data.draw(st.integers(1, 7))
        out += seam.feed(second[at : at + step], last=at + step >= len(second))
        at += step
    assert (" ".join(words[:cut]) + out).split() == words
