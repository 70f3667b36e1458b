"""`antiphon check AGENT`: is the agent file right, and is all it needs on this machine?"""

import argparse
from pathlib import Path

from antiphon.cli.output import Exit, print_json
from antiphon.config import agent, environment
from antiphon.errors import ConfigError
from antiphon.models.store import ModelStore
from antiphon.wiring import engines

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("agent", type=Path, metavar="AGENT", help="agent.yaml, or its folder")


def run(args: argparse.Namespace) -> int:
    settings = agent.load(args.agent)
    models = ModelStore().path
    mistakes = engines.mistakes(settings, environment.read().vendors, models)
    try:
        models("silero-vad")  # every agent hears with it
    except ConfigError as error:
        mistakes.append(error)
    if args.json:
        found = [{"what": m.what, "where": m.where, "fix": m.fix} for m in mistakes]
        print_json({"ok": not mistakes, "agent": settings.name, "mistakes": found})
    elif mistakes:
        print("\n".join(str(mistake) for mistake in mistakes))
    else:
        print(f"{settings.name}: the agent file is right, and all it needs is here")
    return Exit.NEGATIVE if mistakes else Exit.OK
