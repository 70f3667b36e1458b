"""Whole calls in pretended time: both sides speak in tones, and everything is kept.

`hold` places one call and returns what came of it; `Exchange` is for tests that need more than
one call or a hand in it.
"""

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.call.tones import Tone, ToneEndpoint, ToneRecogniser, ToneVoice, Vocabulary, read

from antiphon.actions import Action
from antiphon.call.conversation import Conversation
from antiphon.call.equipment import Equipment
from antiphon.call.replay import Replayed, Step, replay
from antiphon.call.runner import Call, Recorder, Watcher
from antiphon.config.agent import AgentSettings
from antiphon.events import CallEnded, Event
from antiphon.media.energy import EnergyVad
from antiphon.media.plane import Plane
from antiphon.net.roster import Roster
from antiphon.observe.calllog import CallLogWriter
from antiphon.observe.logreader import CallLog, Noted, Ordered, Ticked, Told
from antiphon.observe.logreader import read as read_log
from antiphon.ports.clock import Clock
from antiphon.ports.journal import Journal
from antiphon.ports.transport import Transport
from antiphon.testing.caller import ScriptedCaller
from antiphon.testing.clock import VirtualClock
from antiphon.testing.mind import ScriptedModel
from antiphon.testing.rehearsal import rehearse
from antiphon.testing.scriptfile import parse
from antiphon.transports.file.settings import LineSettings
from antiphon.transports.file.transport import FileTransport
from antiphon.wiring.agent import conversation

T = TypeVar("T")
RATE_HZ = 8000
DIALOG: dict[str, Any] = {
    "greeting": "Hello, how can I help?",
    "topics": [
        {"name": "hours", "asks": ["hours"], "says": "We open at eight. We close at six."},
        {
            "name": "prices",
            "asks": ["price", "cost"],
            "says": "One visit costs sixty dollars and it takes about forty minutes of your day, "
            "so please bring enough time for it and maybe something nice to read.",
        },
        {"name": "parking", "asks": ["park"], "says": "Behind the house."},
    ],
    "small_talk": "Be kind.",
    "farewell": "Thank you. Goodbye.",
    "leaving": "I will hang up now.",
    "silence": ["Are you still there?", "Is anybody there?"],
    "unclear": "Sorry, say that again?",
    "trouble": {
        "hearing": "I cannot hear you.",
        "heard_again": "Now I can.",
        "thinking": "Sorry, say that again?",
        "speaking": "Oh dear.",
        "leaving": "It does not get better.",
    },
    "filler": "One moment, please.",
}


class Sides:
    """A recorder in memory: what the caller said and what they heard."""

    def __init__(self) -> None:
        self._sides = (bytearray(), bytearray())

    def caller(self, pcm: bytes, at_sample: int) -> None:
        self._lay(0, pcm, at_sample)

    def agent(self, pcm: bytes, at_sample: int) -> None:
        self._lay(1, pcm, at_sample)

    def unheard(self, at_sample: int) -> None:
        side = self._sides[1]
        side[2 * at_sample :] = bytes(max(0, len(side) - 2 * at_sample))

    def close(self) -> None:
        """Nothing to give back."""

    def side(self, number: int) -> NDArray[np.int16]:
        return np.frombuffer(bytes(self._sides[number]), np.int16)

    def _lay(self, number: int, pcm: bytes, at_sample: int) -> None:
        side = self._sides[number]
        side.extend(bytes(max(0, 2 * at_sample - len(side))))
        side[2 * at_sample : 2 * at_sample + len(pcm)] = pcm


