"""A mouth on a pretended line, in pretended time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from antiphon.actions import Speak
from antiphon.mouth.ambient import Ambience
from antiphon.mouth.clips import Clips
from antiphon.mouth.mouth import Mouth
from antiphon.mouth.phrases import PhraseCache
from antiphon.mouth.settings import MouthSettings
from antiphon.mouth.studio import Studio
from antiphon.net.roster import Roster
from antiphon.testing.attendance import Attendees
from antiphon.testing.clock import VirtualClock
from antiphon.testing.line import PretendTransport
from antiphon.testing.voice import ScriptedVoice


class SpareWheel:
    """Beats every 20 ms like the media plane, but turns only while somebody rides it."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.riders = 0

    def every_frame(self, callback: Callable[[float], None]) -> "SpareBeat":
        self.riders += 1
        return SpareBeat(self, self._clock, callback)


class SpareBeat:
    """One place on it."""

    def __init__(
        self, wheel: SpareWheel, clock: VirtualClock, callback: Callable[[float], None]
    ) -> None:
        self._wheel, self._clock, self._callback = wheel, clock, callback
        self._next_s = clock.now() + 0.005
        self._arm()

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_at(self._next_s, self._fire)

    def _fire(self) -> None:
        self._next_s += 0.02
        self._arm()
        self._callback(self._clock.now())

    def cancel(self) -> None:
        self._timer.cancel()
        self._wheel.riders -= 1


@dataclass
class Stage:
    """Everything a test of the mouth needs, at hand."""

    clock: VirtualClock
    voice: ScriptedVoice
    transport: PretendTransport
    mouth: Mouth
    told: list[tuple[float, Any]]
    wheel: SpareWheel
    studio: Studio
    others: list[ScriptedVoice]
    attendees: Attendees

    def names(self, reply: int) -> list[str]:
        """What was told of a reply, in order."""
        return [type(event).__name__ for _, event in self.told if event.reply == reply]

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
    others: Sequence[dict[str, Any]] = (),
    settings: MouthSettings | None = None,
    phrases: PhraseCache | None = None,
    on_sent: Callable[[bytes, int], None] | None = None,
    kind: type[ScriptedVoice] = ScriptedVoice,
    ambience: Ambience | None = None,
    clips: Clips | None = None,
    **line: Any,
) -> Stage:
    """Run a scene on a stage of its own; gives the stage back for questions."""

    async def main(clock: VirtualClock) -> Stage:
        transport = PretendTransport(clock=clock, **line)
        humming = kind(clock=clock, **({"rate_hz": 8000} | (voice or {})))
        standing = [kind(clock=clock, **other) for other in others]
        wheel = SpareWheel(clock)
        told: list[tuple[float, Any]] = []
        attendees = Attendees()
        mouth = Mouth(
            voices=Roster([humming, *standing]),
            transport=transport,
            wheel=wheel,
            clock=clock,
            tell=lambda event: told.append((clock.now(), event)),
            settings=settings or MouthSettings(),
            phrases=phrases,
            attendance=attendees,
            on_sent=on_sent,
            room=ambience.room(transport.facts.rate_hz) if ambience else None,
            clips=clips,
        )
        transport.attach(_Line(mouth))
        studio = Studio(
            voices=Roster([humming]),
            settings=settings or MouthSettings(),
            rate_hz=transport.facts.rate_hz,
            clock=clock,
            phrases=phrases,
        )
        stage = Stage(clock, humming, transport, mouth, told, wheel, studio, standing, attendees)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(mouth.run())
            await scene(stage)
            running.cancel()
        return stage

    return VirtualClock().run(main)


@pytest.fixture(name="play", scope="session")
def _play() -> Callable[..., Stage]:
    """`play`, for test modules, which cannot import it."""
    return play
