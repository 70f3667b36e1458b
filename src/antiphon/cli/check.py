"""`antiphon check AGENT`: is the agent file right, and is all it needs on this machine?"""

import argparse
from pathlib import Path

from antiphon.cli.output import Exit, print_json
from antiphon.config import agent
from antiphon.errors import ConfigError
from antiphon.models.store import ModelStore
from antiphon.wiring import providers

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("agent", type=Path, metavar="AGENT", help="agent.yaml, or its folder")


def run(args: argparse.Namespace) -> int:
    settings = agent.load(args.agent)
    models = ModelStore().path
    wanted = [
        ("stt", settings.stt, providers.STT),
        ("tts", settings.tts, providers.TTS),
        ("llm", settings.llm, providers.LLM),
        ("endpoint", settings.endpoint, providers.ENDPOINTS),
    ]
    mistakes: list[ConfigError] = []
    for port, name, known in wanted:
        if name is not None:
            try:
                providers.make(port, name, known, models)
            except ConfigError as error:
                mistakes.append(error)
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
