"""Who can do one job, the preferred one first, and how each of them is doing.

One roster per port and process: what one call learns of a provider, every other call knows. It
picks; it makes no request and waits for nobody. The time is an argument.
"""

import logging
import math
from collections.abc import Collection, Sequence
from typing import Final, Generic, Protocol, TypeVar

from antiphon.errors import ProviderError
from antiphon.net.breaker import Breaker, Tolerance

__all__ = ["Roster"]

REST_S: Final = 5.0
"""Whoever failed is not gone back to sooner, even if one failure is nothing yet."""

log: Final = logging.getLogger(__name__)


class _Named(Protocol):
    @property
    def name(self) -> str: ...


E = TypeVar("E", bound=_Named)


class Roster(Generic[E]):
    """Ask `pick` before a request, tell `succeeded`, `failed` or `dropped` after it."""

    def __init__(self, engines: Sequence[E], tolerance: Tolerance | None = None) -> None:
        if not engines:
            raise ValueError("a roster needs somebody on it")
        self.engines = tuple(engines)
        self._breakers = [Breaker(tolerance) for _ in engines]
        self._failed_s = [-math.inf for _ in engines]

    def __len__(self) -> int:
        return len(self.engines)

    @property
    def preferred(self) -> E:
        """Whom the agent file names first."""
        return self.engines[0]

    def pick(self, now: float, *, without: Collection[E] = ()) -> E | None:
        """Who is to be asked now: the first that is well, or, where none is, the first at all:
        a call that goes on has nothing to lose. But who asked to be left alone comes after all
        others, and who asked for least before who asked for more. None where everybody is in
        ``without``."""
        able = [engine for engine in self.engines if engine not in without]
        for engine in able:
            if self._breaker(engine).allows(now):
                return engine
        return min(able, key=lambda each: self.rest_s(each, now), default=None)

    def rest_s(self, engine: E, now: float) -> float:
        """For how much longer it asked to be left alone, whichever call it told; 0: it did not."""
        return self._breaker(engine).rest_s(now)

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

    def dropped(self, engine: E, asked_s: float) -> None:
        """What it was asked at ``asked_s`` is not wanted any more, and it had not begun to do it:
        nothing was learnt of it, and somebody else may try it."""
        self._breaker(engine).dropped(asked_s)

    def failed(self, engine: E, error: ProviderError, now: float) -> None:
        """It did not."""
        breaker = self._breaker(engine)
        before = breaker.state(now)
        breaker.failed(error, now)
        self._failed_s[self.engines.index(engine)] = now
        if before == "closed" and breaker.state(now) == "open":
            what = str(error).removeprefix(f"{engine.name}: ")  # said before it
            log.warning("%s is left alone for a while: %s", engine.name, what)

    def _breaker(self, engine: E) -> Breaker:
        return self._breakers[self.engines.index(engine)]
