"""The final reading that was asked of a vendor, and how long it may take.

Whatever makes a vendor say its last word of some audio also cuts there: one asked for amid speech
tears a word in two, and its halves are heard as other words. So while our own voice activity says
that the caller speaks, asking is put off until they pause; the vendor's partials go on.

Lives here: what is owed, since when, what is put off, and a watch over a listening loop that tells
when the time is up. Must not live here: what counts as an answer, and what is done without one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from antiphon.events import SpeechStarted, SpeechStopped

__all__ = ["Owed"]

UNBROKEN_S: Final = 10.0
"""A voice that has not paused for so long may be a noise: nothing is put off any more."""


class Owed:
    """One recognition's debt: ask, and it is owed until it is paid."""

    def __init__(self, within_s: float) -> None:
        self.within_s = within_s
        self.until_s: float | None = None
        """A final up to here is owed; None: none is."""
        self.postponed = False
        """It was late once, and waited for longer."""
        self._voice_s: float | None = None
        """Where the voice began that goes on now."""
        self._later_s: float | None = None
        """A final up to here is to be asked for when it ends."""
        self._due_s = 0.0
        self._patience: asyncio.Timeout | None = None

    @property
    def talking(self) -> bool:
        """The caller speaks, as far as is known."""
        return self._voice_s is not None

    def voice(self, edge: SpeechStarted | SpeechStopped) -> float | None:
        """An edge of our own voice activity; returns up to where a final was put off, if it is
        time to ask for it."""
        if isinstance(edge, SpeechStarted):
            self._voice_s = edge.at_s
            return None
        later_s, self._voice_s, self._later_s = self._later_s, None, None
        return later_s

    def put_off(self, until_s: float) -> bool:
        """Whether a final up to here is not to be asked for now: `voice` will say when."""
        if self._voice_s is None or until_s - self._voice_s > UNBROKEN_S:
            return False
        self._later_s = max(until_s, self._later_s or 0.0)
        return True

    def ask(self, until_s: float, behind_s: float = 0.0) -> None:
        """One more is wanted. It may take longer by ``behind_s``, where audio waits before it."""
        self.until_s = max(until_s, self.until_s or 0.0)
        self.postponed = False
        self._due(self.within_s + behind_s)

    def postpone(self, by_s: float) -> None:
        """Wait so long from now on, and no longer."""
        self.postponed = True
        self._due(by_s)

    def paid(self) -> float:
        """It came: up to where it was owed. Raises `TypeError` where nothing was."""
        until_s, self.until_s = self.until_s, None
        if until_s is None:
            raise TypeError("nothing is owed")
        self._arm()
        return until_s

    async def watch(self, listen: Callable[[], Awaitable[None]], late: Callable[[], None]) -> None:
        """Run ``listen`` again and again; where what is owed does not come in time, ``late`` pays
        it, postpones it or raises."""
        while True:
            try:
                async with asyncio.timeout(None) as self._patience:
                    self._arm()
                    while True:
                        await listen()
            except TimeoutError:
                late()
            finally:
                self._patience = None

    def _due(self, in_s: float) -> None:
        self._due_s = asyncio.get_running_loop().time() + in_s
        self._arm()

    def _arm(self) -> None:
        if self._patience is not None and not self._patience.expired():
            self._patience.reschedule(None if self.until_s is None else self._due_s)
