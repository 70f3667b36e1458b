"""A log replayed: identical, or the first action that is not."""

from dataclasses import replace

import pytest

from antiphon import actions as order
from antiphon.call.conversation import Conversation
from antiphon.call.replay import Difference, Replayed, Step, replay
from antiphon.dialog.receptionist import Receptionist
from antiphon.dialog.settings import ReceptionistSettings
from antiphon.events import AudioAdvanced, CallStarted, Event, SpeechStarted, SpeechStopped
from antiphon.testing.stage import said
from antiphon.turns.machine import Machine
from antiphon.turns.settings import TurnSettings

INPUTS: list[tuple[float, Event | None]] = [
    (0.0, CallStarted(channel="test")),
    (1.1, SpeechStarted(at_s=1.0)),
    (2.1, AudioAdvanced(until_s=2.1)),
    (2.1, SpeechStopped(at_s=2.0)),
    (2.2, said("hello there.", 1, 2)),
    (2.9, AudioAdvanced(until_s=2.9)),
    (2.9, None),
    (2.95, None),
]


def fresh() -> Conversation:
    return Conversation(Machine(TurnSettings()), Receptionist(ReceptionistSettings()))


@pytest.fixture
def log() -> list[Step]:
    """The steps of a log of `INPUTS`, as a call would have written it."""
    conversation, steps = fresh(), []
    for now, event in INPUTS:
        steps.append(Step(line=len(steps) + 2, time_s=now, event=event))
        actions = conversation.tick(now) if event is None else conversation.receive(event, now)
        if actions:
            steps.append(Step(line=len(steps) + 2, time_s=now, actions=tuple(actions)))
    return steps


def answers(log: list[Step]) -> list[int]:
    return [index for index, step in enumerate(log) if step.actions is not None]


def test_an_untouched_log_is_identical(log: list[Step]) -> None:
    count = sum(len(step.actions or ()) for step in log)
    assert count >= 5
    assert replay(log, fresh()) == Replayed(actions=count)


def test_an_empty_log_is_identical() -> None:
    assert replay([], fresh()) == Replayed(actions=0)


def test_a_changed_action_is_named_with_its_line(log: list[Step]) -> None:
    index = answers(log)[-1]
    step = log[index]
    assert step.actions is not None
    wrong = order.HangUp(reason="forged")
    log[index] = replace(step, actions=(step.actions[0], wrong, *step.actions[2:]))
    found = replay(log, fresh()).difference
    assert found == Difference(
        line=step.line, time_s=step.time_s, logged=wrong, derived=step.actions[1]
    )


def test_an_action_that_was_never_ordered_is_named(log: list[Step]) -> None:
    index = answers(log)[0]
    step = log[index]
    assert step.actions is not None
    extra = order.Duck(at_s=1.0)
    log[index] = replace(step, actions=(*step.actions, extra))
    found = replay(log, fresh()).difference
    assert found is not None
    assert (found.logged, found.derived) == (extra, None)


def test_a_missing_line_of_actions_is_noticed_at_the_input_before_it(log: list[Step]) -> None:
    index = answers(log)[0]
    lost = log.pop(index)
    assert lost.actions is not None
    found = replay(log, fresh()).difference
    assert found is not None
    assert found.line == log[index - 1].line
    assert (found.logged, found.derived) == (None, lost.actions[0])


def test_a_log_that_breaks_off_before_its_last_actions_is_noticed(log: list[Step]) -> None:
    while log[-1].actions is None:
        log.pop()
    lost = log.pop()
    assert lost.actions is not None
    found = replay(log, fresh()).difference
    assert found is not None
    assert (found.line, found.derived) == (log[-1].line, lost.actions[0])


def test_actions_without_any_input_are_noticed() -> None:
    lone = Step(line=2, time_s=0.0, actions=(order.Duck(at_s=0.0),))
    found = replay([lone], fresh())
    assert found.actions == 0
    assert found.difference == Difference(
        line=2, time_s=0.0, logged=order.Duck(at_s=0.0), derived=None
    )


def test_the_actions_compared_before_the_difference_are_counted(log: list[Step]) -> None:
    first, second = answers(log)[:2]
    step = log[second]
    log[second] = replace(step, actions=(order.Duck(at_s=9.0),))
    assert replay(log, fresh()).actions == len(log[first].actions or ())
