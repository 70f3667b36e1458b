"""What the mouth needs of the media plane: a beat every 20 ms."""

from collections.abc import Callable
from typing import Protocol

__all__ = ["Ticking", "Wheel"]


class Ticking(Protocol):
    """A place on the wheel."""

    def cancel(self) -> None:
        """No more beats."""
        ...


class Wheel(Protocol):
    """What the mouth needs of the media plane."""

    def every_frame(self, callback: Callable[[float], None]) -> Ticking:
        """Call ``callback(now)`` every 20 ms."""
        ...
