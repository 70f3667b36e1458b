"""Who can do one job, the preferred one first, and how each of them is doing.

One roster per port and process: what one call learns of a provider, every other call knows. It
picks; it makes no request and waits for nobody. The time is an argument.
"""

import logging
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from antiphon.errors import ProviderError
from antiphon.net.breaker import Breaker, Tolerance

__all__ = ["Roster", "Standing"]

REST_S: Final = 5.0
"""Whoever failed is not gone back to sooner, even if one failure is nothing yet."""

log: Final = logging.getLogger(__name__)


class _Named(Protocol):
    @property
    def name(self) -> str: ...


E = TypeVar("E", bound=_Named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one provider is doing, for people and metrics."""

    provider: str
    state: str
    """See `Breaker.state`."""
    failures: int
    """Since the process began."""


class Roster(Generic[E]):
    """Ask `pick` before a request, tell `succeeded` or `failed` after it."""

    def __init__(self, engines: Sequence[E], tolerance: Tolerance | None = None) -> None:
        if not engines:
            raise ValueError("a roster needs somebody on it")
        self.engines = tuple(engines)
        self._breakers = [Breaker(tolerance) for _ in engines]
        self._failures = [0 for _ in engines]
        self._failed_s = [-math.inf for _ in engines]

    def __len__(self) -> int:
        return len(self.engines)

    @property
    def preferred(self) -> E:
        """Whom the agent file names first."""
        return self.engines[0]

    def pick(self, now: float, *, without: Collection[E] = ()) -> E | None:
        """Who is to be asked now: the first that is well, or, where none is, the first at all:
        a call that goes on has nothing to lose. None where everybody is in ``without``."""
        able = [engine for engine in self.engines if engine not in without]
        for engine in able:
            if self._breaker(engine).allows(now):
                return engine
        return able[0] if able else None

    def well(self, now: float) -> list[E]:
        """Who might be asked now, in order. Asking commits to nothing."""
        return [engine for engine in self.engines if self._breaker(engine).ready(now)]

    def better(self, engine: E, now: float) -> bool:
        """Whether somebody before this one may be asked again."""
        return any(
            self._breaker(each).ready(now) and now - failed_s >= REST_S
            for each, failed_s in zip(
                self.engines[: self.engines.index(engine)], self._failed_s, strict=False
            )
        )

    def succeeded(self, engine: E) -> None:
        """It did what it was asked."""
        self._breaker(engine).succeeded()

    def failed(self, engine: E, error: ProviderError, now: float) -> None:
        """It did not."""
        breaker = self._breaker(engine)
        before = breaker.state(now)
        breaker.failed(error, now)
        at = self.engines.index(engine)
        self._failures[at] += 1
        self._failed_s[at] = now
        if before == "closed" and breaker.state(now) == "open":
            log.warning("%s is left alone for a while: %s", engine.name, error)

    def standings(self, now: float) -> list[Standing]:
        """Everybody's."""
        return [
            Standing(provider=engine.name, state=breaker.state(now), failures=failures)
            for engine, breaker, failures in zip(
                self.engines, self._breakers, self._failures, strict=True
            )
        ]

    def _breaker(self, engine: E) -> Breaker:
        return self._breakers[self.engines.index(engine)]
