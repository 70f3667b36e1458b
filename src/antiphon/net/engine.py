"""What runs inside a child process: the shape of an engine and of one piece of work.

Lives here: what an ``engine.py`` of a provider is written against. Must not live here:
anything that imports asyncio or a model; this is the first thing a child imports.
"""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from antiphon.errors import Missing

__all__ = ["Engine", "Tell", "Work", "find_weights"]

Tell: TypeAlias = Callable[[Mapping[str, Any], bytes], None]
"""Sends a piece of the result: what it is, and its bytes."""


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

    def work(self, work: Work, tell: Tell) -> None:
        """Do it, and tell pieces of the result as early as they are known. With several lanes
        this runs on several threads at once."""
        ...


def find_weights(model: Path, pattern: str, fix: str) -> Path:
    """The one file that fits ``pattern`` in the folder ``model``, or ``model`` itself where it is a
    file. Raises `Missing` with ``fix``."""
    if model.is_file():
        return model
    found = sorted(model.glob(pattern)) if model.is_dir() else []
    if not found:
        raise Missing(f"no {pattern} at {model}", fix=fix)
    return found[0]
