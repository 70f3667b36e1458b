"""A recogniser may die at any moment: no word is lost, and none is told twice."""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from tests.call.conftest import Exchange, Holding

from antiphon.call.hearing import OpenEar
from antiphon.call.tries import COMES_BACK_S, WAITS_S
from antiphon.errors import AtCapacity, ProviderError, Unavailable
from antiphon.events import (
    EndpointHinted,
    SpeechStarted,
    SpeechStopped,
    TranscriptChanged,
    Word,
)
from antiphon.net.roster import Roster
from antiphon.ports.stt import Heard, Hearing
from antiphon.testing.attendance import Attendees
from antiphon.testing.clock import VirtualClock

LONG = "What are your hours, please, and what is the price?"
# It is said from 1.99 s to 4.43 s of the call, with a breath after "please,".
SCRIPT = """
- wait: agent_done
- say: What are your hours, please, <breath 0.25> and what is the price?
- wait: agent_done
- say: Where can I park?
- wait: agent_done
"""


def no_word_is_lost_or_doubled(hold: Holding, prepare: Callable[[Exchange], None]) -> int:
    exchanges: list[Exchange] = []
    held = hold(SCRIPT, lambda exchange: (prepare(exchange), exchanges.append(exchange))[0])
    assert held.turns[-2:] == [LONG, "Where can I park?"]
    assert len(held.dialog.memory) == 2
    assert held.heard.endswith("Behind the house.")
    told = held.told("TranscriptChanged")
    parking = [event.segment for event in told if "park?" in event.text]
    assert min(parking) > min(event.segment for event in told if "price?" in event.text)
    assert held.replayed().difference is None
    return exchanges[0].recogniser.opened


@pytest.mark.parametrize("dies_at", [round(1.9 + 0.15 * n, 2) for n in range(20)])
def test_it_may_die_at_any_moment_of_an_utterance(hold: Holding, dies_at: float) -> None:
    opened = no_word_is_lost_or_doubled(hold, lambda x: x.recogniser.dies_at.append(dies_at))
    assert opened == 2


def test_it_may_die_again_and_again(hold: Holding) -> None:
    def dying(exchange: Exchange) -> None:
        exchange.recogniser.dies_at.extend([2.1, 2.3, 2.5, 3.3, 4.0])

    assert no_word_is_lost_or_doubled(hold, dying) == 6


@pytest.mark.parametrize("refusals", [1, 3])
def test_it_may_be_gone_for_a_while(hold: Holding, refusals: int) -> None:
    """In the middle of the utterance, for longer than what is left of it."""

    def gone(exchange: Exchange) -> None:
        exchange.recogniser.dies_at.append(3.6)
        exchange.later(
            2.0,
            exchange.recogniser.refuses.extend,
            [Unavailable("refused", provider="tones") for _ in range(refusals)],
        )

    no_word_is_lost_or_doubled(hold, gone)


def test_a_call_may_begin_without_one(hold: Holding) -> None:
    def refuse(exchange: Exchange) -> None:
        exchange.recogniser.refuses.extend(Unavailable("not yet") for _ in range(5))

    held = hold(SCRIPT, refuse)
    assert [note["why"] for note in held.notes("recogniser_lost")] == ["not yet"] * 5
    assert held.turns[-1] == "Where can I park?"


class _Away(deque[ProviderError]):
    """Refuses between two moments."""

    def __init__(self, clock: VirtualClock, from_s: float, until_s: float) -> None:
        super().__init__()
        self._clock, self._from_s, self._until_s = clock, from_s, until_s

    def __bool__(self) -> bool:
        return self._from_s <= self._clock.now() < self._until_s

    def popleft(self) -> ProviderError:
        return Unavailable("away", provider="tones")


