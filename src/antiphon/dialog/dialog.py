"""The seam between the call and whatever decides what to say next.

A dialog is pure and has the shape of the turn machine: facts go in, orders come out, the time
is an argument. Whatever needs a model or a tool is ordered, and its result arrives as an event.

Answers are prepared before the caller has certainly finished, so the call works on a `copy` of
the dialog and either keeps that copy or drops it. `copy` must therefore be cheap and complete,
and ``==`` must say whether two copies would behave alike.
"""

from dataclasses import dataclass
from typing import Protocol, Self, TypeAlias

from antiphon.actions import Action
from antiphon.events import (
    BackchannelHeard,
    CallEnded,
    CallStarted,
    DigitPressed,
    EarsFound,
    EarsLost,
    Expectation,
    LimitReached,
    ModelFailed,
    ModelFinished,
    ModelSaid,
    ReplyFailed,
    ReplyFinished,
    ReplyLate,
    ReplyLost,
    ReplyStopped,
    SilenceNoticed,
    ToolEnded,
    ToolFinished,
    TranscriptAmended,
    TransferFailed,
    TurnEnded,
)

__all__ = ["Dialog", "DialogEvent", "Numbers"]

DialogEvent: TypeAlias = (
    CallStarted
    | CallEnded
    | DigitPressed
    | TurnEnded
    | TranscriptAmended
    | BackchannelHeard
    | SilenceNoticed
    | ReplyLate
    | ReplyLost
    | LimitReached
    | EarsLost
    | EarsFound
    | TransferFailed
    | ReplyFinished
    | ReplyStopped
    | ReplyFailed
    | ModelSaid
    | ModelFinished
    | ModelFailed
    | ToolFinished
    | ToolEnded
)


class Dialog(Protocol):
    """What to say next."""

    @property
    def expectation(self) -> Expectation:
        """What kind of answer is expected now."""
        ...

    def receive(self, event: DialogEvent, now: float) -> list[Action]:
        """Take a fact; returns what to do. Events about replies or requests it never made, or
        made and cancelled, are to be ignored."""
        ...

    def deadline(self) -> float | None:
        """When to `tick` if nothing happens before."""
        ...

    def tick(self, now: float) -> list[Action]:
        """Let time pass."""
        ...

    def copy(self) -> Self:
        """An independent dialog in the same state, drawing from the same `Numbers`."""
        ...


@dataclass(slots=True)
class Numbers:
    """Hands out the numbers of replies and requests. All copies of a dialog share one, so a
    number means one thing in a call. It is no part of a dialog's state: it never compares."""

    last: int = 0

    def next(self) -> int:
        """A number never given before in this call."""
        self.last += 1
        return self.last

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Numbers)

    __hash__ = None  # type: ignore[assignment]
