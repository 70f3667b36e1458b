"""`antiphon demo`: a scripted spoken call to the example agent, checked and drawn.

The quickest way to hear what Antiphon does: it takes two minutes, needs no microphone, and leaves
a recording, the call log and a report to open in a browser in demo/.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from antiphon.cli.examples import folder
from antiphon.cli.live import Traces, console, say
from antiphon.cli.output import Exit
from antiphon.cli.stopping import Stopping, hold
from antiphon.config import agent, environment
from antiphon.config.agent import AgentSettings
from antiphon.observe.terminal import Show
from antiphon.testing import scriptfile
from antiphon.testing.rehearsal import rehearse
from antiphon.wiring.agent import open_agent
from antiphon.wiring.placed import PHONE_HZ, Placing, place_script

__all__ = ["arguments", "run"]

# What makes each promise of the demo hold, and what switching it off means.
WITHOUT: dict[str, dict[str, Any]] = {
    "backchannel": {"barge_in": "at_once"},
    "breath": {"sure_s": 0.15, "unsure_s": 0.15},
    "interruption": {"barge_in": "off"},
    "silence": {"silence_s": 3600.0},
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=Path("demo"), help="where traces are left")
    parser.add_argument("--json", metavar="FILE", help="write the verdicts as JSON to a file")
    parser.add_argument(
        "--without",
        choices=sorted(WITHOUT),
        action="append",
        default=[],
        help="switch a feature off, to see its check fail",
    )


def run(args: argparse.Namespace) -> int:
    args.out.mkdir(parents=True, exist_ok=True)
    _, interrupted = hold(lambda stopping: _place(args, stopping))
    if interrupted:  # a part of the script proves nothing
        return Exit.INTERRUPTED
    traces = Traces.of(args.out / "call.jsonl", args.out / "call.wav")
    audited = traces.audit()
    page = args.out / "report.html"
    traces.write_report(page, title="Antiphon demo", audited=audited)
    _print_verdicts(audited)
    print(f"recording {args.out / 'call.wav'}, call log {args.out / 'call.jsonl'}, report {page}")
    if args.json:
        Path(args.json).write_text(json.dumps(audited, indent=2) + "\n", encoding="utf-8")
    return Exit.OK if audited["ok"] else Exit.NEGATIVE


async def _place(args: argparse.Namespace, stopping: Stopping) -> None:
    example = folder()
    settings = _without(agent.load(example), args.without)
    script = scriptfile.read(example / "demo-script.yaml")
    show = Show(console())
    async with open_agent(settings, environment.read(), progress=say) as opened:
        say("rendering what the agent always says the same way, and the caller's lines")
        await opened.warm(PHONE_HZ)
        lines = await rehearse(script, opened.equipment.voices.preferred, PHONE_HZ)
        placing = Placing(
            call="demo",
            events=args.out / "call.jsonl",
            record=args.out / "call.wav",
            watchers=[show],
            begun=stopping.begun,
            warn=say,
        )
        try:
            await place_script(opened, script, lines, placing)
        finally:
            show.close()


def _without(settings: AgentSettings, features: list[str]) -> AgentSettings:
    changes = {name: value for feature in features for name, value in WITHOUT[feature].items()}
    return settings.model_copy(update={"turns": settings.turns.model_copy(update=changes)})


def _print_verdicts(audited: dict[str, Any]) -> None:
    for name, verdict in audited.items():
        if isinstance(verdict, bool) and name != "ok":
            print(f"  {'yes' if verdict else 'NO '}  {name.replace('_', ' ')}")
    for trouble in audited["troubles"]:
        print(f"  !    {trouble}")
