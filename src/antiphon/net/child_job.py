"""What one asks a child process for, and the job that answers.

Lives here: the description of a child, urgency, and the caller's end of one request. Must not
live here: the queue and the process (`child`, `child_process`).
"""

import asyncio
import enum
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from antiphon.errors import AntiphonError

__all__ = ["Answer", "Job", "Program", "Urgency", "sendable"]

_UNREAD_BYTES: Final = 32 * 1024 * 1024
"""Of one job's result that its caller has not taken: twelve minutes of speech."""


class Urgency(enum.IntEnum):
    """Which waiting job goes first; within one urgency, the one that came first."""

    NOW = 0
    """A caller waits in silence for this."""
    SOON = 1
    """Part of the work of a turn."""
    SPARE = 2
    """Nice to have: partial transcripts, rendering ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What runs in a child, and how."""

    name: str
    """The provider's, for errors and logs."""
    engine: str = ""
    """``module:Class`` of an `antiphon.net.engine.Engine`."""
    command: tuple[str, ...] = ()
    """Instead of an engine of ours: a program of another environment that speaks `child_wire` on
    the descriptor whose number is its last argument."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Set in the child before the engine is imported."""
    python_path: tuple[str, ...] = ()
    """Where to look for the engine's module besides the usual places."""
    nice: int = 0
    lanes: int = 1
    """Jobs at work at a time, each on a thread of its own."""
    waiting: int = 64
    """Jobs in the queue; one more raises `AtCapacity`."""
    start_within_s: float = 60.0
    stall_s: float = 20.0
    """A job that says nothing for so long hangs: the child is killed and the job times out.
    Infinite: silence means nothing."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Not shown where the child's own words are."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A piece of a job's result."""

    fields: Mapping[str, Any]
    payload: bytes


class Job:
    """One request to a child: iterate its answers, and leave the ``with`` block to cancel it."""

    def __init__(
        self,
        number: int,
        stop: "Callable[[Job], None]",
        add: "Callable[[Job, Mapping[str, Any], bytes], None]",
    ) -> None:
        self.number = number
        self.over = False
        """No answer will be added; those not taken yet still come."""
        self.cancelled = False
        self.at_work = False
        """It has left the queue."""
        self._stop, self._add = stop, add
        self._answers: deque[Answer] = deque()
        self._unread_bytes = 0
        self._error: AntiphonError | None = None
        self._woken: asyncio.Future[None] | None = None
        self.last_heard_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Let go: no answer will follow, and the engine stops as soon as it can."""
        if not self.over:
            self.cancelled = True
            self.end(None)
            self._stop(self)
        self._answers.clear()

    def more(self, fields: Mapping[str, Any], payload: bytes = b"") -> None:
        """More to work on, for a job that takes it piece by piece. Never blocks."""
        if not self.over:
            self._add(self, fields, payload)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Answer:
        while not self._answers:
            if self.over:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            self._woken = asyncio.get_running_loop().create_future()
            await self._woken
        answer = self._answers.popleft()
        self._unread_bytes -= len(answer.payload)
        return answer

    def hear(self, answer: Answer) -> bool:
        """For `Child` only. Whether there was room for it."""
        self._answers.append(answer)
        self._unread_bytes += len(answer.payload)
        self._wake()
        return self._unread_bytes <= _UNREAD_BYTES

    def end(self, error: AntiphonError | None) -> None:
        """For `Child` only. No more answers."""
        if not self.over:
            self.over, self._error = True, error
            self._wake()

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)


def sendable(text: str) -> str:
    """The text, its lone surrogates replaced: no encoding carries those."""
    return text.encode(errors="replace").decode()
