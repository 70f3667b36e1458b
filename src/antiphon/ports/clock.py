"""Time, as something one is handed.

`antiphon.call.clock` reads the real one, `antiphon.testing.clock` a pretended one.
"""

from typing import Protocol


class Clock(Protocol):
    """Seconds that only go forward, from an arbitrary zero."""

    def now(self) -> float:
        """The time."""
        ...

    async def sleep_until(self, when_s: float) -> None:
        """Return at ``when_s``, or on the next turn of the loop if that has passed."""
        ...