@dataclass
class Held:
    """A call that was held."""

    ended: CallEnded
    log: CallLog
    sides: Sides
    words: Vocabulary
    dialog: Any
    settings: AgentSettings

    @property
    def agent(self) -> list[Tone]:
        """What the caller heard of the agent, word by word."""
        return read(self.sides.side(1), RATE_HZ, self.words)

    @property
    def caller(self) -> list[Tone]:
        return read(self.sides.side(0), RATE_HZ, self.words)

    @property
    def heard(self) -> str:
        """The words of which the caller heard at least half."""
        return " ".join(tone.text for tone in self.agent if tone.share >= 0.5)

    @property
    def turns(self) -> list[str]:
        """The caller's turns as they were answered."""
        return [action.text for action in self.ordered("Answer")]

    def ordered(self, *names: str) -> list[Any]:
        lines = [line for line in self.log.lines if isinstance(line, Ordered)]
        return [a for line in lines for a in line.actions if type(a).__name__ in names]

    def told(self, *names: str) -> list[Any]:
        lines = [line for line in self.log.lines if isinstance(line, Told)]
        return [line.event for line in lines if type(line.event).__name__ in names]

    def when(self, name: str) -> list[float]:
        """When events or orders of that name came, in seconds of the call."""
        times = []
        for line in self.log.lines:
            found = line.actions if isinstance(line, Ordered) else ()
            if isinstance(line, Told):
                found = (line.event,)
            times += [line.t for item in found if type(item).__name__ == name]
        return times

    def notes(self, name: str) -> list[dict[str, Any]]:
        lines = [line for line in self.log.lines if isinstance(line, Noted)]
        return [line.fields for line in lines if line.name == name]

    def replayed(self) -> Replayed:
        return replay(steps(self.log), conversation(self.settings))


def steps(log: CallLog) -> list[Step]:
    """A log's inputs, and what was made of them."""
    found = []
    for line in log.lines:
        match line:
            case Told():
                found.append(Step(line=line.number, time_s=line.t, event=line.event))
            case Ticked():
                found.append(Step(line=line.number, time_s=line.t))
            case Ordered():
                found.append(Step(line=line.number, time_s=line.t, actions=line.actions))
            case _:
                pass
    return found


