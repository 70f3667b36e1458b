"""`antiphon call AGENT`: a real-time call whose caller is an audio file or a script.

To hear an agent without speaking to it, and to test one: `--script` is a caller who listens and
answers, `--play` one who plays a recording. It takes as long as a call takes, and leaves a
recording and a call log; `antiphon report` makes a page of them, as `--report` does at once.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from antiphon.audio.frame import int16
from antiphon.audio.levels import onset_s
from antiphon.cli.claimed import EVENTS, RECORD, claimed
from antiphon.cli.live import Traces, console, cost, say, show_cost
from antiphon.cli.output import Exit, print_json
from antiphon.cli.pretended import pretended, sandbox_argument
from antiphon.cli.stopping import hold
from antiphon.config import agent, environment
from antiphon.config.agent import AgentSettings
from antiphon.config.environment import Environment
from antiphon.errors import ConfigError, Missing, ProviderError
from antiphon.events import CallEnded
from antiphon.observe.figures import summary
from antiphon.observe.terminal import Show
from antiphon.ports.tts import Synthesiser
from antiphon.testing import scriptfile
from antiphon.testing.rehearsal import Line, rehearse
from antiphon.testing.script import Script
from antiphon.transports.file.audiofile import Recording, read_audio
from antiphon.wiring.agent import open_agent
from antiphon.wiring.engines import Where
from antiphon.wiring.placed import PHONE_HZ, Placing, place_recording, place_script

__all__ = ["arguments", "run"]

OPENS_S: Final = 1.0
"""Speech before this is meant as an answer to the greeting; a recording that is silent for
longer was made against the clock of a call, and keeps its own time."""
PATIENCE_S: Final = 5.0
"""How long a caller waits for somebody to say something."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("agent", type=Path, metavar="AGENT", help="agent.yaml, or its folder")
    caller = parser.add_mutually_exclusive_group(required=True)
    caller.add_argument(
        "--play",
        type=Path,
        metavar="IN.wav",
        help="what the caller says; speech in its first second waits for the greeting to end",
    )
    caller.add_argument("--script", type=Path, metavar="FILE", help="a script the caller follows")
    parser.add_argument(
        "--at-once", action="store_true", help="play the file from the first moment of the call"
    )
    parser.add_argument(
        "--record",
        type=Path,
        metavar="OUT.wav",
        help="both sides, stereo; otherwise call.wav, or call-2.wav while a call writes that",
    )
    parser.add_argument(
        "--events",
        type=Path,
        metavar="LOG.jsonl",
        help="the call log; otherwise call.jsonl, or call-2.jsonl while a call writes that",
    )
    parser.add_argument("--report", type=Path, metavar="PAGE.html", help="also write a report")
    sandbox_argument(parser)


def run(args: argparse.Namespace) -> int:
    # What can be wrong with the caller is found before an engine is started.
    if args.at_once and args.script:
        raise ConfigError("--at-once is for --play", fix="a script says itself when it speaks")
    caller: Recording | Script = (
        read_audio(args.play) if args.play else scriptfile.read(args.script)
    )
    settings = agent.load(args.agent)
    _check_files(args)
    lost: list[str] = []
    """What is missing in the traces."""

    def warn(what: str) -> None:
        lost.append(what)
        say(what)

    with (
        pretended(args.sandbox, settings, environment.read()) as surroundings,
        claimed(args.events, args.record) as (events, record),
    ):
        show = None if args.json else Show(console())
        placing = Placing(
            call=events.stem,
            events=events,
            record=record,
            watchers=[show] if show else [],
            warn=warn,
            patience_s=0.0 if args.at_once else _patience_s(caller),
        )
        try:
            ended, interrupted = hold(
                lambda stopping: _call(
                    settings,
                    surroundings,
                    agent.where(args.agent),
                    caller,
                    replace(placing, begun=stopping.begun),
                )
            )
        finally:
            if show:
                show.close()
        code = _exit_code(ended, interrupted=interrupted, whole=not lost)
        _tell(args, _traces(placing, lost), ended, code)
    return code


def _check_files(args: argparse.Namespace) -> None:
    """Raises `ConfigError`."""
    events, record = args.events or EVENTS, args.record or RECORD
    named = [f for f in (args.play, args.script, record, events, args.report) if f]
    if len({file.resolve() for file in named}) < len(named):
        raise ConfigError("two of the files named are the same file", fix="name another --record")
    for file in (record, events, args.report):
        if file and not file.parent.is_dir():
            raise ConfigError(f"there is no folder {file.parent}", fix=f"mkdir -p {file.parent}")


def _patience_s(caller: Recording | Script) -> float:
    """For the agent's greeting."""
    if isinstance(caller, Script):
        return 0.0
    begins_s = onset_s(int16(caller.pcm), caller.rate_hz)
    return 0.0 if begins_s is None or begins_s > OPENS_S else PATIENCE_S


async def _call(
    settings: AgentSettings,
    surroundings: Environment,
    where: Where,
    caller: Recording | Script,
    placing: Placing,
) -> CallEnded:
    async with open_agent(settings, surroundings, progress=say, where=where) as opened:
        if isinstance(caller, Recording):
            return await place_recording(opened, caller, placing)
        lines = await _rehearsed(caller, opened.equipment.voices.engines)
        return await place_script(opened, caller, lines, placing)


async def _rehearsed(script: Script, voices: Sequence[Synthesiser]) -> dict[int, Line]:
    """The caller's lines, by the first of the agent's voices that can: that the preferred one is
    away is for the call to show, and no reason not to place it."""
    for voice in voices[:-1]:
        try:
            return await rehearse(script, voice, PHONE_HZ)
        except ProviderError as error:
            say(f"the caller borrows another voice: {error}")
    return await rehearse(script, voices[-1], PHONE_HZ)


def _exit_code(ended: CallEnded, *, interrupted: bool, whole: bool) -> Exit:
    if interrupted:
        return Exit.INTERRUPTED
    if ended.by == "failure":
        return Exit.FAILED
    return Exit.OK if whole else Exit.ENVIRONMENT


def _traces(placing: Placing, lost: Sequence[str]) -> Traces:
    """Raises `Missing` where a full disk left too little of them to be read."""
    try:
        return Traces.of(placing.events, placing.record)
    except ConfigError as error:
        if not lost:
            raise
        raise Missing(f"the call was held, but {error}", fix="make room on the disk") from None


def _tell(args: argparse.Namespace, traces: Traces, ended: CallEnded, code: Exit) -> None:
    audited = traces.audit() if args.script else None
    if args.report:
        name = str(traces.log.header.agent.get("name", args.agent))
        title = f"{name}, vendors pretended" if args.sandbox else name
        traces.write_report(args.report, title=title, audited=audited)
    if args.json:
        figures = {"ended_by": ended.by, "reason": ended.reason, **summary(traces.answered)}
        files = {"record": str(traces.record), "events": str(traces.log.path)}
        spent = cost(traces.log).to_json()
        paid = {"cost": spent, "pretended": args.sandbox is not None}
        print_json({"ok": code == Exit.OK, **figures, **files, "audit": audited, **paid})
        return
    show_cost(traces.log)
    page = f", report {args.report}" if args.report else ""
    print(f"recording {traces.record}, call log {traces.log.path}{page}")
