"""Whose turn it is among the replies of one call. Pure.

Replies stand in the order they were first spoken of; a filler goes before everything that is not
audible yet, behind other fillers. A held reply keeps nobody waiting.
"""

from collections import deque
from typing import Final

from antiphon.mouth.reply import Reply

__all__ = ["Lineup"]

REMEMBERED: Final = 64
"""Replies that are over: late text for one of them is dropped."""


class Lineup:
    """The replies that are not audible yet, and the numbers of those that are over."""

    def __init__(self) -> None:
        self._waiting: list[Reply] = []
        self._over: deque[int] = deque(maxlen=REMEMBERED)

    def add(self, reply: Reply) -> None:
        """A reply that was not spoken of before."""
        at = len(self._waiting)
        if reply.kind == "filler":
            others = (i for i, other in enumerate(self._waiting) if other.kind != "filler")
            at = next(others, at)
        self._waiting.insert(at, reply)

    @property
    def next(self) -> Reply | None:
        """The reply whose turn is next, ready or not."""
        return next((reply for reply in self._waiting if not reply.held), None)

    @property
    def queued(self) -> list[Reply]:
        """All that are not held, in order."""
        return [reply for reply in self._waiting if not reply.held]

    def take(self, reply: Reply) -> None:
        """It becomes audible."""
        self._waiting.remove(reply)

    def close(self, number: int) -> None:
        """It is over, whether it was known, waiting, audible or none of it."""
        self._waiting = [reply for reply in self._waiting if reply.number != number]
        self._over.append(number)

    def is_over(self, number: int) -> bool:
        """Nothing more of it is wanted."""
        return number in self._over
