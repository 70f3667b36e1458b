"""Whom one call's ear asks next, and when: who has failed, how often, and who asked for time.

Must not live here: what a recogniser hears, and waiting itself.
"""

from collections.abc import Callable
from typing import Final

from antiphon.net.roster import Roster
from antiphon.ports.stt import Recogniser

__all__ = ["COMES_BACK_S", "WAITS_S", "Tries"]

WAITS_S: Final = ((0.0, 0.05), (0.15, 0.25), (0.4, 0.6), (0.8, 1.2), (1.6, 2.4))
"""A recogniser that keeps dying is tried again after these, then after every last of them. Each is
anywhere between two: what dies for many calls at once is not asked by all of them at once."""
COMES_BACK_S: Final = 0.5
"""Nor is who asked to be left alone: each call comes back up to so much later."""


class Tries:
    """Since somebody last listened well."""

    def __init__(self, recognisers: Roster[Recogniser], chance: Callable[[], float]) -> None:
        self._recognisers, self._chance = recognisers, chance
        self._failed: list[Recogniser] = []
        """Without having worked at all."""
        self._failures = 0
        """In a row."""

    def forget(self) -> None:
        """Somebody listened, and left in peace."""
        self._failed, self._failures = [], 0

    def pick(self, now: float) -> Recogniser:
        """Whom to ask: one after another, and from the first again when nobody is left."""
        if not self._others(now):
            self._failed = []
        picked = self._recognisers.pick(now, without=self._failed)
        assert picked is not None
        return picked

    def useless(self, recogniser: Recogniser, now: float) -> float:
        """It failed before it heard anything. Returns how long to wait: not at all where somebody
        else is left."""
        self._failures += 1
        self._failed.append(recogniser)
        return 0.0 if self._others(now) else self._wait_s(now)

    def broke(self, now: float) -> float:
        """One that worked may have lost no more than its connection. Returns how long to wait."""
        self._failures += 1
        return self._wait_s(now)

    def broke_after_long(self, now: float) -> float:
        """The same, but it had worked for so long that no failure before it counts any more."""
        self._failures = 0
        return self.broke(now)

    def _others(self, now: float) -> bool:
        """Somebody is left who has not failed, and did not ask to be left alone."""
        roster = self._recognisers
        return any(e not in self._failed and not roster.rest_s(e, now) for e in roster.engines)

    def _wait_s(self, now: float) -> float:
        """Until somebody is asked again: not before any of them wants to be."""
        least_s, most_s = WAITS_S[min(self._failures, len(WAITS_S)) - 1]
        wait_s = least_s + (most_s - least_s) * self._chance()
        rest_s = min(self._recognisers.rest_s(e, now) for e in self._recognisers.engines)
        return max(wait_s, rest_s + COMES_BACK_S * self._chance()) if rest_s else wait_s
