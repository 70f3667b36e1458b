"""`antiphon report LOG`: the page of a call that is already over.

For the calls of `serve` and `talk`, whose logs are in calls/, and for those held without
`--report`. Without `--recording` the page is silent.
"""

import argparse
from pathlib import Path

from antiphon.cli.live import Traces, cost, show_cost
from antiphon.cli.output import Exit, print_json
from antiphon.observe.latency import turns
from antiphon.observe.logreader import read
from antiphon.observe.report import report, save

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("log", type=Path, metavar="LOG.jsonl", help="a call log")
    parser.add_argument("--recording", type=Path, metavar="WAV", help="its stereo recording")
    parser.add_argument(
        "--out", type=Path, metavar="PAGE.html", help="where to write it; beside the log"
    )


def run(args: argparse.Namespace) -> int:
    page = args.out or args.log.with_suffix(".html")
    if args.recording:
        traces = Traces.of(args.log, args.recording)
        traces.write_report(page, title=args.log.stem)
        log = traces.log
    else:
        log = read(args.log)
        save(report(log, title=args.log.stem, cost=cost(log)), page)
    if args.json:
        spent = cost(log).to_json()
        print_json({"report": str(page), "turns": len(turns(log.lines)), "cost": spent})
    else:
        show_cost(log)
        print(page)
    return Exit.OK
