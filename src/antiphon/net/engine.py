"""What runs inside a child process: the shape of an engine and of one piece of work.

Lives here: the two types an ``engine.py`` of a provider is written against. Must not live here:
anything that imports asyncio or a model; this is the first thing a child imports.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

__all__ = ["Engine", "Work"]


class Work:
    """One job, as the engine sees it."""

    def __init__(self, fields: Mapping[str, Any], payload: bytes = b"") -> None:
        self.fields, self.payload = fields, payload
        self._lock = threading.Lock()
        self._cancelled = False
        self._abort: Callable[[], None] | None = None

    @property
    def cancelled(self) -> bool:
        """Nobody waits for the result any more: stop at the next opportunity."""
        return self._cancelled

    def on_cancel(self, abort: Callable[[], None]) -> None:
        """Call ``abort`` (from another thread) when the job is cancelled, or now if it was: for
        native work that can be told to stop. Replaces the one before."""
        with self._lock:
            self._abort = abort
            late = self._cancelled
        if late:
            abort()

    def cancel(self) -> None:
        """For the runtime only."""
        with self._lock:
            self._cancelled = True
            abort = self._abort
        if abort is not None:
            abort()


class Engine(Protocol):
    """A model in a child process. Made from its settings; by then it is loaded and warm.

    Making it may raise `Missing`. ``work`` may raise a `ProviderError`, which fails that job
    alone; anything else ends the process, and the parent starts another.
    """

    facts: Mapping[str, Any]
    """What the parent wants to know: versions, sample rate."""

    def __init__(self, settings: Mapping[str, Any]) -> None: ...

    def work(self, work: Work) -> Iterator[tuple[Mapping[str, Any], bytes]]:
        """Pieces of the result, as early as they are known. With several lanes this runs on
        several threads at once."""
        ...
