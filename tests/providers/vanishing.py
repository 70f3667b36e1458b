"""A call whose recogniser's vendor vanishes in the middle of a sentence, and other waits."""

import asyncio
from collections.abc import Callable

from tests.providers.stage import silence, sound

from antiphon.call.clock import LoopClock
from antiphon.call.hearing import OpenEar
from antiphon.events import SpeechStarted, SpeechStopped, TranscriptChanged
from antiphon.net.roster import Roster
from antiphon.ports.stt import Heard, Hearing, Recogniser
from antiphon.testing.attendance import Attendees
from antiphon.testing.conformance import pause

__all__ = ["heard_across_a_loss", "soon"]


async def soon(true: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    async with asyncio.timeout(3):
        while not true():
            await pause(0.01)


async def heard_across_a_loss(engine: Recogniser, vanish: Callable[[], None]) -> tuple[str, int]:
    """What the call heard of one sentence, and how often it lost its ear."""
    told: list[Heard] = []
    attendees, complete = Attendees(), asyncio.Event()

    def tell(heard: Heard) -> None:
        told.append(heard)
        if isinstance(heard, TranscriptChanged) and heard.final and heard.end_s > 1.6:
            complete.set()

    ear = OpenEar(
        Roster([engine]),
        line=Hearing(),
        tell=tell,
        attendance=attendees,
        clock=LoopClock(),
        chance=lambda: 0.5,
    )
    pcm = silence(0.3) + sound(1.5) + silence(0.3)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(ear.run())
        for at in range(0, len(pcm), 640):
            ear.feed(pcm[at : at + 640])
            if at == 640 * 18:
                ear.voice(SpeechStarted(at_s=0.3))
            if at == 640 * 60:
                vanish()
            await asyncio.sleep(0.01)
        ear.voice(SpeechStopped(at_s=1.8))
        ear.finalise(1.8)
        async with asyncio.timeout(5):
            await complete.wait()
        running.cancel()
    texts = {heard.segment: heard.text for heard in told if isinstance(heard, TranscriptChanged)}
    return " ".join(text for text in texts.values() if text), len(attendees.losses)
