"""`antiphon bench voice|bargein|failover`: how long callers wait, who yields to whom, and what they
notice when a provider dies.

`voice` measures how long callers wait for an answer, `bargein` how soon the agent yields, and
`failover` what is heard when three pretended vendors die in mid-sentence. Each is a spoken call in
real time, of some minutes, on the engines of this machine, and is measured in the caller's
recording. The agents and scripts lie under bench/ of a checkout.
"""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from antiphon.cli import failover
from antiphon.cli.examples import folder
from antiphon.cli.live import Traces, console, say
from antiphon.cli.output import Exit, print_json
from antiphon.config import agent, environment
from antiphon.config.environment import Environment
from antiphon.observe.figures import percentile, spread, summary
from antiphon.observe.terminal import Show
from antiphon.testing import scriptfile
from antiphon.testing.rehearsal import rehearse
from antiphon.wiring.agent import open_agent
from antiphon.wiring.placed import PHONE_HZ, Placing, place_script

__all__ = ["arguments", "run"]

BUDGETS = {
    "voice": {"p50": 450.0, "p95": 800.0},
    "bargein": {"ducked_p95": 200.0, "silent_p50": 450.0, "silent_p95": 800.0},
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=[*sorted(BUDGETS), "failover"], help="what to measure")
    parser.add_argument(
        "--for-good", action="store_true", help="failover: who is killed stays dead"
    )
    parser.add_argument("--out", type=Path, help="keep recording, call log and report here")


def run(args: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="antiphon-bench-") as scratch:
        out = args.out or Path(scratch)
        out.mkdir(parents=True, exist_ok=True)
        cold = environment.read().model_copy(update={"cache": Path(scratch) / "cache"})
        if args.what == "failover":
            return _failover(args, out, cold)
        asyncio.run(_place(args, out, cold))
        traces = Traces.of(out / "call.jsonl", out / "call.wav")
        audited = traces.audit()
        figures = _voice(traces, audited) if args.what == "voice" else _bargein(audited)
        if args.out:
            traces.write_report(out / "report.html", f"bench {args.what}", audited)
    if args.json:
        print_json(figures)
    else:
        print(json.dumps(figures, indent=2))
    return Exit.OK


def _failover(args: argparse.Namespace, out: Path, cold: Environment) -> int:
    quiet, for_good = bool(args.json), bool(args.for_good)
    saboteur = asyncio.run(failover.place(cold, out, quiet=quiet, for_good=for_good))
    traces = Traces.of(out / "call.jsonl", out / "call.wav")
    found = failover.figures(traces.log, traces.recording, saboteur)
    if args.out:
        traces.write_report(out / "report.html", "bench failover")
    if args.json:
        print_json(found)
    else:
        print(json.dumps(found, indent=2))
    return Exit.OK if found["ok"] else Exit.NEGATIVE


async def _place(args: argparse.Namespace, out: Path, cold: Environment) -> None:
    """The call, with a phrase cache that has never seen a phrase."""
    bench = folder().parent.parent / "bench" / args.what
    settings = agent.load(bench)
    script = scriptfile.read(bench / "script.yaml")
    show = None if args.json else Show(console())
    async with open_agent(settings, cold, progress=say) as opened:
        say("rehearsing the caller's lines")
        lines = await rehearse(script, opened.equipment.voices.preferred, PHONE_HZ)
        placing = Placing(
            call=f"bench-{args.what}",
            events=out / "call.jsonl",
            record=out / "call.wav",
            watchers=[show] if show else [],
        )
        await place_script(opened, script, lines, placing)
        if show:
            show.close()


def _voice(traces: Traces, audited: dict[str, Any]) -> dict[str, Any]:
    """Totals from the recording; their parts from the log."""
    asked = audited["voice_to_voice_ms"]["each"]
    waits = [wait["ms"] for wait in asked if wait["ms"] is not None]
    return {
        "voice_to_voice_ms": spread(waits),
        "turns": len(asked),
        "answered": len(waits),
        "parts": summary(traces.answered),
        "budget_ms": BUDGETS["voice"],
        "unanswered": [wait["text"] for wait in asked if wait["ms"] is None],
    }


def _bargein(audited: dict[str, Any]) -> dict[str, Any]:
    stops, kept = audited["interruptions"], audited["backchannels"]
    silent = [stop["ms"] for stop in stops if stop["yielded"]]
    ducked = [stop["ducked_ms"] for stop in stops if stop["ducked_ms"] is not None]
    return {
        "interruptions": len(stops),
        "yielded": sum(stop["yielded"] for stop in stops),
        "silent_ms": _ranks(silent),
        "ducked_ms": _ranks(ducked),
        "backchannels": len(kept),
        "kept": sum(noise["kept"] for noise in kept),
        "budget_ms": BUDGETS["bargein"],
        "failed": [s for s in stops if not s["yielded"]] + [n for n in kept if not n["kept"]],
    }


def _ranks(values: list[float]) -> dict[str, float | None]:
    return {f"p{rank}": percentile(values, rank) if values else None for rank in (50, 95)}
