"""Whether sound piles up at a far end that is never given a pause.

Speech has pauses, in which a far end that once fell behind catches up. A room that sounds all the
time has none: what piled up while a line stalled, or runs in or out because two clocks differ,
would stay and delay every reply from then on. Pure; what is done about it is playout.py's.
"""

import math
from typing import Final

__all__ = ["Backlog"]

WINDOW_S: Final = 1.0
"""Reports are late by chance; the least late of ten is late by the way it came."""
SETTLE_S: Final = 1.0
"""After a break the first reports still speak of what was before it."""
BEHIND_S: Final = 0.08
"""What piled up is worth a correction: shorter is a network's breathing."""
SHORT_S: Final = 0.03
"""So much less than before, and the next late frame would be a hole."""


class Backlog:
    """Compares how much reports say is out with how much should be; see `look`."""

    def __init__(self) -> None:
        self._usual_s: float | None = None
        """The difference that the way there and back explains."""
        self._least_s = math.inf
        self._from_s = -math.inf

    def settle(self, now: float) -> None:
        """Sound begins after a break."""
        self._least_s, self._from_s = math.inf, now + SETTLE_S

    def look(self, difference_s: float, now: float) -> float:
        """Tell it the difference, again and again; returns by how much more is out than was
        thought (less: negative), which is to be made good at once. 0 where all is well."""
        if self._from_s == -math.inf:
            self.settle(now)
        if now < self._from_s:
            return 0.0
        self._least_s = min(self._least_s, difference_s)
        if now < self._from_s + WINDOW_S:
            return 0.0
        least_s, self._least_s, self._from_s = self._least_s, math.inf, now
        if self._usual_s is None:
            self._usual_s = least_s
            return 0.0
        more_s = least_s - self._usual_s
        if -SHORT_S < more_s < BEHIND_S:
            return 0.0
        # If it was the way that became longer or shorter, this is from now on the usual.
        self._usual_s = None
        self.settle(now)
        return more_s
