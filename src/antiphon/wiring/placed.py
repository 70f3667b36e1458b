"""Placing a call to an agent of our own: the caller is a recording or follows a script.

What the caller hears is recorded on their side, so latencies can be measured where they matter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from antiphon.call.runner import Call, Watcher
from antiphon.events import CallEnded
from antiphon.observe.calllog import CallLogWriter
from antiphon.observe.recording import Recorder
from antiphon.testing.caller import ScriptedCaller
from antiphon.testing.rehearsal import Line
from antiphon.testing.script import Script
from antiphon.transports.file.audiofile import Recording
from antiphon.transports.file.caller import CallerAudio, FileCaller
from antiphon.transports.file.settings import LineSettings
from antiphon.transports.file.transport import FileTransport
from antiphon.wiring.agent import Agent

__all__ = ["Placing", "place_recording", "place_script"]

PHONE_HZ = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """Where a placed call leaves its traces, and who looks on."""

    call: str
    events: Path
    """The call log."""
    record: Path
    """The stereo recording: caller left, agent right."""
    line: LineSettings = field(default_factory=LineSettings)
    watchers: Sequence[Watcher] = ()
    begun: Callable[[Call], None] = lambda _: None
    """Given the call, to hang it up if need be."""
    warn: Callable[[str], None] = lambda _: None
    """Told which of the traces is not whole, and what is missing. The call goes on."""
    patience_s: float = 0.0
    """How long a caller with a recording waits for the agent's greeting; see `FileCaller`."""


async def place_recording(agent: Agent, heard: Recording, placing: Placing) -> CallEnded:
    """A call whose caller plays a recording, at its own rate, and waits for the answer."""
    rate_hz = heard.call_rate_hz
    journal = agent.journal(placing.events, placing.call)
    caller = FileCaller(heard.at(rate_hz), rate_hz, patience_s=placing.patience_s)
    return await _place(agent, caller, journal, placing)


async def place_script(
    agent: Agent, script: Script, lines: dict[int, Line], placing: Placing
) -> CallEnded:
    """A call whose caller follows a script; ``lines`` are rehearsed at `PHONE_HZ`."""
    journal = agent.journal(placing.events, placing.call)
    caller = ScriptedCaller(script, lines, PHONE_HZ, journal.note)
    return await _place(agent, caller, journal, placing)


async def _place(
    agent: Agent, caller: CallerAudio, journal: CallLogWriter, placing: Placing
) -> CallEnded:
    def warn(what: str) -> None:
        journal.note("recording_stopped", 0.0, why=what)
        placing.warn(what)

    recorder = Recorder(placing.record, caller.rate_hz, warn)
    transport = FileTransport(
        caller, agent.equipment.clock, settings=placing.line, recorder=recorder
    )
    try:
        return await agent.answer(
            transport, journal, watchers=placing.watchers, begun=placing.begun
        )
    finally:
        recorder.close()
        if journal.lost:
            placing.warn(f"the call log {placing.events} lacks {journal.lost} lines: disk full?")