@pytest.mark.parametrize("gone_s", [1.0, 3.0, 9.0, 15.0])
@pytest.mark.parametrize("at_once", [True, False], ids=["cut off amid words", "gone before"])
def test_what_is_said_while_nobody_hears_is_understood_later(
    hold: Holding, gone_s: float, at_once: bool
) -> None:
    """Cut off amid words, the turn is answered for what of it was read, and amended by the rest."""

    def gone(exchange: Exchange) -> None:
        now = exchange.clock.now()
        exchange.recogniser.dies_at.append(now + 1.0)
        exchange.recogniser.refuses = _Away(exchange.clock, now + 0.9, now + 1.0 + gone_s)

    wait = "" if at_once else "- wait: agent_done\n- silence: 0.5\n"
    script = f"{wait}- say: What are your hours, please?\n- silence: 8\n- say: Where can I park?"
    held = hold(f"{script}\n- silence: 14", gone)
    said = " ".join(past.said for past in held.dialog.memory)
    assert said == "What are your hours, please? Where can I park?"
    assert held.replayed().difference is None


# --- one ear, by hand -------------------------------------------------------------------------


@dataclass
class Ear:
    """A recognition that keeps what it was told."""

    tell: Callable[[Heard], None]
    fed: bytearray = field(default_factory=bytearray)
    got: list[object] = field(default_factory=list)
    at: list[tuple[int, object]] = field(default_factory=list)
    """How much had been fed when it was told of each edge."""

    def __post_init__(self) -> None:
        self.end: asyncio.Future[ProviderError | None] = asyncio.get_running_loop().create_future()

    def feed(self, pcm: bytes) -> None:
        self.fed += pcm

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        self.got.append(edge)
        self.at.append((len(self.fed) // 2, edge))

    def finalise(self, until_s: float) -> None:
        self.got.append(("finalise", round(until_s, 3)))

    def forget(self, until_s: float) -> None:
        self.got.append(("forget", round(until_s, 3)))

    async def run(self) -> None:
        if error := await self.end:
            raise error

    def die(self) -> None:
        self.end.set_result(Unavailable("died"))


class Ward:
    """An open ear, its recognitions, and what came out."""

    name = "ward"
    rates_hz: tuple[int, ...] = (16_000,)

    def __init__(self, clock: VirtualClock, seed: int = 4711) -> None:
        self.clock = clock
        self.ears: list[Ear] = []
        self.opened_at: list[float] = []
        self.told: list[Heard] = []
        self.attendees = Attendees()
        self.refusing = False
        self.fed_s = 0.0
        self.ear = OpenEar(
            Roster([self]),
            line=Hearing(keyterms=("Riverside",)),
            tell=self.told.append,
            attendance=self.attendees,
            clock=clock,
            chance=random.Random(seed).random,
        )

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> Ear:
        assert hearing == Hearing(rate_hz=16_000, language="en", keyterms=("Riverside",))
        self.opened_at.append(self.clock.now())
        if self.refusing:
            raise Unavailable("refused")
        self.ears.append(Ear(tell))
        return self.ears[-1]

    async def start(self) -> None: ...
    async def aclose(self) -> None: ...

    async def hear(self, seconds: float) -> None:
        """So much audio, every sample of it different, in real time."""
        for _ in range(round(seconds / 0.02)):
            first = round(self.fed_s * 16_000)
            numbers = np.arange(first, first + 320, dtype=np.int64)
            self.ear.feed((numbers % 60_000 - 30_000).astype("<i2").tobytes())
            self.fed_s = round(self.fed_s + 0.02, 6)
            await self.clock.sleep(0.02)

    def begins_s(self, ear: Ear) -> float:
        """Where what a recognition was fed begins, of the call."""
        return self.fed_s - len(ear.fed) / 32_000

    def first_fed(self, ear: Ear) -> int:
        """The position of the first sample a recognition was fed."""
        return int(np.frombuffer(bytes(ear.fed[:2]), "<i2")[0]) + 30_000


def in_a_ward(main: Callable[[Ward], object], seed: int = 4711) -> Ward:
    async def run(clock: VirtualClock) -> Ward:
        ward = Ward(clock, seed)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(ward.ear.run())
            await main(ward)  # type: ignore[misc]
            running.cancel()
        return ward

    return VirtualClock().run(run)


def said(text: str, start_s: float, end_s: float, segment: int = 0, final: bool = True) -> Heard:
    word = Word(text=text, start_s=start_s, end_s=end_s)
    return TranscriptChanged(
        segment=segment, text=text, start_s=start_s, end_s=end_s, final=final, words=(word,)
    )


def test_what_comes_before_it_runs_is_kept_for_it() -> None:
    async def main(ward: Ward) -> None:
        ward.ear.voice(SpeechStarted(at_s=0.0))
        ward.ear.finalise(0.0)
        await ward.hear(0.1)
        assert len(ward.ears[0].fed) == 2 * 1600
        assert ward.ears[0].got == [SpeechStarted(at_s=0.0), ("finalise", 0.0)]

    in_a_ward(main)


def test_a_new_one_hears_what_no_final_reading_covers() -> None:
    async def main(ward: Ward) -> None:
        await ward.hear(1.0)
        ward.ear.voice(SpeechStarted(at_s=0.8))
        await ward.hear(1.0)
        ward.ears[0].tell(said("one", 0.8, 1.5))
        ward.ear.voice(SpeechStopped(at_s=1.5))
        ward.ear.voice(SpeechStarted(at_s=1.8))
        ward.ears[0].tell(said("two", 1.8, 2.0, segment=1, final=False))
        ward.ears[0].die()
        await ward.hear(0.5)
        # From the end of the final reading, the second burst's beginning where it was.
        assert ward.first_fed(ward.ears[1]) == 24_000
        assert ward.ears[1].at == [
            (pytest.approx(4800, abs=1), SpeechStarted(at_s=pytest.approx(0.3)))
        ]
        assert len(ward.ears[1].fed) == 2 * (40_000 - 24_000)
        ward.ears[1].tell(said("two and three", 0.3, 0.9, final=False))
        ward.ears[1].tell(said("four", 0.9, 1.0, segment=1))

    ward = in_a_ward(main)
    assert [(e.segment, e.text, round(e.start_s, 3)) for e in ward.told] == [  # type: ignore[union-attr]
        (0, "one", 0.8),
        (1, "two", 1.8),
        (1, "two and three", 1.8),
        (2, "four", 2.4),
    ]
    assert ward.told[-1].words[0].end_s == pytest.approx(2.5)  # type: ignore[union-attr]


def test_guesses_that_one_segment_replaces_are_withdrawn() -> None:
    async def main(ward: Ward) -> None:
        ward.ear.voice(SpeechStarted(at_s=0.1))
        await ward.hear(1.0)
        ward.ears[0].tell(said("what", 0.1, 0.4, final=False))
        ward.ears[0].tell(said("are", 0.4, 0.6, segment=1, final=False))
        ward.ears[0].die()
        await ward.hear(0.1)
        ward.ears[1].tell(said("what are", 0.1, 0.6))

    ward = in_a_ward(main)
    newest = {e.segment: e.text for e in ward.told}  # type: ignore[union-attr]
    assert newest == {0: "what are", 1: ""}


def test_a_final_reading_of_speech_that_goes_on_is_no_end() -> None:
    """Asked amid speech, a reading ends in the middle of a word: that word is heard again."""

    async def main(ward: Ward) -> None:
        ward.ear.voice(SpeechStarted(at_s=0.5))
        await ward.hear(1.0)
        ward.ears[0].tell(said("sto", 0.5, 0.9))
        ward.ears[0].die()
        await ward.hear(0.1)
        assert ward.first_fed(ward.ears[1]) == 0
        ward.ears[1].tell(said("stop", 0.5, 1.0))

    ward = in_a_ward(main)
    assert [e.segment for e in ward.told] == [0, 0]  # type: ignore[union-attr]


def test_nor_is_it_one_when_the_voice_has_stopped_since() -> None:
    async def main(ward: Ward) -> None:
        ward.ear.voice(SpeechStarted(at_s=0.5))
        await ward.hear(1.0)
        ward.ears[0].tell(said("sto", 0.5, 0.9))
        ward.ear.voice(SpeechStopped(at_s=1.2))
        await ward.hear(0.5)
        ward.ears[0].die()
        await ward.hear(0.1)
        assert ward.begins_s(ward.ears[1]) == pytest.approx(0.0, abs=0.02)
        ward.ears[1].tell(said("stop", 0.5, 1.2))
        ward.ears[1].die()
        await ward.hear(0.4)
        # That one was heard to its end.
        assert ward.begins_s(ward.ears[2]) == pytest.approx(1.2, abs=0.02)

    ward = in_a_ward(main)
    assert [e.segment for e in ward.told] == [0, 0]  # type: ignore[union-attr]


def test_what_is_settled_is_not_heard_again() -> None:
    async def main(ward: Ward) -> None:
        ward.ear.voice(SpeechStarted(at_s=0.1))
        await ward.hear(1.0)
        ward.ears[0].tell(said("yes", 0.1, 0.4))
        ward.ear.voice(SpeechStopped(at_s=0.4))
        ward.ear.finalise(0.4)
        ward.ear.settle(0.4)
        ward.ears[0].tell(said("yes", 0.1, 0.4))  # late: it concerns nobody any more
        ward.ear.voice(SpeechStarted(at_s=0.7))
        ward.ears[0].die()
        await ward.hear(0.1)
        assert ward.first_fed(ward.ears[1]) == 6400
        assert ward.ears[1].got == [SpeechStarted(at_s=pytest.approx(0.3))]
        ward.ears[1].tell(said("no", 0.3, 0.6))
        ward.ear.settle(0.9)
        assert ward.ears[1].got[-1] == ("forget", 0.5)

    ward = in_a_ward(main)
    assert [e.segment for e in ward.told] == [0, 0, 1]  # type: ignore[union-attr]


def test_speech_that_was_settled_half_way_is_heard_on_from_there() -> None:
    async def main(ward: Ward) -> None:
        ward.ear.voice(SpeechStarted(at_s=0.1))
        await ward.hear(1.0)
        ward.ear.settle(0.5)
        ward.ears[0].die()
        await ward.hear(0.1)
        assert ward.ears[1].got == [SpeechStarted(at_s=0.0)]
        assert ward.first_fed(ward.ears[1]) == 8000

    in_a_ward(main)


def test_a_final_reading_that_was_asked_for_while_it_was_dead_is_asked_for_again() -> None:
    async def main(ward: Ward) -> None:
        ward.refusing = True
        ward.ears[0].die()
        ward.ear.voice(SpeechStarted(at_s=0.1))
        await ward.hear(0.6)
        ward.ear.voice(SpeechStopped(at_s=0.4))
        ward.ear.finalise(0.4)
        ward.ear.settle(0.0)
        ward.refusing = False
        await ward.hear(1.0)
        assert ward.ears[1].got == [
            SpeechStarted(at_s=0.1),
            SpeechStopped(at_s=0.4),
            ("finalise", 0.4),
        ]
        ward.ears[1].tell(said("yes", 0.1, 0.4))
        ward.ears[1].die()
        await ward.hear(2.1)
        assert ward.ears[2].got == []

    async def begun(ward: Ward) -> None:
        await ward.hear(0.02)
        await main(ward)

    in_a_ward(begun)


def test_the_dead_are_not_listened_to() -> None:
    async def main(ward: Ward) -> None:
        await ward.hear(0.1)
        ward.ears[0].die()
        await ward.hear(0.1)
        ward.ears[0].tell(said("boo", 0.0, 0.1))
        ward.ears[1].tell(EndpointHinted(kind="ended", at_s=0.0))

    ward = in_a_ward(main)
    assert ward.told == [EndpointHinted(kind="ended", at_s=0.0)]


def test_hints_are_put_on_the_calls_time() -> None:
    async def main(ward: Ward) -> None:
        await ward.hear(1.0)
        ward.ear.settle(1.0)
        ward.ears[0].die()
        await ward.hear(0.5)
        ward.ears[1].tell(EndpointHinted(kind="eager", at_s=0.25))

    assert in_a_ward(main).told == [EndpointHinted(kind="eager", at_s=1.25)]


def test_one_that_keeps_dying_is_tried_ever_less_often() -> None:
    async def main(ward: Ward) -> None:
        ward.refusing = True
        await ward.hear(10.0)

    waits = [np.diff(in_a_ward(main, seed).opened_at) for seed in range(20)]
    for number, (least_s, most_s) in enumerate([*WAITS_S, WAITS_S[-1], WAITS_S[-1]]):
        drawn = [each[number] for each in waits]
        assert least_s <= min(drawn) <= max(drawn) <= most_s
        # They differ from call to call, and not from run to run.
        assert max(drawn) - min(drawn) > (most_s - least_s) / 2
    assert list(waits[3]) == list(np.diff(in_a_ward(main, 3).opened_at))


def test_ten_good_seconds_make_up_for_every_failure() -> None:
    async def main(ward: Ward) -> None:
        for _ in range(3):
            await ward.hear(0.3)
            ward.ears[-1].die()
        await ward.hear(11.0)
        ward.ears[-1].die()
        await ward.hear(0.06)
        ward.ears[-1].end.set_result(None)
        await ward.hear(1.0)

    ward = in_a_ward(main)
    assert len(ward.ears) == 6
    # At once, after 0.2 s, after 0.5 s; then it lasted: at once again, and after 0.2 s.
    assert np.diff(ward.opened_at) == pytest.approx([0.3, 0.5, 0.6, 10.5, 0.22], abs=0.12)
    assert ward.attendees.losses[-1] == "ward: stopped listening"


def test_not_more_is_kept_than_can_be_needed() -> None:
    async def main(ward: Ward) -> None:
        await ward.hear(4.0)
        ward.ears[0].die()
        await ward.hear(0.06)
        assert len(ward.ears[1].fed) <= 2 * 16_000 * 2.1
        ward.ear.voice(SpeechStarted(at_s=4.0))
        await ward.hear(25.0)
        ward.ears[1].die()
        await ward.hear(0.06)
        assert 2 * 16_000 * 19.9 <= len(ward.ears[2].fed) <= 2 * 16_000 * 20.1
        assert ward.ears[2].got == [SpeechStarted(at_s=0.0)]

    in_a_ward(main)


@pytest.mark.parametrize("gone_s", [3.0, 8.0, 15.0])
def test_who_spoke_while_nobody_listened_is_heard_when_somebody_does(gone_s: float) -> None:
    async def main(ward: Ward) -> None:
        await ward.hear(5.0)
        ward.refusing = True
        ward.ears[0].die()
        await ward.hear(1.0)
        ward.ear.voice(SpeechStarted(at_s=6.0))
        await ward.hear(1.5)
        ward.ear.voice(SpeechStopped(at_s=7.0))
        ward.ear.finalise(7.0)
        await ward.hear(gone_s - 2.5)
        ward.refusing = False
        await ward.hear(2.5)
        begin_s = ward.begins_s(ward.ears[1])
        # From a little before the voice on, and not from where the silence began.
        assert begin_s == pytest.approx(4.0, abs=0.1)
        assert [type(edge) for edge in ward.ears[1].got[:2]] == [SpeechStarted, SpeechStopped]
        assert ward.ears[1].got[2] == ("finalise", pytest.approx(3.0, abs=0.1))

    in_a_ward(main)


def test_silence_while_nobody_listened_is_not_read_through() -> None:
    async def main(ward: Ward) -> None:
        ward.refusing = True
        await ward.hear(12.0)
        ward.refusing = False
        await ward.hear(2.5)
        opened_s = ward.opened_at[-1]
        assert len(ward.ears[0].fed) / 32_000 == pytest.approx(2.0 + ward.fed_s - opened_s, abs=0.1)

    in_a_ward(main)


def test_words_without_any_voice_are_not_dealt_with_either() -> None:
    """A whisper that the dead one told, and our detector never noticed."""

    async def main(ward: Ward) -> None:
        await ward.hear(5.0)
        ward.ears[0].tell(said("psst", 4.0, 4.5, final=False))
        ward.refusing = True
        ward.ears[0].die()
        await ward.hear(8.0)
        ward.refusing = False
        await ward.hear(2.5)
        assert ward.begins_s(ward.ears[1]) == pytest.approx(3.0, abs=0.1)

    in_a_ward(main)


def test_a_vendor_that_asks_for_time_is_given_it_though_it_is_the_only_one() -> None:
    async def main(ward: Ward) -> None:
        await ward.hear(1.0)
        ward.ears[0].end.set_result(AtCapacity("busy", retry_after_s=7.0))
        await ward.hear(10.0)

    waits = [np.diff(in_a_ward(main, seed).opened_at)[0] - 1.0 for seed in range(10)]
    assert 7.0 <= min(waits) < max(waits) <= 7.0 + COMES_BACK_S
    assert in_a_ward(main).attendees.deserted == ["busy"]


# --- several recognisers ------------------------------------------------------------------------


@dataclass
class Doctor:
    """A recogniser of several."""

    name: str
    ward: "Several"
    rates_hz: tuple[int, ...] = (16_000,)
    ears: list[Ear] = field(default_factory=list)
    hearings: list[Hearing] = field(default_factory=list)
    refusing: bool = False

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> Ear:
        self.ward.asked.append(self.name)
        self.hearings.append(hearing)
        if self.refusing:
            raise Unavailable("refused", provider=self.name)
        self.ears.append(Ear(tell))
        return self.ears[-1]

    async def start(self) -> None: ...
    async def aclose(self) -> None: ...


class Several(Ward):
    """An open ear with two recognisers, in pretended time."""

    def __init__(
        self, clock: VirtualClock, line: Hearing | None, rates_hz: tuple[int, ...]
    ) -> None:
        super().__init__(clock)
        self.asked: list[str] = []
        self.first, self.second = Doctor("first", self, rates_hz), Doctor("second", self)
        self.roster = Roster([self.first, self.second])
        self.ear = OpenEar(
            self.roster,  # type: ignore[arg-type]
            line=line or Hearing(),
            tell=self.told.append,
            attendance=self.attendees,
            clock=self.clock,
            chance=random.Random(4711).random,
        )


def with_several(
    main: Callable[[Several], object],
    line: Hearing | None = None,
    rates_hz: tuple[int, ...] = (16_000,),
) -> Several:
    async def run(clock: VirtualClock) -> Several:
        ward = Several(clock, line, rates_hz)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(ward.ear.run())
            await main(ward)  # type: ignore[misc]
            running.cancel()
        return ward

    return VirtualClock().run(run)


def test_one_that_cannot_be_reached_is_replaced_at_once() -> None:
    async def main(ward: Several) -> None:
        ward.first.refusing = True
        await ward.hear(0.1)
        assert ward.asked == ["first", "second"]
        assert len(ward.second.ears[0].fed) == 2 * 1600

    with_several(main)


def test_one_whose_connection_broke_is_tried_again_before_another() -> None:
    async def main(ward: Several) -> None:
        await ward.hear(3.0)
        ward.first.ears[0].tell(said("yes", 1.0, 1.5))
        ward.first.ears[0].die()
        await ward.hear(0.1)
        assert ward.asked == ["first", "first"]
        ward.first.refusing = True
        ward.first.ears[1].die()
        await ward.hear(0.1)
        assert ward.asked == ["first", "first", "second"]

    with_several(main)


def test_one_that_says_nothing_for_long_has_listened() -> None:
    async def main(ward: Several) -> None:
        await ward.hear(5.0)
        ward.first.ears[0].die()
        await ward.hear(0.1)
        assert ward.asked == ["first", "first"]

    with_several(main)


def test_one_that_takes_long_not_to_connect_has_not_listened() -> None:
    """Nobody takes the call: three seconds later it is known, and another is asked."""

    async def main(ward: Several) -> None:
        await ward.hear(3.0)
        ward.first.ears[0].die()
        await ward.hear(0.1)
        assert ward.asked == ["first", "second"]
        assert ward.attendees.serving == []
        assert ward.attendees.deserted == []
        ward.first.refusing = True
        await ward.hear(7.0)
        assert ward.attendees.serving[0] == "second"

    assert "first" not in [name for name, _ in with_several(main).attendees.worked]


def test_what_is_heard_again_is_paid_for_again() -> None:
    async def main(ward: Several) -> None:
        await ward.hear(1.0)
        ward.ear.voice(SpeechStarted(at_s=0.5))
        ward.first.ears[0].tell(said("what", 0.5, 0.9, final=False))
        ward.first.ears[0].die()
        await ward.hear(5.0)

    (_, first), (_, second) = with_several(main).attendees.worked
    assert first["seconds"] == pytest.approx(1.0, abs=0.05)
    assert second["seconds"] == pytest.approx(6.0, abs=0.05)


def test_while_another_call_tries_the_better_one_nobody_is_sent_away() -> None:
    async def main(ward: Several) -> None:
        for _ in range(3):
            ward.roster.failed(ward.first, Unavailable("down"), 0.5)
        await ward.hear(5.4)
        await ward.clock.sleep_until(5.51)
        assert ward.roster.pick(ward.clock.now()) is ward.first  # by another call
        await ward.hear(8.0)
        assert ward.asked == ["second"]

    with_several(main)


def test_nobody_is_told_of_a_moment_without_ears() -> None:
    async def main(ward: Several) -> None:
        ward.first.refusing = ward.second.refusing = True
        await ward.hear(0.5)
        ward.second.refusing = False
        await ward.hear(8.0)
        assert ward.attendees.deserted == []
        assert ward.attendees.serving[-1] in {"first", "second"}

    with_several(main)


def test_who_is_back_is_known_when_nobody_speaks() -> None:
    async def main(ward: Several) -> None:
        ward.first.refusing = ward.second.refusing = True
        await ward.hear(2.5)
        assert ward.attendees.deserted
        ward.first.refusing = False
        ward.ear.voice(SpeechStarted(at_s=2.5))
        await ward.hear(3.0)
        ward.first.ears[0].tell(said("hello", 0.5, 0.9, final=False))
        await ward.hear(2.0)
        assert ward.attendees.serving == []
        ward.ear.voice(SpeechStopped(at_s=7.0))
        ward.ear.settle(7.0)
        await ward.hear(1.1)
        assert ward.attendees.serving == ["first"]

    with_several(main)


def test_what_goes_on_behind_a_settled_word_is_no_longer_in_its_segment() -> None:
    """A turn ended in the middle of a reading; what follows is heard again under another."""

    async def main(ward: Several) -> None:
        ward.ear.voice(SpeechStarted(at_s=0.5))
        await ward.hear(3.0)
        both = (Word(text="yes", start_s=0.5, end_s=1.0), Word(text="no", start_s=2.0, end_s=2.4))
        ward.first.ears[0].tell(
            TranscriptChanged(
                segment=0, text="yes no", start_s=0.5, end_s=2.4, final=False, words=both
            )
        )
        ward.ear.settle(1.2)
        ward.first.ears[0].die()
        await ward.hear(0.2)
        again = ward.first.ears[1]
        at_s = ward.first_fed(again) / 16_000
        again.tell(said("no", 2.0 - at_s, 2.4 - at_s))

    told = with_several(main).told
    newest = {each.segment: each.text for each in told}  # type: ignore[union-attr]
    assert newest == {0: "yes", 1: "no"}


def test_another_hears_again_what_the_first_left_open() -> None:
    async def main(ward: Several) -> None:
        await ward.hear(1.0)
        ward.ear.voice(SpeechStarted(at_s=0.8))
        await ward.hear(1.0)
        ward.first.ears[0].tell(said("guess", 0.8, 1.6, final=False))
        ward.first.refusing = True
        ward.first.ears[0].die()
        await ward.hear(0.2)
        heard = ward.second.ears[0]
        assert ward.first_fed(heard) < 0.8 * 16_000
        start_s = 0.8 - ward.first_fed(heard) / 16_000
        heard.tell(said("word", start_s, start_s + 1.0))

    ward = with_several(main)
    assert [(e.segment, e.text) for e in ward.told] == [(0, "guess"), (0, "word")]  # type: ignore[union-attr]


def test_the_better_one_comes_back_when_it_is_well_and_nobody_speaks() -> None:
    async def main(ward: Several) -> None:
        ward.first.refusing = True
        for _ in range(3):
            ward.roster.failed(ward.first, Unavailable("down"), ward.clock.now())
        await ward.hear(1.0)
        assert ward.asked == ["second"]
        ward.first.refusing = False
        ward.ear.voice(SpeechStarted(at_s=1.0))
        await ward.hear(7.0)
        assert ward.asked == ["second"]
        ward.ear.voice(SpeechStopped(at_s=8.0))
        await ward.hear(1.5)
        assert ward.asked == ["second", "first"]
        assert ward.attendees.losses == []
        await ward.hear(12.0)
        assert ward.roster.well(ward.clock.now()) == [ward.first, ward.second]

    with_several(main)


def test_while_nobody_can_be_reached_all_are_tried_in_turn() -> None:
    async def main(ward: Several) -> None:
        ward.first.refusing = ward.second.refusing = True
        await ward.hear(1.0)
        assert ward.asked[:4] == ["first", "second", "first", "second"]
        assert len(ward.asked) < 12
        ward.second.refusing = False
        await ward.hear(6.0)
        assert ward.second.ears

    with_several(main)


def test_a_telephone_is_heard_as_it_is_by_whoever_reads_it() -> None:
    phone = Hearing(rate_hz=8_000, encoding="mulaw")

    async def main(ward: Several) -> None:
        assert ward.ear.rates_hz == {8_000, 16_000}
        await ward.clock.sleep(0.01)
        for _ in range(10):
            ward.ear.feed(bytes(320), 8_000)
            ward.ear.feed(bytes(640))
        assert ward.first.hearings == [phone]
        assert len(ward.first.ears[0].fed) == 3200
        ward.first.refusing = True
        ward.first.ears[0].die()
        await ward.clock.sleep(0.5)
        # The other wants 16 kHz, and hears the same stretch.
        assert ward.second.hearings == [Hearing()]
        assert len(ward.second.ears[0].fed) == 6400

    with_several(main, phone, rates_hz=())


def test_a_rate_nobody_has_is_made() -> None:
    async def main(ward: Several) -> None:
        await ward.hear(1.0)
        assert ward.first.hearings[-1].rate_hz == 24_000
        assert len(ward.first.ears[-1].fed) == pytest.approx(48_000, rel=0.02)

    with_several(main, rates_hz=(24_000,))


def test_a_vendor_that_asks_for_time_is_asked_by_no_call_while_another_works() -> None:
    async def main(ward: Several) -> None:
        busy = AtCapacity("busy", provider="first", retry_after_s=7.0)
        ward.roster.failed(ward.first, busy, 0.0)  # said to another call
        ward.roster.succeeded(ward.first)  # a third one's connection is older than that
        await ward.hear(6.9)
        assert ward.asked == ["second"]
        await ward.hear(6.0)
        assert ward.asked == ["second", "first"]

    with_several(main)


def test_nor_while_the_other_one_only_fails() -> None:
    async def main(ward: Several) -> None:
        ward.second.refusing = True
        busy = AtCapacity("busy", provider="first", retry_after_s=7.0)
        ward.roster.failed(ward.first, busy, 0.0)
        await ward.hear(6.9)
        assert set(ward.asked) == {"second"}
        await ward.hear(4.0)
        assert "first" in ward.asked
        assert ward.attendees.deserted

    with_several(main)


def test_of_two_that_ask_for_time_the_first_to_be_ready_is_asked() -> None:
    async def main(ward: Several) -> None:
        ward.roster.failed(ward.first, AtCapacity("busy", retry_after_s=9.0), 0.0)
        await ward.hear(1.0)
        ward.second.ears[0].end.set_result(Unavailable("maintenance", retry_after_s=3.0))
        await ward.hear(2.9)
        assert ward.asked == ["second"]
        await ward.hear(1.0)
        assert ward.asked == ["second", "second"]
        await ward.hear(12.0)
        assert ward.asked == ["second", "second", "first"]

    with_several(main)
