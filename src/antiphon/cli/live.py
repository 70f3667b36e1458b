"""What the commands that hold a call share: showing it, and reading it back when it is over."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from antiphon.config import environment
from antiphon.config.agent import AgentSettings
from antiphon.observe import prices
from antiphon.observe.audit import audit
from antiphon.observe.cost import Cost, cost_of, day_of
from antiphon.observe.costtable import cost_table
from antiphon.observe.latency import TurnLatency, turns
from antiphon.observe.logreader import CallLog, read
from antiphon.observe.playback import Recording, load
from antiphon.observe.prices import Prices
from antiphon.observe.report import report, save
from antiphon.wiring import engines

__all__ = ["Traces", "console", "cost", "own_prices", "say", "show_cost"]

# Where there is no terminal to ask, a table must still fit its words.
PLAIN_COLUMNS = 140


def console() -> Console:
    """Where a call is shown."""
    return Console() if sys.stdout.isatty() else Console(width=PLAIN_COLUMNS)


def say(what: str) -> None:
    """Something about the running of a command, not its result."""
    print(what, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Traces:
    """What a placed call left behind."""

    log: CallLog
    recording: Recording
    record: Path
    """Where that lies."""

    @classmethod
    def of(cls, events: Path, record: Path) -> "Traces":
        return cls(read(events), load(record), record)

    @property
    def answered(self) -> list[TurnLatency]:
        return turns(self.log.lines)

    def audit(self) -> dict[str, Any]:
        """The verdicts of a scripted call."""
        return audit(self.recording, self.log)

    def write_report(self, file: Path, title: str, audited: dict[str, Any] | None = None) -> None:
        """The page a person would rather look at."""
        page = report(self.log, self.recording, audited, title=title, cost=cost(self.log))
        save(page, file)


def own_prices() -> Prices:
    """The price table, with the user's own rows. Raises `ConfigError`."""
    return prices.load(environment.read().prices)


def cost(log: CallLog) -> Cost:
    """What the call of a log cost."""
    try:
        models = engines.models(AgentSettings.model_validate(log.header.agent))
    except ValueError:  # another version's agent, or none
        models = {}
    return cost_of(log.lines, own_prices(), day_of(log.header.started), models)


def show_cost(log: CallLog) -> None:
    """The same as a table, where anything was used."""
    if (spent := cost(log)).lines:
        console().print(cost_table(spent))
    if log.pretended:
        print("the vendors were pretended: nobody is paid")
