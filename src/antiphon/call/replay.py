"""Re-derives every action of a recorded call and compares: the proof that nothing but the
logged inputs decided anything. Pure: it is given the steps, not the file."""

from collections.abc import Iterable
from dataclasses import dataclass

from antiphon.actions import Action
from antiphon.call.conversation import Conversation
from antiphon.events import Event

__all__ = ["Difference", "Replayed", "Step", "replay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a call log that is an input, or the answer to the input before it."""

    line: int
    """Of the log, counted from 1."""
    time_s: float
    event: Event | None = None
    """Told; an input without an event is a tick of the timer."""
    actions: tuple[Action, ...] | None = None
    """Not an input: what the machines made of the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first action that is not what was logged."""

    line: int
    time_s: float
    logged: Action | None
    derived: Action | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The outcome: how many actions were compared, and the first that differs."""

    actions: int
    difference: Difference | None = None


def replay(steps: Iterable[Step], conversation: Conversation) -> Replayed:
    """Feed a log's inputs to a fresh conversation and compare what it makes of them."""
    count = 0
    last, derived = Step(line=0, time_s=0.0), tuple[Action, ...]()
    for step in steps:
        if step.actions is None:
            if found := _compare(last, (), derived):
                return Replayed(actions=count, difference=found)
            derived = _derive(step, conversation)
        else:
            if found := _compare(step, step.actions, derived):
                return Replayed(actions=count, difference=found)
            count, derived = count + len(step.actions), ()
        last = step
    return Replayed(actions=count, difference=_compare(last, (), derived))


def _derive(step: Step, conversation: Conversation) -> tuple[Action, ...]:
    if step.event is None:
        return tuple(conversation.tick(step.time_s))
    return tuple(conversation.receive(step.event, step.time_s))


def _compare(
    step: Step, logged: tuple[Action, ...], derived: tuple[Action, ...]
) -> Difference | None:
    for at in range(max(len(logged), len(derived))):
        one = logged[at] if at < len(logged) else None
        other = derived[at] if at < len(derived) else None
        if one != other:
            return Difference(line=step.line, time_s=step.time_s, logged=one, derived=other)
    return None
