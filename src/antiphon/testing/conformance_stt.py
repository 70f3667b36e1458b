"""What every `Recogniser` must do; how to run it is in `conformance`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from antiphon.errors import ProviderError
from antiphon.events import SpeechStarted, SpeechStopped, TranscriptChanged
from antiphon.ports.stt import Heard, Hearing, Recogniser, Recognition
from antiphon.testing.conformance import (
    CANCEL_WITHIN_S,
    RECOVER_WITHIN_S,
    closes_twice,
    pause,
    recovers,
    within,
    word_error_rate,
)

__all__ = ["CHECKS", "Ear", "RecogniserCase", "Speech"]

RATE_HZ: Final = 16_000
FRAME_S: Final = 0.02
KNOWN_LATE_S: Final = 0.1
"""How long after an edge a voice activity detector tells of it."""
FEED_WITHIN_S: Final = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Somebody said something: 16 kHz PCM16 with 0.2 s or more of pause at both ends."""

    pcm: bytes
    text: str
    starts_s: float
    ends_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecogniserCase:
    """A recogniser, and recorded speech."""

    engine: Recogniser
    """Started."""
    make: Callable[[], Recogniser]
    first: Speech
    second: Speech
    most_wrong: float
    """The word error rate it must stay under for either."""
    final_within_s: float = 2.0
    pace: float = 1.0
    """Seconds for a second of audio: less for one that goes by what it is fed, not by the clock."""
    kill: Callable[[Recogniser], None] | None = None
    """Kill the engine's process; None where it has none."""


@dataclass(slots=True)
class Ear:
    """An open recognition and what it told, with a caller's side to it."""

    engine: Recogniser
    pace: float = 1.0
    told: list[TranscriptChanged] = field(default_factory=list)
    fed_s: float = 0.0
    slowest_feed_s: float = 0.0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    recognition: Recognition = field(init=False)

    def __post_init__(self) -> None:
        self.recognition = self.engine.listen(Hearing(rate_hz=RATE_HZ), self._tell)

    def _tell(self, heard: Heard) -> None:
        if isinstance(heard, TranscriptChanged):
            self.told.append(heard)
            self.changed.set()

    @property
    def finals(self) -> list[TranscriptChanged]:
        return [told for told in self.told if told.final]

    def feed(self, pcm: bytes) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.recognition.feed(pcm)
        self.slowest_feed_s = max(self.slowest_feed_s, loop.time() - began)
        self.fed_s += len(pcm) / 2 / RATE_HZ

    async def hear(self, speech: Speech) -> float:
        """Feed some speech in real time, edges included; returns where its voice ended."""
        began_s, frame = self.fed_s, round(FRAME_S * RATE_HZ) * 2
        edges: list[SpeechStarted | SpeechStopped] = [
            SpeechStarted(at_s=began_s + speech.starts_s),
            SpeechStopped(at_s=began_s + speech.ends_s),
        ]
        for at in range(0, len(speech.pcm), frame):
            self.feed(speech.pcm[at : at + frame])
            if edges and self.fed_s >= edges[0].at_s + KNOWN_LATE_S:
                self.recognition.voice(edges.pop(0))
            await pause(FRAME_S * self.pace)
        for edge in edges:
            self.recognition.voice(edge)
        return began_s + speech.ends_s

    async def final(self, until_s: float, within_s: float) -> TranscriptChanged:
        """Ask for a final reading and wait for it."""
        known = len(self.finals)
        async with within(within_s, "a final transcript"), asyncio.timeout(within_s * 3):
            self.recognition.finalise(until_s)
            while len(self.finals) == known:
                self.changed.clear()
                await self.changed.wait()
        return self.finals[-1]


@asynccontextmanager
async def listening(engine: Recogniser, pace: float = 1.0) -> AsyncIterator[Ear]:
    """An ear that is open for the length of the block, and closes at once."""
    ear = Ear(engine, pace)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(ear.recognition.run())
        yield ear
        async with within(CANCEL_WITHIN_S, "closing an ear"):
            running.cancel()
            await asyncio.wait([running])


async def partials_come_while_the_caller_speaks(case: RecogniserCase) -> None:
    async with listening(case.engine, case.pace) as ear:
        ended_s = await ear.hear(case.first)
        spoken = case.first.text.lower().split()
        early = [told for told in ear.told if not told.final and told.end_s < ended_s - 0.1]
        assert len(early) >= 2
        assert any(word.strip(".,") in early[-1].text.lower() for word in spoken)
        assert ear.slowest_feed_s < FEED_WITHIN_S


