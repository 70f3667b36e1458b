"""A mouth on a pretended line, in pretended time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antiphon.actions import Speak
from antiphon.events import Event
from antiphon.media.plane import Plane
from antiphon.mouth.mouth import Mouth
from antiphon.mouth.phrases import PhraseCache
from antiphon.mouth.settings import MouthSettings
from antiphon.testing.clock import VirtualClock
from antiphon.testing.line import PretendTransport
from antiphon.testing.voice import ScriptedVoice


class _NoEars:
    """Voice activity for a plane without ears."""

    def open(self) -> int:
        return 0

    def close(self, slot: int) -> None: ...

    def window(self, rate_hz: int) -> int:
        return 256

    def score(self, windows: Any, slots: list[int], rate_hz: int) -> NDArray[np.float32]:
        return np.zeros(len(slots), np.float32)


@dataclass
class Stage:
    """Everything a test of the mouth needs, at hand."""

    clock: VirtualClock
    voice: ScriptedVoice
    transport: PretendTransport
    mouth: Mouth
    told: list[tuple[float, Event]] = field(default_factory=list)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for _, event in self.told if isinstance(event, kind)]

    def when(self, kind: type[Any], reply: int = 1) -> float:
        return next(
            at
            for at, event in self.told
            if isinstance(event, kind) and event.reply == reply  # type: ignore[union-attr]
        )

    def speak(self, reply: int, text: str, **more: Any) -> None:
        self.mouth.speak(Speak(reply=reply, text=text, **more))

    async def until(self, kind: type[Any], reply: int = 1, limit_s: float = 60.0) -> None:
        end_s = self.clock.now() + limit_s
        while not any(event.reply == reply for event in self.of(kind)):
            assert self.clock.now() < end_s, f"no {kind.__name__} of {reply}: {self.told}"
            await self.clock.sleep(0.01)


class _Line:
    """The part of a call's line that concerns the mouth."""

    def __init__(self, mouth: Mouth) -> None:
        self.mouth = mouth

    def played(self, samples: int) -> None:
        self.mouth.played(samples)

    def flushed(self, samples: int) -> None:
        self.mouth.flushed(samples)

    def heard(self, pcm: bytes) -> None: ...
    def pressed(self, digit: str) -> None: ...
    def warned(self, what: str) -> None: ...


def play(
    scene: Callable[[Stage], Awaitable[None]],
    *,
    voice: dict[str, Any] | None = None,
    settings: MouthSettings | None = None,
    phrases: PhraseCache | None = None,
    on_sent: Callable[[bytes, int], None] | None = None,
    **line: Any,
) -> Stage:
    """Run a scene on a stage of its own; gives the stage back for questions."""

    async def main(clock: VirtualClock) -> Stage:
        transport = PretendTransport(clock=clock, **line)
        humming = ScriptedVoice(clock=clock, **({"rate_hz": 8000} | (voice or {})))
        plane = Plane(_NoEars(), clock)
        told: list[tuple[float, Event]] = []
        mouth = Mouth(
            voice=humming,
            transport=transport,
            wheel=plane,
            clock=clock,
            tell=lambda event: told.append((clock.now(), event)),
            settings=settings or MouthSettings(),
            phrases=phrases,
            on_sent=on_sent,
        )
        transport.attach(_Line(mouth))
        stage = Stage(clock, humming, transport, mouth, told)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(plane.run()), group.create_task(mouth.run())]
            await scene(stage)
            for task in tasks:
                task.cancel()
        return stage

    return VirtualClock().run(main)
