"""`antiphon replay LOG`: do the logged inputs still lead to the logged actions?"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from antiphon import actions
from antiphon.actions import Action
from antiphon.call.replay import Difference, Step, replay
from antiphon.cli.output import Exit, print_json
from antiphon.config.agent import AgentSettings
from antiphon.errors import ConfigError
from antiphon.observe.logreader import CallLog, Ordered, Ticked, Told, read
from antiphon.wiring.agent import conversation

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("log", type=Path, metavar="LOG.jsonl", help="a call log")


def run(args: argparse.Namespace) -> int:
    log = read(args.log)
    done = replay(_steps(log), conversation(_settings(log)))
    found = done.difference
    if args.json:
        print_json({"identical": found is None, "actions": done.actions, **_facts(found)})
    elif found is None:
        print(f"identical: {done.actions} actions")
    else:
        print(f"{args.log}:{found.line}: differs at {found.time_s:.3f} s, after {done.actions}")
        print(f"  logged:  {_shown(found.logged)}")
        print(f"  derived: {_shown(found.derived)}")
    return Exit.OK if found is None else Exit.NEGATIVE


def _settings(log: CallLog) -> AgentSettings:
    """The agent as it was during the call."""
    try:
        return AgentSettings.model_validate(log.header.agent)
    except ValueError as error:
        raise ConfigError(
            f"the agent in this log does not fit this version of Antiphon: {error}",
            where=f"{log.path}:1",
            fix=f"replay it with the version that wrote it: {log.header.antiphon}",
        ) from None


def _steps(log: CallLog) -> Iterator[Step]:
    for line in log.lines:
        match line:
            case Told():
                yield Step(line=line.number, time_s=line.t, event=line.event)
            case Ticked():
                yield Step(line=line.number, time_s=line.t)
            case Ordered():
                yield Step(line=line.number, time_s=line.t, actions=line.actions)
            case _:
                pass


def _facts(found: Difference | None) -> dict[str, object]:
    if found is None:
        return {}
    return {
        "line": found.line,
        "t": found.time_s,
        "logged": found.logged and actions.to_json(found.logged),
        "derived": found.derived and actions.to_json(found.derived),
    }


def _shown(action: Action | None) -> str:
    return "nothing" if action is None else str(action)