async def a_final_holds_what_was_said(case: RecogniserCase) -> None:
    async with listening(case.engine, case.pace) as ear:
        for speech in (case.first, case.second):
            ended_s = await ear.hear(speech)
            final = await ear.final(ended_s, case.final_within_s)
            assert word_error_rate(final.text, speech.text) <= case.most_wrong, final.text
            assert final.end_s >= ended_s - 0.15
            edges = [edge for word in final.words for edge in (word.start_s, word.end_s)]
            assert edges == sorted(edges)
            assert not edges or (edges[0] > final.start_s - 0.5 and edges[-1] < ear.fed_s)
            ear.recognition.forget(ended_s)


async def asking_again_is_answered_again(case: RecogniserCase) -> None:
    async with listening(case.engine, case.pace) as ear:
        ended_s = await ear.hear(case.first)
        final = await ear.final(ended_s, case.final_within_s)
        again = await ear.final(ended_s, case.final_within_s)
        assert again == final


async def speech_that_goes_on_is_the_same_segment(case: RecogniserCase) -> None:
    async with listening(case.engine, case.pace) as ear:
        ended_s = await ear.hear(case.first)
        before = await ear.final(ended_s, case.final_within_s)
        ended_s = await ear.hear(case.second)
        after = await ear.final(ended_s, case.final_within_s)
        latest = {told.segment: told.text for told in ear.told}
        said = f"{case.first.text} {case.second.text}"
        whole = " ".join(latest[segment] for segment in sorted(latest))
        assert word_error_rate(whole, said) <= case.most_wrong, whole
        assert after.segment == before.segment


async def what_was_forgotten_is_not_told_again(case: RecogniserCase) -> None:
    async with listening(case.engine, case.pace) as ear:
        ended_s = await ear.hear(case.first)
        before = await ear.final(ended_s, case.final_within_s)
        ear.recognition.forget(ended_s)
        ended_s = await ear.hear(case.second)
        after = await ear.final(ended_s, case.final_within_s)
        assert after.segment > before.segment
        assert after.start_s >= before.end_s
        assert word_error_rate(after.text, case.second.text) <= case.most_wrong, after.text


async def silence_has_no_words(case: RecogniserCase) -> None:
    async with listening(case.engine, case.pace) as ear:
        ear.feed(bytes(2 * RATE_HZ))
        final = await ear.final(1.0, case.final_within_s)
        assert final.text.strip() == ""
    async with listening(case.engine, case.pace) as ear:
        assert (await ear.final(0.0, case.final_within_s)).text.strip() == ""


async def speech_without_end_is_bounded(case: RecogniserCase) -> None:
    async with listening(case.engine, case.pace) as ear:
        ear.recognition.voice(SpeechStarted(at_s=0.0))
        block = case.first.pcm * 4
        for _ in range(60):
            ear.feed(block)
            await pause(0)
        assert (await ear.final(ear.fed_s, 20.0)).final
        assert max((len(told.text) for told in ear.told), default=0) < 4000


async def calls_are_heard_at_once(case: RecogniserCase) -> None:
    async def call() -> str:
        async with listening(case.engine, case.pace) as ear:
            ended_s = await ear.hear(case.first)
            return (await ear.final(ended_s, 3 * case.final_within_s)).text

    for text in await asyncio.gather(*(call() for _ in range(3))):
        assert word_error_rate(text, case.first.text) <= case.most_wrong, text


async def a_killed_engine_recovers(case: RecogniserCase) -> None:
    if case.kill is None:
        return
    ear, failure = Ear(case.engine, case.pace), None
    async with asyncio.TaskGroup() as group:
        running = group.create_task(_failure(ear))
        await ear.hear(case.first)
        ear.recognition.finalise(case.first.ends_s)
        case.kill(case.engine)
        ear.recognition.feed(bytes(640))
        ear.recognition.voice(SpeechStarted(at_s=ear.fed_s))
        ear.recognition.finalise(ear.fed_s)
    failure = running.result()
    assert failure.retryable
    patient = replace(case, final_within_s=RECOVER_WITHIN_S)
    await recovers(lambda: a_final_holds_what_was_said(patient))


async def closing_twice_is_fine(case: RecogniserCase) -> None:
    await closes_twice(case.make())


async def _failure(ear: Ear) -> ProviderError:
    try:
        await ear.recognition.run()
    except ProviderError as error:
        return error
    raise AssertionError("the recognition ended without an error")


CHECKS: Final = (
    partials_come_while_the_caller_speaks,
    a_final_holds_what_was_said,
    asking_again_is_answered_again,
    speech_that_goes_on_is_the_same_segment,
    what_was_forgotten_is_not_told_again,
    silence_has_no_words,
    speech_without_end_is_bounded,
    calls_are_heard_at_once,
    a_killed_engine_recovers,
    closing_twice_is_fine,
)
