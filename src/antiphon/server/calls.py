"""The calls of this process: how many there are, and whether one more may begin."""

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Calls"]


class Calls:
    """Ask `refusal` before a call, and keep it in `counted` while it lasts."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.draining = False
        """Set to stop the server: current calls go on, new ones are refused, and the server ends
        with the last of them."""
        self._now: set[str] = set()

    def __len__(self) -> int:
        return len(self._now)

    def refusal(self) -> tuple[str, str] | None:
        """The protocol's error code and words for a caller who cannot be served now."""
        if self.draining:
            return "going_away", "the server is about to stop; please call again in a minute"
        if len(self._now) >= self.limit:
            return "full", f"all {self.limit} lines are busy; please call again in a minute"
        return None

    @contextmanager
    def counted(self, call: str) -> Iterator[None]:
        """``call`` is under way."""
        self._now.add(call)
        try:
            yield
        finally:
            self._now.remove(call)
