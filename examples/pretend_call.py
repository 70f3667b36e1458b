"""A whole call in pretended time: no engine, no device, no waiting.

Run it with `python -m examples.pretend_call`. The caller follows a spoken script, the recogniser
knows beforehand what will be said, and the voice hums; everything between them is the real thing.
"""

import asyncio
import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from examples.callback import Callback

from antiphon.actions import Action, Answer
from antiphon.call.conversation import Conversation
from antiphon.call.equipment import Equipment
from antiphon.call.runner import Call
from antiphon.events import Event, ReplyFinished, ReplyStopped
from antiphon.media.energy import EnergyVad
from antiphon.media.plane import Plane
from antiphon.mouth.settings import MouthSettings
from antiphon.net.roster import Roster
from antiphon.observe.calllog import CallLogWriter
from antiphon.testing import scriptfile
from antiphon.testing.caller import ScriptedCaller
from antiphon.testing.clock import VirtualClock
from antiphon.testing.ears import ScriptedEndpoint, ScriptedRecogniser
from antiphon.testing.rehearsal import rehearse
from antiphon.testing.script import Say
from antiphon.testing.voice import ScriptedVoice
from antiphon.transports.file.transport import FileTransport
from antiphon.turns.machine import Machine
from antiphon.turns.settings import TurnSettings

RATE_HZ = 8_000
SCRIPT = """
steps:
  - wait: agent_done
  - say: It is five five five oh one two.
  - wait: agent_done
  - say: five five five oh one two three four five six.
  - wait: agent_done
"""


@dataclass
class Story:
    """Who said what, as the other side heard it."""

    lines: list[str] = field(default_factory=list)

    def event(self, event: Event, now: float) -> None:
        if isinstance(event, ReplyFinished | ReplyStopped):
            self.lines.append(f"agent: {event.heard}")

    def actions(self, actions: list[Action], now: float) -> None:
        self.lines += [f"caller: {turn.text}" for turn in actions if isinstance(turn, Answer)]

    def spoken(self, reply: int, text: str, marks: tuple[tuple[int, int], ...]) -> None:
        """Where the agent's words lie in its audio: not wanted here."""


def hold(
    conversation: Conversation, script: str, log: Path, agent: dict[str, Any] | None = None
) -> list[str]:
    """Hold the call and return its story. ``agent`` goes into the call log for `replay`."""
    return VirtualClock().run(partial(_hold, conversation, script, log, agent or {}))


async def _hold(
    conversation: Conversation, text: str, log: Path, agent: dict[str, Any], clock: VirtualClock
) -> list[str]:
    script = scriptfile.parse(text)
    voice, plane, story = ScriptedVoice(clock=clock), Plane(EnergyVad(), clock), Story()
    says = [step.text for step in script.steps if isinstance(step, Say)]
    equipment = Equipment(
        clock=clock,
        plane=plane,
        recognisers=Roster([ScriptedRecogniser(clock=clock, says=says)]),
        endpoint=ScriptedEndpoint(clock=clock),
        voices=Roster([voice]),
        mouth=MouthSettings(),
    )
    journal = CallLogWriter(log, call="pretend", started="2026-11-21T12:00:00Z", agent=agent)
    lines = await rehearse(script, voice, RATE_HZ)
    caller = ScriptedCaller(script, lines, RATE_HZ, journal.note)
    async with asyncio.TaskGroup() as group:
        wheel = group.create_task(plane.run())
        transport = FileTransport(caller, clock)
        await Call(equipment, conversation, transport, journal=journal, watchers=[story]).run()
        wheel.cancel()
    return story.lines


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        talk = Conversation(Machine(TurnSettings()), Callback())
        story = hold(talk, SCRIPT, Path(folder) / "call.jsonl")
        sys.stdout.write("\n".join(story) + "\n")
