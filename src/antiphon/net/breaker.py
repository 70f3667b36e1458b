"""A circuit breaker: who keeps failing is left alone for a while, then tried with one request.

Pure: the time is an argument, nothing waits and nobody is called. One breaker stands for one
provider in one process.

    closed --failures in a row--> open --time--> trying --success--> closed
                                   ^-----------failure----'
"""

import math
from dataclasses import dataclass
from typing import Literal

from antiphon.errors import ProviderError

__all__ = ["Breaker", "Tolerance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How much a breaker puts up with."""

    failures: int = 3
    """In a row, until it opens. One or two are a connection that broke."""
    open_s: float = 5.0
    """How long it stays open the first time; doubled each time the trial fails."""
    most_s: float = 60.0
    """It never stays open longer: a provider that is well again must be used again."""
    refused_s: float = 60.0
    """The same after a refusal that asking again cannot help, such as a wrong key."""
    trial_s: float = 10.0
    """A trial that has neither succeeded nor failed by then is over: whoever made it has gone."""


class Breaker:
    """Ask `allows` before a request, tell `succeeded`, `failed` or `dropped` after it."""

    def __init__(self, tolerance: Tolerance | None = None) -> None:
        self._tolerance = tolerance or Tolerance()
        self._failures = 0
        self._opened = 0
        """How often in a row."""
        self._until_s: float | None = None
        self._rests_until_s = -math.inf
        """The vendor asked to be left alone up to here. A success does not change that: what was
        begun before may end well."""
        self._trial_s: float | None = None
        """When the trial under way began."""

    def state(self, now: float) -> Literal["closed", "open", "trying"]:
        """For people and metrics."""
        if self.rest_s(now):
            return "open"
        if self._until_s is None:
            return "closed"
        return "open" if now < self._until_s else "trying"

    def rest_s(self, now: float) -> float:
        """For how much longer the vendor asked to be left alone; 0: it did not."""
        return max(0.0, self._rests_until_s - now)

    def ready(self, now: float) -> bool:
        """Whether a request might be made now. Asking commits to nothing."""
        if self.rest_s(now):
            return False
        if self._until_s is None:
            return True
        return now >= self._until_s and not self._tried(now)

    def allows(self, now: float) -> bool:
        """Whether a request may be made now. Once the time is up, one at a time may."""
        if not self.ready(now):
            return False
        if self._until_s is not None:
            self._trial_s = now
        return True

    def succeeded(self) -> None:
        """A request went well: all is forgiven."""
        self._failures = self._opened = 0
        self._until_s = self._trial_s = None

    def dropped(self, asked_s: float) -> None:
        """A request made then was cancelled before anything came of it. Where it was the trial,
        the next one may be it at once."""
        if self._trial_s is not None and self._trial_s <= asked_s:
            self._trial_s = None

    def failed(self, error: ProviderError, now: float) -> None:
        """A request failed. What the vendor says about when to come back is respected."""
        tolerance, state = self._tolerance, self.state(now)
        self._failures += 1
        if error.retry_after_s is not None:
            until_s = now + min(error.retry_after_s, tolerance.most_s)
            self._open(now, until_s)
            self._rests_until_s = max(self._rests_until_s, until_s)
        elif not error.retryable:
            self._open(now, now + tolerance.refused_s)
        elif state == "trying" or (state == "closed" and self._failures >= tolerance.failures):
            # While it is open, what fails was asked before: one outage ends all requests at once.
            self._open(now, now + min(tolerance.open_s * 2**self._opened, tolerance.most_s))

    def _open(self, now: float, until_s: float) -> None:
        if self.state(now) != "open":
            self._opened = min(self._opened + 1, 16)
        self._until_s = max(until_s, self._until_s or 0.0)
        self._trial_s = None

    def _tried(self, now: float) -> bool:
        return self._trial_s is not None and now < self._trial_s + self._tolerance.trial_s
