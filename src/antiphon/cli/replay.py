"""`antiphon replay LOG`: do the logged inputs still lead to the logged actions?

After a change, to see what it does to calls that were held; and when looking for a mistake, to be
sure that its cause is in the log.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from antiphon import actions
from antiphon.actions import Action
from antiphon.call.replay import Difference, Step, replay
from antiphon.cli.live import say
from antiphon.cli.output import Exit, print_json
from antiphon.config.agent import AgentSettings
from antiphon.config.mistakes import explained
from antiphon.errors import ConfigError
from antiphon.observe.logreader import CallLog, Ordered, Ticked, Told, read
from antiphon.wiring.agent import conversation

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("log", type=Path, metavar="LOG.jsonl", help="a call log")


def run(args: argparse.Namespace) -> int:
    log = read(args.log)
    done = replay(_compared(log), conversation(_settings(log)))
    found = done.difference
    cut = _cut(log)
    if cut:
        say(f"{log.path}: {cut}")
    if args.json:
        whole = {"cut": cut} if cut else {}
        print_json({"identical": found is None, "actions": done.actions, **_facts(found), **whole})
    elif found is None:
        print(f"identical: {done.actions} actions")
    else:
        print(f"{args.log}:{found.line}: differs at {found.time_s:.3f} s, after {done.actions}")
        print(f"  logged:  {_shown(found.logged)}")
        print(f"  derived: {_shown(found.derived)}")
    return Exit.OK if found is None else Exit.NEGATIVE


def _cut(log: CallLog) -> str:
    """What is missing at its end, in words; empty where the call was closed."""
    if log.closed:
        return ""
    if log.torn:
        return f"the log ends in the middle of line {log.torn_line}; what is before it is compared"
    return "the log has no end: the call still goes on, or its process died; the rest is compared"


def _compared(log: CallLog) -> list[Step]:
    """What the machines were told and ordered. In a log that was cut off, the answer to the last
    input may be what is missing."""
    steps = list(_steps(log))
    if not log.closed and steps and steps[-1].actions is None:
        steps.pop()
    return steps


def _settings(log: CallLog) -> AgentSettings:
    """The agent as it was during the call."""
    try:
        return AgentSettings.model_validate(log.header.agent)
    except ValidationError as error:
        mistake = explained(error, AgentSettings, None, "").what
        raise ConfigError(
            f"the agent in this log does not fit this version of Antiphon: {mistake}",
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
