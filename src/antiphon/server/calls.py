"""The calls of this process: how many there are, whether one more may begin, and ending them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

__all__ = ["STOPPING", "Calls", "HangsUp"]

STOPPING: Final = "stopping"
"""Why a call ends that outlasts the server. Callers are told this word; the page knows it."""


class HangsUp(Protocol):
    """A call that can be ended from our side."""

    def hang_up(self, reason: str) -> None:
        """Say goodbye and end, soon."""
        ...


class Calls:
    """Ask `refusal` before a call, and keep it in `counted` while it lasts."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.draining = False
        """Set to stop the server: current calls go on, new ones are refused, and the server ends
        with the last of them."""
        self._now: dict[str, asyncio.Task[Any]] = {}
        self._held: dict[str, HangsUp] = {}

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
        """``call`` is under way, in the task this is entered in."""
        task = asyncio.current_task()
        assert task is not None
        self._now[call] = task
        try:
            yield
        finally:
            del self._now[call]
            self._held.pop(call, None)

    def begun(self, call: str, held: HangsUp) -> None:
        """``held`` is how to end this ``call``, and the better way: without it, its task is
        cancelled."""
        if call in self._now:
            self._held[call] = held

    def stop(self) -> None:
        """End every call, soon."""
        for call, task in self._now.items():
            if held := self._held.get(call):
                held.hang_up(STOPPING)
            else:
                task.cancel()

    def cancel(self) -> None:
        """What is left has had its time."""
        for task in self._now.values():
            task.cancel()
