"""From an agent file to an agent that takes calls: the only place that knows everyone."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from antiphon.call.captions import Captions
from antiphon.call.clock import LoopClock
from antiphon.call.conversation import Conversation
from antiphon.call.equipment import Equipment
from antiphon.call.runner import Call, Recorder, Watcher
from antiphon.config.agent import AgentSettings
from antiphon.config.clips import read_all
from antiphon.config.environment import Environment
from antiphon.config.texts import clip_names
from antiphon.dialog.receptionist import Receptionist
from antiphon.dialog.spoken import ahead_of_time
from antiphon.errors import ProviderError
from antiphon.events import CallEnded
from antiphon.media.plane import Plane
from antiphon.media.silero import Silero
from antiphon.models.store import ModelStore
from antiphon.mouth.clips import Clips
from antiphon.mouth.phrases import PhraseCache
from antiphon.mouth.studio import Studio
from antiphon.mouth.warming import warm
from antiphon.net.minds import Minds
from antiphon.net.roster import Roster
from antiphon.net.tiers import Tiered
from antiphon.observe.calllog import CallLogWriter
from antiphon.observe.logreader import PRETENDED
from antiphon.ports.clock import Clock
from antiphon.ports.journal import Journal
from antiphon.ports.llm import LanguageModel
from antiphon.ports.transport import Transport
from antiphon.turns.machine import Machine
from antiphon.wiring import engines
from antiphon.wiring.ambience import ambience

__all__ = ["Agent", "conversation", "open_agent"]

log = logging.getLogger(__name__)


class _Engine(Protocol):
    async def start(self) -> None: ...


def conversation(settings: AgentSettings) -> Conversation:
    """A fresh conversation of this agent: what a call runs on, and what a replay runs again."""
    tidy = settings.hearing.tidied(settings.language)
    return Conversation(Machine(settings.turns), Receptionist(settings.dialog), tidy)


class Agent:
    """An agent with its engines running. Made by `open_agent`."""

    def __init__(
        self, settings: AgentSettings, equipment: Equipment, *, pretended: str = ""
    ) -> None:
        """``pretended``: what plays the vendors, where they are not real."""
        self.settings = settings
        self.equipment = equipment
        self._pretended = pretended

    async def warm(self, rate_hz: int) -> None:
        """Render what always sounds the same way, for calls at this rate. What is said is kept
        on disk, so only the first time takes long."""
        equipment = self.equipment
        if equipment.ambience:
            equipment.ambience.loop(rate_hz)
        studio = Studio(
            voices=equipment.voices,
            settings=equipment.mouth,
            rate_hz=rate_hz,
            clock=equipment.clock,
            phrases=equipment.phrases,
            clips=equipment.clips,
        )
        await self._prepare_clips(rate_hz)
        for voice in equipment.voices.engines:
            try:
                await warm(studio, ahead_of_time(self.settings.dialog), voice)
            except ProviderError as error:
                what = str(error).removeprefix(f"{voice.name}: ")  # said before it
                log.warning("phrases of %s are not rendered: %s", voice.name, what)

    async def _prepare_clips(self, rate_hz: int) -> None:
        clips = self.equipment.clips
        if clips and not clips.ready(rate_hz):
            await asyncio.to_thread(clips.prepare, rate_hz)

    def journal(self, file: Path, call: str) -> CallLogWriter:
        """A call log for one call. Raises `ConfigError` where no file can be made."""
        writer = CallLogWriter(
            file,
            call=call,
            started=datetime.now(UTC).isoformat(timespec="milliseconds"),  # noqa: TID251 - a label
            agent=self.settings.model_dump(mode="json"),
        )
        if self._pretended:
            writer.note(PRETENDED, 0.0, by=self._pretended)
        return writer

    async def answer(
        self,
        transport: Transport,
        journal: Journal,
        *,
        recorder: Recorder | None = None,
        watchers: Sequence[Watcher] = (),
        begun: Callable[[Call], None] = lambda _: None,
    ) -> CallEnded:
        """Hold one call to its end, writing its log as it happens. ``begun`` is given the call,
        to hang it up if need be."""
        await self._prepare_clips(transport.facts.rate_hz)
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
        begun(runner)
        return await runner.run()


@asynccontextmanager
async def open_agent(
    settings: AgentSettings,
    environment: Environment,
    progress: Callable[[str], None] = lambda _: None,
    where: engines.Where = engines.nowhere,
) -> AsyncIterator[Agent]:
    """Start an agent's engines, and stop them at the end. ``progress`` is told what is being
    loaded; ``where`` tells in which line of its file a provider is named.
    Raises `ConfigError` before anything slow, `Missing` and `ProviderError`."""
    models = ModelStore().path
    sound = ambience(settings, where)
    loudness_dbfs = settings.mouth.loudness_dbfs
    made = engines.engines(settings, environment.vendors, models, where)
    clock = LoopClock()
    plane = Plane(Silero(models("silero-vad")), clock)
    recognisers, voices = Roster(made.recognisers), Roster(made.voices)
    minds, large = (Roster(each) if each else None for each in (made.minds, made.large_minds))
    endpoint = Roster([made.endpoint]) if made.endpoint else None
    rosters: list[Roster[Any]] = [r for r in (recognisers, voices, minds, large, endpoint) if r]
    equipment = Equipment(
        clock=clock,
        plane=plane,
        recognisers=recognisers,
        voices=voices,
        model=_mind(minds, large, settings, clock),
        thinkers=tuple(roster.preferred.name for roster in (minds, large) if roster),
        endpoint=made.endpoint,
        mouth=settings.mouth,
        phrases=PhraseCache(environment.cache / "phrases"),
        clips=Clips(read_all(settings.folder, clip_names(settings.dialog)), loudness_dbfs),
        ambience=sound,
        language=settings.language,
        keyterms=settings.keyterms,
        chunk_ms=settings.chunk_ms,
        heard=settings.hearing,
    )
    try:
        await _start(rosters, clock, progress)
        async with asyncio.TaskGroup() as group:
            wheel = group.create_task(plane.run())
            try:
                yield Agent(settings, equipment, pretended=environment.pretended)
            finally:
                wheel.cancel()
    except ExceptionGroup as trouble:
        # One error, and told to a person: how it came here through a group is of no interest.
        raise trouble.exceptions[0] from None
    finally:
        for roster in rosters:
            for engine in roster.engines:
                await engine.aclose()


def _mind(
    minds: Roster[LanguageModel] | None,
    large: Roster[LanguageModel] | None,
    settings: AgentSettings,
    clock: Clock,
) -> LanguageModel | None:
    """All language models as one; see `antiphon.net.minds` and `antiphon.net.tiers`."""
    if minds is None:
        return None
    small = Minds(minds, clock)
    return Tiered(small, Minds(large, clock), settings.tiers) if large else small


async def _start(
    rosters: Sequence[Roster[Any]], clock: Clock, progress: Callable[[str], None]
) -> None:
    """All at once: loading is waiting for the disk most of the time. One that another can stand
    in for is only warned of; it is tried again when it is its turn."""

    async def start(engine: _Engine, roster: Roster[Any]) -> ProviderError | None:
        try:
            await engine.start()
        except ProviderError as error:
            roster.failed(engine, error, clock.now())
            return error
        return None

    names = [engine.name for roster in rosters for engine in roster.engines]
    progress(f"starting {', '.join(names)}")
    try:
        async with asyncio.TaskGroup() as group:
            started = [
                [group.create_task(start(engine, roster)) for engine in roster.engines]
                for roster in rosters
            ]
    except ExceptionGroup as trouble:
        # The first is the cause; the others were cancelled for it.
        raise trouble.exceptions[0] from None
    for tasks in started:
        errors = [error for task in tasks if (error := task.result())]
        if len(errors) == len(tasks):
            raise errors[0]
        for error in errors:
            log.warning("goes on without one of its engines: %s", error)
