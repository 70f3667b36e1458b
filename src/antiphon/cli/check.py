"""`antiphon check AGENT`: is the agent file right, and is all it needs on this machine?

Mistakes are told with their line and what to do. It ends with 1 where something is missing, with 2
where the file itself cannot work.

What its recogniser is asked for and is not known to do is only warned of.

With `--live` each of its providers also gets one tiny request, all at once, ten seconds each: half
a second of silence to write down, one word to say, one token to answer.
"""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from antiphon.cli.output import Exit, print_json
from antiphon.cli.pretended import pretended, sandbox_argument
from antiphon.cli.trial import Trial, try_all
from antiphon.config import agent, environment
from antiphon.config.agent import AgentSettings
from antiphon.config.environment import Environment
from antiphon.errors import ConfigError
from antiphon.models.store import ModelStore
from antiphon.wiring import engines, providers
from antiphon.wiring.ambience import ambience
from antiphon.wiring.unheeded import unheeded

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("agent", type=Path, metavar="AGENT", help="agent.yaml, or its folder")
    parser.add_argument(
        "--live", action="store_true", help="also ask each provider for something tiny"
    )
    sandbox_argument(parser)


def run(args: argparse.Namespace) -> int:
    settings = agent.load(args.agent)
    with pretended(args.sandbox, settings, environment.read()) as surroundings:
        mistakes = _mistakes(settings, args.agent, surroundings)
        warnings = unheeded(settings, agent.where(args.agent))
        trials = _tried(settings, surroundings) if args.live else None
    if args.json:
        print_json(_facts(settings, mistakes, warnings, trials))
    else:
        for warning in warnings:
            print(f"warning: {warning}")
        _tell(settings, mistakes, trials or [])
    bad = mistakes or any(not trial.ok for trial in trials or ())
    return Exit.NEGATIVE if bad else Exit.OK


def _mistakes(settings: AgentSettings, file: Path, surroundings: Environment) -> list[ConfigError]:
    models = ModelStore().path
    found = engines.mistakes(settings, surroundings.vendors, models, agent.where(file))
    try:
        ambience(settings, agent.where(file))
    except ConfigError as error:
        found.append(error)
    try:
        models("silero-vad")  # every agent hears with it
    except ConfigError as error:
        found.append(error)
    return found


def _tried(settings: AgentSettings, surroundings: Environment) -> list[Trial]:
    """Of every provider that can be made; what keeps the others from it is a mistake."""
    models = ModelStore().path
    chosen = []
    for port, name in engines.named(settings):
        order = engines.ordered(settings, name, surroundings.vendors, models)
        try:
            providers.make(port, order)
        except ConfigError:
            continue
        chosen.append((providers.offered(port, name), order))
    return asyncio.run(try_all(chosen, settings.mouth.voice))


def _tell(
    settings: AgentSettings, mistakes: Sequence[ConfigError], trials: Sequence[Trial]
) -> None:
    width = max((len(trial.name) for trial in trials), default=0)
    for trial in trials:
        said = f"OK   {trial.ms:.0f} ms" if trial.ms is not None else f"FAILED   {trial.what}"
        print(f"{trial.port:<8}  {trial.name:<{width}}  {said}")
        if trial.fix:
            print(f"  {trial.fix}")
    for mistake in mistakes:
        print(mistake)
    if mistakes:
        return
    if silent := [trial for trial in trials if not trial.ok]:
        print(f"{settings.name}: the agent file is right; {len(silent)} of its providers failed")
    else:
        tried = ", and every provider answers" if trials else ""
        print(f"{settings.name}: the agent file is right, and all it needs is here{tried}")


def _facts(
    settings: AgentSettings,
    mistakes: Sequence[ConfigError],
    warnings: Sequence[ConfigError],
    trials: Sequence[Trial] | None,
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "ok": not mistakes and all(trial.ok for trial in trials or ()),
        "agent": settings.name,
        "mistakes": [{"what": m.what, "where": m.where, "fix": m.fix} for m in mistakes],
    }
    if warnings:
        facts["warnings"] = [{"what": w.what, "where": w.where, "fix": w.fix} for w in warnings]
    if trials is not None:
        facts["trials"] = [
            {
                "port": trial.port,
                "provider": trial.name,
                "ok": trial.ok,
                "ms": None if trial.ms is None else round(trial.ms, 1),
                "what": trial.what,
                "fix": trial.fix,
            }
            for trial in trials
        ]
    return facts
