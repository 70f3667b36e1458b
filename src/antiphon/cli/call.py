"""`antiphon call AGENT`: a real-time call whose caller is an audio file or a script."""

import argparse
import asyncio
from pathlib import Path

from antiphon.cli.live import Traces, console, cost, say, show_cost
from antiphon.cli.output import Exit, print_json
from antiphon.cli.pretended import pretended, sandbox_argument
from antiphon.config import agent, environment
from antiphon.config.agent import AgentSettings
from antiphon.config.environment import Environment
from antiphon.errors import ConfigError
from antiphon.events import CallEnded
from antiphon.observe.figures import summary
from antiphon.observe.terminal import Show
from antiphon.testing import scriptfile
from antiphon.testing.rehearsal import rehearse
from antiphon.testing.script import Script
from antiphon.transports.file.audiofile import Recording, read_audio
from antiphon.wiring.agent import open_agent
from antiphon.wiring.placed import PHONE_HZ, Placing, place_recording, place_script

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("agent", type=Path, metavar="AGENT", help="agent.yaml, or its folder")
    caller = parser.add_mutually_exclusive_group(required=True)
    caller.add_argument("--play", type=Path, metavar="IN.wav", help="what the caller says")
    caller.add_argument("--script", type=Path, metavar="FILE", help="a script the caller follows")
    parser.add_argument(
        "--record",
        type=Path,
        default=Path("call.wav"),
        metavar="OUT.wav",
        help="both sides, stereo",
    )
    parser.add_argument(
        "--events", type=Path, default=Path("call.jsonl"), metavar="LOG.jsonl", help="the call log"
    )
    parser.add_argument("--report", type=Path, metavar="PAGE.html", help="also write a report")
    sandbox_argument(parser)


def run(args: argparse.Namespace) -> int:
    # What can be wrong with the caller is found before an engine is started.
    caller: Recording | Script = (
        read_audio(args.play) if args.play else scriptfile.read(args.script)
    )
    settings = agent.load(args.agent)
    with pretended(args.sandbox, settings, environment.read()) as surroundings:
        ended = asyncio.run(_call(args, settings, surroundings, caller))
    traces = Traces.of(args.events, args.record)
    audited = traces.audit() if args.script else None
    if args.report:
        traces.write_report(args.report, title=str(args.agent), audited=audited)
    if args.json:
        figures = {"ended_by": ended.by, "reason": ended.reason, **summary(traces.answered)}
        spent = cost(traces.log).to_json()
        print_json({"ok": ended.by != "failure", **figures, "audit": audited, "cost": spent})
    else:
        show_cost(traces.log)
        if args.sandbox:
            print("the vendors were pretended: nobody is paid")
        print(f"recording {args.record}, call log {args.events}")
    return Exit.FAILED if ended.by == "failure" else Exit.OK


async def _call(
    args: argparse.Namespace,
    settings: AgentSettings,
    surroundings: Environment,
    caller: Recording | Script,
) -> CallEnded:
    named = [f for f in (args.play, args.script, args.record, args.events, args.report) if f]
    if len({file.resolve() for file in named}) < len(named):
        raise ConfigError("two of the files named are the same file", fix="name another --record")
    for file in (args.record, args.events, args.report):
        if file and not file.parent.is_dir():
            raise ConfigError(f"there is no folder {file.parent}", fix=f"mkdir -p {file.parent}")
    show = None if args.json else Show(console())
    placing = Placing(
        call=args.events.stem,
        events=args.events,
        record=args.record,
        watchers=[show] if show else [],
    )
    async with open_agent(settings, surroundings, progress=say) as opened:
        try:
            if isinstance(caller, Recording):
                return await place_recording(opened, caller, placing)
            lines = await rehearse(caller, opened.equipment.voices.preferred, PHONE_HZ)
            return await place_script(opened, caller, lines, placing)
        finally:
            if show:
                show.close()
