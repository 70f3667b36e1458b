"""From an agent file to an agent that takes calls: the only place that knows everyone."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from antiphon.call.captions import Captions
from antiphon.call.clock import LoopClock
from antiphon.call.conversation import Conversation
from antiphon.call.runner import Call, Equipment, Recorder, Watcher
from antiphon.config.agent import AgentSettings
from antiphon.config.environment import Environment
from antiphon.dialog.receptionist import Receptionist
from antiphon.events import CallEnded
from antiphon.media.plane import Plane
from antiphon.media.silero import Silero
from antiphon.models.store import ModelStore
from antiphon.mouth.phrases import PhraseCache
from antiphon.mouth.polish import Loudness
from antiphon.mouth.studio import Studio, warm
from antiphon.observe.calllog import CallLogWriter
from antiphon.ports.journal import Journal
from antiphon.ports.transport import Transport
from antiphon.turns.machine import Machine
from antiphon.wiring import engines

__all__ = ["Agent", "conversation", "open_agent"]

log = logging.getLogger(__name__)


class _Engine(Protocol):
    async def start(self) -> None: ...
    async def aclose(self) -> None: ...


def conversation(settings: AgentSettings) -> Conversation:
    """A fresh conversation of this agent: what a call runs on, and what a replay runs again."""
    return Conversation(Machine(settings.turns), Receptionist(settings.dialog))


class Agent:
    """An agent with its engines running. Made by `open_agent`."""

    def __init__(self, settings: AgentSettings, equipment: Equipment) -> None:
        self.settings = settings
        self.equipment = equipment

    async def warm(self, rate_hz: int) -> None:
        """Render what is always said the same way, for calls at this rate. Kept on disk, so
        only the first time takes long."""
        equipment = self.equipment
        studio = Studio(
            voice=equipment.voice,
            settings=equipment.mouth,
            rate_hz=rate_hz,
            clock=equipment.clock,
            phrases=equipment.phrases,
            loudness=Loudness(equipment.mouth.loudness_dbfs),
        )
        await warm(studio, self.settings.dialog.phrases())

    def journal(self, file: Path, call: str) -> CallLogWriter:
        """A call log for one call. Raises `ConfigError` where no file can be made."""
        return CallLogWriter(
            file,
            call=call,
            started=datetime.now(UTC).isoformat(timespec="milliseconds"),  # noqa: TID251 - a label
            agent=self.settings.model_dump(mode="json"),
        )

    async def answer(
        self,
        transport: Transport,
        journal: Journal,
        *,
        recorder: Recorder | None = None,
        watchers: Sequence[Watcher] = (),
    ) -> CallEnded:
        """Hold one call to its end, writing its log as it happens."""
        talk = conversation(self.settings)
        captions = Captions(talk, transport)
        runner = Call(
            self.equipment,
            talk,
            transport,
            journal=journal,
            recorder=recorder,
            watchers=(captions, *watchers),
        )
        return await runner.run()


@asynccontextmanager
async def open_agent(
    settings: AgentSettings,
    environment: Environment,
    progress: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[Agent]:
    """Start an agent's engines, and stop them at the end. ``progress`` is told what is being
    loaded. Raises `ConfigError` before anything slow, `Missing` and `ProviderError`."""
    models = ModelStore().path
    made = engines.engines(settings, environment.vendors, models)
    recogniser, voice = made.recognisers[0], made.voices[0]
    model = made.minds[0] if made.minds else None
    endpoint = made.endpoint
    clock = LoopClock()
    plane = Plane(Silero(models("silero-vad")), clock)
    running: list[_Engine] = [e for e in (recogniser, voice, model, endpoint) if e]
    equipment = Equipment(
        clock=clock,
        plane=plane,
        recogniser=recogniser,
        voice=voice,
        model=model or None,
        endpoint=endpoint or None,
        mouth=settings.mouth,
        phrases=PhraseCache(environment.cache / "phrases"),
        language=settings.language,
        keyterms=settings.keyterms,
    )
    try:
        await _start(running, progress)
        async with asyncio.TaskGroup() as group:
            wheel = group.create_task(plane.run())
            try:
                yield Agent(settings, equipment)
            finally:
                wheel.cancel()
    except ExceptionGroup as trouble:
        # One error, and told to a person: how it came here through a group is of no interest.
        raise trouble.exceptions[0] from None
    finally:
        for engine in running:
            await engine.aclose()


async def _start(engines: Sequence[_Engine], progress: Callable[[str], None]) -> None:
    """All at once: loading is waiting for the disk most of the time."""
    progress(f"starting {', '.join(getattr(engine, 'name', '?') for engine in engines)}")
    try:
        async with asyncio.TaskGroup() as group:
            for engine in engines:
                group.create_task(engine.start())
    except ExceptionGroup as trouble:
        # The first is the cause; the others were cancelled for it.
        raise trouble.exceptions[0] from None