@dataclass(kw_only=True)
class Exchange:
    """A process that takes calls in pretended time."""

    clock: VirtualClock
    folder: Path
    dialog: dict[str, Any] = field(default_factory=dict)
    turns: dict[str, Any] = field(default_factory=dict)
    line: LineSettings = field(default_factory=LineSettings)

    def __post_init__(self) -> None:
        self.words = Vocabulary()
        self.settings = AgentSettings.model_validate(
            {"name": "Test", "dialog": {**DIALOG, **self.dialog}, "turns": self.turns}
        )
        self.recogniser = ToneRecogniser(clock=self.clock, words=self.words)
        self.endpoint: Any = ToneEndpoint(clock=self.clock, words=self.words)
        self.voice = ToneVoice(clock=self.clock, words=self.words)
        self.model: Any = ScriptedModel(clock=self.clock, says=["I see what you mean."])
        self.other_voices: list[ToneVoice] = []
        self.other_ears: list[ToneRecogniser] = []
        self.vad = EnergyVad()
        self.plane = Plane(self.vad, self.clock)
        self.call_clock: Clock = self.clock
        """What the calls themselves read."""

    @property
    def equipment(self) -> Equipment:
        return Equipment(
            clock=self.call_clock,
            plane=self.plane,
            recognisers=Roster([self.recogniser, *self.other_ears]),
            voices=Roster([self.voice, *self.other_voices]),
            model=self.model,
            endpoint=self.endpoint,
            mouth=self.settings.mouth,
            chance=random.Random(4711).random,
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Exchange"]:
        """Let the wheel turn."""
        async with asyncio.TaskGroup() as group:
            wheel = group.create_task(self.plane.run())
            try:
                yield self
            finally:
                wheel.cancel()

    def stand_in_voice(self) -> ToneVoice:
        """Another voice, for when the first fails."""
        other = ToneVoice(clock=self.clock, words=self.words, name="other", fingerprint="other-1")
        self.other_voices.append(other)
        return other

    def stand_in_ears(self, **more: Any) -> ToneRecogniser:
        """Another recogniser, likewise."""
        name = f"ears {len(self.other_ears) + 1}"
        other = ToneRecogniser(clock=self.clock, words=self.words, name=name, **more)
        other.dies_at, other.refuses = deque(other.dies_at), deque(other.refuses)
        self.other_ears.append(other)
        return other

    def later(self, at_s: float, act: Callable[..., object], *args: object) -> None:
        """Do this so many seconds from now."""
        asyncio.get_running_loop().call_later(at_s, act, *args)

    async def transport(
        self, script: str, sides: Sides, note: Callable[..., None]
    ) -> FileTransport:
        """A caller who follows a script, on a line of their own."""
        played = parse(script)
        voice = ToneVoice(clock=self.clock, words=self.words, rate_hz=RATE_HZ)
        lines = await rehearse(played, voice, RATE_HZ)
        caller = ScriptedCaller(played, lines, RATE_HZ, note)
        return FileTransport(caller, self.clock, settings=self.line, recorder=sides)

    async def call(
        self,
        script: str,
        *,
        name: str = "call",
        around: Callable[[FileTransport], Transport] = lambda transport: transport,
        journal: Callable[[CallLogWriter], Journal] = lambda writer: writer,
        recorder: Recorder | None = None,
        watchers: Sequence[Watcher] = (),
        talk: Conversation | None = None,
        begun: Callable[[Call], None] = lambda _: None,
    ) -> Held:
        """Hold one call to its end."""
        writer = CallLogWriter(
            self.folder / f"{name}.jsonl",
            call=name,
            started="2024-05-01T09:00:00+00:00",
            agent=self.settings.model_dump(mode="json"),
        )
        sides = Sides()
        file = await self.transport(script, sides, writer.note)
        talk = talk or conversation(self.settings)
        call = Call(
            self.equipment,
            talk,
            around(file),
            journal=journal(writer),
            recorder=recorder,
            watchers=watchers,
        )
        begun(call)
        ended = await call.run()
        return Held(ended, read_log(writer.path), sides, self.words, talk.dialog, self.settings)


@dataclass
class Holding:
    """Fixture: `hold("- say: ...")` is one whole call."""

    folder: Path

    def __call__(
        self,
        script: str,
        prepare: Callable[[Exchange], None] = lambda _: None,
        *,
        dialog: dict[str, Any] | None = None,
        turns: dict[str, Any] | None = None,
        line: LineSettings | None = None,
        **how: Any,
    ) -> Held:
        async def main(exchange: Exchange) -> Held:
            prepare(exchange)
            return await exchange.call(steps_of(script), **how)

        return self.exchange(main, dialog=dialog or {}, turns=turns or {}, line=line)

    def exchange(
        self,
        main: Callable[[Exchange], Any],
        *,
        dialog: dict[str, Any] | None = None,
        turns: dict[str, Any] | None = None,
        line: LineSettings | None = None,
    ) -> Any:
        """Run ``main`` in a process that takes calls."""

        async def run(clock: VirtualClock) -> Any:
            exchange = Exchange(
                clock=clock,
                folder=self.folder,
                dialog=dialog or {},
                turns=turns or {},
                line=line or LineSettings(),
            )
            async with exchange.open():
                return await main(exchange)

        return VirtualClock().run(run)


def steps_of(script: str) -> str:
    """Steps without their key, one a line."""
    return "steps:\n" + "\n".join(f"  {line}" for line in script.strip().splitlines())


@pytest.fixture
def hold(tmp_path: Path) -> Holding:
    return Holding(tmp_path)


class Onlooker:
    """A watcher that keeps what it saw."""

    def __init__(self) -> None:
        self.events: list[tuple[float, Event]] = []
        self.orders: list[tuple[float, Action]] = []

    def event(self, event: Event, now: float) -> None:
        self.events.append((now, event))

    def actions(self, actions: list[Action], now: float) -> None:
        self.orders += [(now, action) for action in actions]

    def spoken(self, reply: int, text: str, marks: object) -> None:
        """Not what these tests are about."""
