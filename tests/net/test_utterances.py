"""When a recogniser that reads whole recordings is asked to read what, and what is told of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from antiphon.errors import AtCapacity, Unavailable
from antiphon.events import SpeechStarted, SpeechStopped, TranscriptChanged
from antiphon.net.child import Child
from antiphon.net.child_job import Program, Urgency
from antiphon.net.utterances import Cadence, UtteranceRecognition
from antiphon.ports.stt import Heard, Hearing

RATE_HZ = 8_000
WORD_S = 0.1


@dataclass
class Caller:
    """Says numbered words, a tenth of a second each, and hears what is made of them."""

    child: Child
    cadence: Cadence | None = None
    told: list[TranscriptChanged] = field(default_factory=list)
    at_s: float = 0.0
    talking: bool = False
    next_word: int = 1

    def __post_init__(self) -> None:
        self.changed = asyncio.Event()
        hearing = Hearing(rate_hz=RATE_HZ)
        self.ear = UtteranceRecognition(self.child, hearing, self._tell, self.cadence)

    def _tell(self, heard: Heard) -> None:
        assert isinstance(heard, TranscriptChanged)
        self.told.append(heard)
        self.changed.set()

    def say(self, words: int, pause_s: float = 0.0) -> None:
        """Speak on, and fall silent if a pause is given; edges are known at once."""
        if not self.talking:
            self.ear.voice(SpeechStarted(at_s=self.at_s))
            self.talking = True
        for _ in range(words):
            self._feed(self.next_word, WORD_S)
            self.next_word += 1
        if pause_s:
            stopped_s = self.at_s
            self.wait(pause_s)
            self.ear.voice(SpeechStopped(at_s=stopped_s))
            self.talking = False

    def wait(self, seconds: float) -> None:
        self._feed(0, seconds)

    def _feed(self, value: int, seconds: float) -> None:
        sample = value.to_bytes(2, "little")
        for _ in range(round(seconds * 50)):
            self.ear.feed(sample * (RATE_HZ // 50))
        self.at_s += seconds

    async def until(self, words: int, *, final: bool = True) -> TranscriptChanged:
        """Wait until the transcript told last ends with a word."""
        async with asyncio.timeout(5):
            while not (
                self.told
                and self.told[-1].text.endswith(f"w{words}")
                and self.told[-1].final >= final
            ):
                self.changed.clear()
                await self.changed.wait()
        return self.told[-1]

    def newest(self) -> dict[int, str]:
        return {told.segment: told.text for told in self.told}


def said(first: int, last: int) -> str:
    return " ".join(f"w{number}" for number in range(first, last + 1))


@asynccontextmanager
async def engine(seconds: float = 0.0, waiting: int = 64) -> AsyncIterator[Child]:
    program = Program(
        name="reader",
        engine="child_engines:Reader",
        python_path=(str(Path(__file__).parent),),
        settings={"seconds": seconds},
        waiting=waiting,
    )
    child = Child(program)
    await child.start()
    try:
        yield child
    finally:
        await child.aclose()


@asynccontextmanager
async def calling(child: Child, cadence: Cadence | None = None) -> AsyncIterator[Caller]:
    caller = Caller(child, cadence)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(caller.ear.run())
        yield caller
        running.cancel()


async def readings(child: Child) -> int:
    """How often the engine has read, once it is idle."""
    with child.ask({}, urgency=Urgency.SPARE) as job:
        return int((await anext(job)).fields["read"])


async def test_the_first_partial_falls_due_a_quarter_second_into_speech() -> None:
    async with engine() as child, calling(child) as caller:
        caller.say(2)
        assert await readings(child) == 0
        caller.say(1)
        partial = await caller.until(3, final=False)
        assert (partial.segment, partial.text, partial.final) == (0, said(1, 3), False)
        assert (partial.start_s, partial.end_s) == (0.0, 0.3)
        assert partial.confidence == 0.5


async def test_partials_come_one_at_a_time_however_fast_one_speaks() -> None:
    async with engine(seconds=0.1) as child, calling(child) as caller:
        for _ in range(10):
            caller.say(4)
            await asyncio.sleep(0)
        await caller.until(40, final=False)
        assert await readings(child) <= 3


async def test_a_final_is_read_while_the_pause_is_still_young() -> None:
    async with engine() as child, calling(child) as caller:
        caller.say(5, pause_s=0.12)
        await caller.until(5, final=False)
        read = await readings(child)
        caller.ear.finalise(0.5)
        assert caller.told[-1].final, "it was known already, and is told at once"
        assert caller.told[-1].text == said(1, 5)
        assert (caller.told[-1].start_s, caller.told[-1].end_s) == (0.0, 0.5)
        assert await readings(child) == read


async def test_a_partial_that_reached_into_the_pause_is_not_repeated() -> None:
    async with engine() as child, calling(child) as caller:
        caller.say(3)
        caller.wait(0.1)
        await caller.until(3, final=False)
        caller.wait(0.1)
        caller.ear.voice(SpeechStopped(at_s=0.3))
        caller.ear.finalise(0.3)
        await caller.until(3)
        assert await readings(child) == 1


async def test_a_final_does_not_wait_for_a_partial() -> None:
    async with engine(seconds=0.3) as child, calling(child) as caller:
        caller.say(4)
        await asyncio.sleep(0.05)  # the partial is being read
        caller.say(4, pause_s=0.12)
        caller.ear.finalise(0.8)
        assert (await caller.until(8)).text == said(1, 8)
        assert [told.final for told in caller.told] == [True]


async def test_a_final_can_be_asked_for_amid_speech() -> None:
    async with engine() as child, calling(child) as caller:
        caller.say(2)
        caller.ear.finalise(0.2)
        final = await caller.until(2)
        assert final.end_s == pytest.approx(0.2)
        caller.say(3, pause_s=0.2)
        caller.ear.finalise(0.5)
        final = await caller.until(5)
        assert (final.segment, final.text) == (0, said(1, 5))


async def test_an_end_of_voice_known_late_does_not_leave_a_final_owed_for_ever() -> None:
    async with engine() as child, calling(child) as caller:
        caller.say(4)
        caller.wait(0.6)
        caller.ear.finalise(1.0)
        caller.ear.voice(SpeechStopped(at_s=0.4))
        assert (await caller.until(4)).end_s == pytest.approx(0.4)


async def test_a_blip_of_no_length_after_the_voice_is_covered_by_the_final_it_asks_for() -> None:
    async with engine() as child, calling(child) as caller:
        caller.say(5, pause_s=0.3)
        caller.ear.finalise(0.5)
        await caller.until(5)
        blip_s = caller.at_s - 0.1
        caller.ear.voice(SpeechStarted(at_s=blip_s))
        caller.wait(0.1)
        caller.ear.voice(SpeechStopped(at_s=blip_s))
        caller.told.clear()
        caller.ear.finalise(blip_s)
        final = await caller.until(5)
        assert final.end_s == pytest.approx(blip_s)
        assert max(word.end_s for word in final.words) <= 0.5


async def test_speech_that_goes_on_is_told_again_longer() -> None:
    async with engine() as child, calling(child) as caller:
        caller.say(3, pause_s=0.3)
        caller.ear.finalise(0.3)
        await caller.until(3)
        caller.say(3, pause_s=0.3)
        caller.ear.finalise(0.9)
        final = await caller.until(6)
        assert (final.segment, final.text) == (0, said(1, 6))
        # The pause belongs to no word.
        assert [word.start_s < 0.31 or word.start_s > 0.59 for word in final.words] == [True] * 6
        assert final.words[-1].end_s == pytest.approx(0.9)


async def test_what_was_dealt_with_is_not_told_again() -> None:
    async with engine() as child, calling(child) as caller:
        caller.say(3, pause_s=0.5)
        caller.ear.finalise(0.3)
        await caller.until(3)
        caller.ear.forget(0.3)
        caller.say(3, pause_s=0.2)
        caller.ear.finalise(1.1)
        await caller.until(6)
        assert caller.newest() == {0: said(1, 3), 1: said(4, 6)}


async def test_speech_that_went_on_past_a_turn_begins_the_next_segment() -> None:
    async with engine() as child, calling(child) as caller:
        caller.say(3, pause_s=0.4)
        caller.ear.finalise(0.3)
        await caller.until(3)
        caller.say(2)
        caller.ear.forget(0.3)
        caller.say(2, pause_s=0.2)
        caller.ear.finalise(1.1)
        await caller.until(7)
        assert caller.newest()[1] == said(4, 7)


async def test_a_final_still_owed_when_its_turn_is_over_is_told() -> None:
    async with engine(seconds=0.1) as child, calling(child) as caller:
        caller.say(3, pause_s=0.3)
        caller.ear.finalise(0.3)
        caller.ear.forget(0.3)
        caller.say(3, pause_s=0.2)
        caller.ear.finalise(0.9)
        await caller.until(6)
        finals = {told.segment: told.text for told in caller.told if told.final}
        assert finals == {0: said(1, 3), 1: said(4, 6)}


async def test_a_turn_that_is_settled_late_leaves_the_speech_after_it_alone() -> None:
    async with engine(seconds=0.1) as child, calling(child) as caller:
        caller.say(3, pause_s=0.8)
        caller.ear.finalise(0.3)
        await caller.until(3)
        caller.ear.forget(0.3)
        caller.say(3, pause_s=0.2)
        caller.ear.finalise(1.4)
        caller.ear.forget(0.4)
        await caller.until(6)
        caller.say(2, pause_s=0.2)
        caller.ear.finalise(1.8)
        await caller.until(8)
        assert caller.newest() == {0: said(1, 3), 1: said(4, 8)}


async def test_a_long_segment_ends_at_its_next_pause() -> None:
    async with engine() as child, calling(child, Cadence(segment_s=1.0)) as caller:
        caller.say(12, pause_s=0.3)
        caller.say(3, pause_s=0.3)
        caller.ear.finalise(1.8)
        await caller.until(15)
        assert caller.newest() == {0: said(1, 12), 1: said(13, 15)}


async def test_speech_without_a_pause_is_cut_and_no_word_is_lost() -> None:
    async with engine() as child, calling(child, Cadence(unbroken_s=4.0)) as caller:
        for _ in range(10):
            caller.say(10)
            await asyncio.sleep(0.005)
        caller.say(1, pause_s=0.2)
        caller.ear.finalise(10.1)
        await caller.until(101)
        newest = caller.newest()
        assert len(newest) > 2
        heard = " ".join(newest[segment] for segment in sorted(newest)).split()
        # A word may lie on both sides of a cut, never on none.
        assert list(dict.fromkeys(heard)) == said(1, 101).split()


async def test_silence_is_told_as_silence() -> None:
    async with engine() as child, calling(child) as caller:
        caller.wait(1.0)
        caller.ear.finalise(1.0)
        assert [(told.text, told.final) for told in caller.told] == [("", True)]
        caller.ear.voice(SpeechStopped(at_s=0.5))
        assert await readings(child) == 0
        caller.say(3, pause_s=0.2)
        caller.ear.finalise(1.3)
        assert (await caller.until(3)).segment == caller.told[0].segment


async def test_one_calls_final_overtakes_another_calls_partial() -> None:
    async with engine(seconds=0.15) as child, calling(child) as hasty, calling(child) as chatty:
        blocker = child.ask({"rate_hz": RATE_HZ}, bytes(320), Urgency.NOW)
        chatty.say(5)
        await asyncio.sleep(0.01)
        hasty.say(3, pause_s=0.2)
        hasty.ear.finalise(0.3)
        await anext(blocker)
        await hasty.until(3)
        assert chatty.told == []
        await chatty.until(5, final=False)


async def test_a_partial_more_or_less_when_the_engine_is_full() -> None:
    async with engine(seconds=0.2, waiting=1) as child, calling(child) as caller:
        busy = [child.ask({"rate_hz": RATE_HZ}, bytes(320), Urgency.NOW) for _ in range(2)]
        caller.say(5)
        await asyncio.sleep(0.01)
        assert caller.told == []
        for job in busy:
            await anext(job)
        caller.say(5)
        await caller.until(10, final=False)


async def test_a_final_that_finds_the_engine_full_says_so() -> None:
    async with engine(seconds=0.2, waiting=1) as child:
        caller = Caller(child)
        running = asyncio.ensure_future(caller.ear.run())
        for _ in range(2):
            child.ask({"rate_hz": RATE_HZ}, bytes(320), Urgency.NOW)
        caller.say(3, pause_s=0.2)
        caller.ear.finalise(0.3)
        with pytest.raises(AtCapacity):
            await running


async def test_a_lost_engine_ends_the_ear() -> None:
    async with engine(seconds=0.3) as child:
        caller = Caller(child)
        running = asyncio.ensure_future(caller.ear.run())
        caller.say(5)
        await asyncio.sleep(0.05)
        await child.aclose()
        with pytest.raises(Unavailable):
            await running
