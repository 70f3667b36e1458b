"""Several language models as one: who is asked, and the seam where one goes on for another."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.actions import Message
from antiphon.errors import ProviderError, Rejected, TimedOut, Unavailable
from antiphon.net.minds import Minds, Patience, Seam, _Words
from antiphon.net.roster import Roster
from antiphon.ports.llm import Asking, Saying
from antiphon.testing.clock import VirtualClock
from antiphon.testing.mind import ScriptedModel

ASKING = Asking(messages=(Message(role="user", text="When are you open?"),))
WHOLE = "We are open from nine to five, Monday to Friday."
DOWN = Unavailable("gone", provider="first")


@dataclass(kw_only=True)
class Reader(ScriptedModel):
    """Reading ahead takes it a while, or fails."""

    prime_s: float = 0.0
    prime_fault: ProviderError | None = None

    async def prime(self, messages: tuple[Message, ...]) -> None:
        self.open += 1
        try:
            await self.clock.sleep_until(self.clock.now() + self.prime_s)
        finally:
            self.open -= 1
        if self.prime_fault:
            raise self.prime_fault
        await super().prime(messages)


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
        self.second = Reader(clock=clock, name="second", says=[second])
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
        assert stage.roster.well(clock.now()) == [stage.first, stage.second]

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


def test_whoever_is_listened_to_no_longer_than_to_the_end_has_succeeded() -> None:
    """As calls do: nobody asks for more behind the last piece."""

    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, faults=[DOWN] * 3, second=WHOLE)
        for _ in range(3):
            await stage.answer()
        await clock.sleep_until(clock.now() + 6.0)
        answer = stage.minds.answer(ASKING)
        async for piece in answer:
            if piece.reason:
                break
        await answer.aclose()  # type: ignore[attr-defined]
        assert stage.roster.well(clock.now()) == [stage.first, stage.second]

    VirtualClock().run(main)


@pytest.mark.parametrize("cancelled", [False, True])
def test_whoever_was_stopped_amid_its_words_has_done_well(cancelled: bool) -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, faults=[DOWN] * 3, second=WHOLE)
        for _ in range(3):
            await stage.answer()
        await clock.sleep_until(clock.now() + 6.0)
        heard: list[Saying] = []

        async def listen() -> None:
            answer = stage.minds.answer(ASKING)
            try:
                async for piece in answer:
                    heard.append(piece)
                    if not cancelled and piece.text.startswith(" open"):
                        return
            finally:
                await answer.aclose()  # type: ignore[attr-defined]

        async with asyncio.TaskGroup() as group:
            listening = group.create_task(listen())
            await clock.sleep_until(clock.now() + 0.125)
            listening.cancel()
        assert heard
        assert not stage.first.open
        assert stage.roster.well(clock.now()) == [stage.first, stage.second]

    VirtualClock().run(main)


def test_reading_ahead_does_not_use_up_the_trial() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, faults=[DOWN] * 3, second=WHOLE)
        for _ in range(3):
            await stage.answer()
        await clock.sleep_until(clock.now() + 6.0)
        await stage.minds.prime(ASKING.messages)
        assert stage.first.primed
        assert {piece.by for piece in await stage.answer()} == {"first"}

    VirtualClock().run(main)


def test_who_was_cancelled_before_a_word_may_be_tried_by_the_next_request_at_once() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, faults=[DOWN] * 3, second=WHOLE)
        for _ in range(3):
            await stage.answer()
        await clock.sleep_until(clock.now() + 6.0)
        async with asyncio.TaskGroup() as group:
            trial = group.create_task(stage.answer())
            await clock.sleep_until(clock.now() + 0.05)
            assert stage.first.open
            assert stage.roster.well(clock.now()) == [stage.second]
            trial.cancel()
        assert stage.roster.well(clock.now()) == [stage.first, stage.second]
        assert {piece.by for piece in await stage.answer()} == {"first"}

    VirtualClock().run(main)


def test_who_stands_by_reads_ahead_too_and_rests_after() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, faults=())
        stage.second.prime_s = 0.5
        await stage.minds.prime(ASKING.messages)
        assert stage.first.primed == stage.second.primed == [ASKING.messages]
        await stage.minds.prime(ASKING.messages)
        await clock.sleep_until(clock.now() + 4.4)
        await stage.minds.prime(ASKING.messages)
        assert len(stage.second.primed) == 1
        await clock.sleep_until(clock.now() + 0.2)
        await stage.minds.prime(ASKING.messages)
        assert len(stage.second.primed) == 2
        assert len(stage.first.primed) == 4

    VirtualClock().run(main)


def test_a_request_of_any_call_goes_before_who_only_stands_by() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, faults=())
        stage.second.prime_s = 60.0
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(stage.minds.prime(ASKING.messages))
            await clock.sleep_until(clock.now() + 0.5)
            other = group.create_task(stage.minds.prime(ASKING.messages))
            await clock.sleep_until(clock.now() + 0.5)
            assert other.done(), "one reads at a time"
            assert stage.second.open == 1
            began = clock.now()
            await stage.answer()
            assert clock.now() - began < 3.0
            assert reading.done()
            assert not reading.cancelled()
        assert stage.second.open == 0

    VirtualClock().run(main)


def test_who_cannot_read_ahead_says_so_and_the_preferred_has() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, faults=())
        stage.second.prime_fault = DOWN
        with pytest.raises(Unavailable, match="gone"):
            await stage.minds.prime(ASKING.messages)
        assert stage.first.primed
        assert {piece.by for piece in await stage.answer()} == {"first"}

    VirtualClock().run(main)


def test_the_last_one_well_may_take_its_time() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, second=WHOLE)
        stage.second.first_token_s = stage.second.token_s = 5.0
        assert text(await stage.answer()) == WHOLE
        # And no sooner is one asked that is left alone for good reasons.
        stage.roster.failed(stage.first, Rejected("no"), clock.now())
        assert {piece.by for piece in await stage.answer()} == {"second"}

    VirtualClock().run(main)


def test_an_empty_beginning_is_no_beginning() -> None:
    async def main(clock: VirtualClock) -> None:
        stage = Stage(clock, second=WHOLE)
        stage.first.says = ["\n\nWe are"]
        assert text(await stage.answer()).split() == WHOLE.split()
        assert stage.second.asked[0].so_far == ""

    VirtualClock().run(main)


def test_languages_without_spaces_are_not_held_back() -> None:
    words = _Words(held=True)
    assert words.feed("我们九点", last=False) == "我们九点"
    assert words.feed("到five", last=False) == "到"
    assert words.feed(" p", last=False) == "five"
    assert words.feed("เปิดทุกวันตั้งแต่เก้าโมงเช้าถึงห้าโมงเย็น", last=False)


@pytest.mark.parametrize(
    "said, second, new",
    [
        ("Die Straße ist", "Die Straße ist lang.", " lang."),
        ("İzmir is", "İzmir is far.", " far."),
        ("That costs", "$5 a day.", " $5 a day."),
        ("We open at nine", ", and close at six.", ", and close at six."),
        ("We open (early", ") at nine.", ") at nine."),
        ("We open", "(early) at nine.", " (early) at nine."),
        ("我们九点", "我们九点到五点开门。", "到五点开门。"),
        ("我们从九点到五点", "从九点到五点开门。", "开门。"),
        ("我们九点", "到五点开门。", "到五点开门。"),
        ("word " * 100, "word " * 100 + "end", " end"),
        ("We are open", "We are open", ""),
        ("in", "inside", " inside"),
    ],
)
@pytest.mark.parametrize("step", [1, 3, 1000])
def test_a_seam_in_any_writing(said: str, second: str, new: str, step: int) -> None:
    seam = Seam(said)
    pieces = [second[at : at + step] for at in range(0, len(second), step)]
    out = [seam.feed(piece, last=False) for piece in pieces[:-1]]
    out.append(seam.feed(pieces[-1], last=True))
    assert "".join(out).strip() == new.strip()
    assert (said + "".join(out)).startswith((said + new).rstrip())


@given(st.lists(st.text(max_size=8), min_size=1, max_size=8), st.data())
def test_whatever_is_said_none_of_it_is_lost(pieces: list[str], data: st.DataObject) -> None:
    """A continuation is given as it is but for spaces before it and a beginning that repeats."""
    said = data.draw(st.text(min_size=1, max_size=20))
    seam, words = Seam(said), _Words(held=True)
    out = ""
    for at, piece in enumerate(pieces):
        last = at == len(pieces) - 1
        out += words.feed(seam.feed(piece, last=last), last=last)
    whole = "".join(pieces)
    assert whole.endswith((out, out[1:])) or f" {whole}".endswith(out)
    gone = whole.removesuffix(out.removeprefix(" ")).strip()
    assert gone.casefold() in said.casefold()
