"""Silence, slowness and limits."""

import pytest

from antiphon import actions as order
from antiphon.events import (
    CallEnded,
    ReplyOffered,
    ReplyReady,
    SpeechStarted,
    SpeechStopped,
)
from antiphon.testing.stage import Stage, said
from antiphon.turns.machine import Machine
from antiphon.turns.settings import TurnSettings
from antiphon.turns.table import State


def test_nothing_is_due_before_the_call_starts() -> None:
    assert Machine(TurnSettings()).deadline() is None


def test_a_silent_caller_is_asked_and_asked_again_and_then_left(stage: Stage) -> None:
    stage.agent_starts(1, 0.5)
    stage.agent_ends(1, 2)
    stage.pass_until(100)
    assert stage.all(order.NoticeSilence) == [
        order.NoticeSilence(count=1, last=False),
        order.NoticeSilence(count=2, last=False),
        order.NoticeSilence(count=3, last=True),
    ]
    assert stage.when(order.NoticeSilence) == pytest.approx([9, 16, 23])


def test_the_silence_is_counted_from_the_end_of_the_prompt(stage: Stage) -> None:
    stage.agent_starts(1, 0.5)
    stage.agent_ends(1, 2)
    stage.pass_until(9.5)
    stage.agent_starts(2, 9.5, "prompt")
    stage.agent_ends(2, 11)
    stage.pass_until(18.5)
    assert stage.when(order.NoticeSilence) == pytest.approx([9, 18])


def test_an_answer_renews_the_patience(stage: Stage) -> None:
    stage.agent_starts(1, 0.5)
    stage.agent_ends(1, 2)
    stage.pass_until(9.5)
    stage.caller_says("Yes I am here.", 10, 11)
    stage.agent_starts(2, 11.5)
    stage.agent_ends(2, 13)
    stage.pass_until(20.5)
    counts = [a.count for a in stage.all(order.NoticeSilence) if isinstance(a, order.NoticeSilence)]
    assert counts == [1, 1]


def test_noise_does_not_count_as_an_answer(stage: Stage) -> None:
    stage.agent_starts(1, 0.5)
    stage.agent_ends(1, 2)
    stage.caller_says("", 5, 5.5)
    stage.pass_until(9.1)
    assert len(stage.all(order.NoticeSilence)) == 1


def test_nobody_is_asked_while_they_speak(stage: Stage) -> None:
    stage.agent_starts(1, 0.5)
    stage.agent_ends(1, 2)
    stage.tell(SpeechStarted(at_s=8), 8.1)
    stage.pass_until(30)
    assert not stage.all(order.NoticeSilence)


def test_a_slow_answer_gets_one_filler(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2)
    stage.pass_until(15)
    assert stage.all(order.FillSilence) == [order.FillSilence(turn=1)]
    waited = stage.when(order.FillSilence)[0] - stage.when(order.Answer)[0]
    assert waited == pytest.approx(stage.settings.late_reply_s)


def test_a_prompt_answer_gets_none(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2)
    stage.tell(ReplyOffered(reply=1), 2.4)
    stage.tell(ReplyReady(reply=1), 2.5)
    stage.agent_starts(1, 2.5)
    stage.pass_until(10)
    assert not stage.all(order.FillSilence)


def test_an_answer_that_never_comes_is_given_up(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2)
    stage.tell(ReplyOffered(reply=4), 3)
    stage.pass_until(30)
    assert stage.all(order.GiveUp) == [order.GiveUp(turn=1)]
    assert stage.all(order.StopSpeaking)
    assert stage.state is State.IDLE
    stage.caller_says("Hello?", 31, 32, segment=1)
    stage.pass_until(33.5)
    assert [a.text for a in stage.all(order.Answer) if isinstance(a, order.Answer)][-1] == "Hello?"


def test_the_rest_of_a_queue_that_never_comes_is_given_up_quietly(stage: Stage) -> None:
    stage.agent_starts(1, 1)
    stage.tell(ReplyOffered(reply=2))
    stage.agent_ends(1, 2)
    stage.pass_until(40)
    assert not stage.all(order.GiveUp)
    assert stage.all(order.NoticeSilence)


def test_a_filler_leads_back_to_waiting(stage: Stage) -> None:
    stage.caller_says("What does it cost?", 1, 2)
    stage.pass_until(4.2)
    stage.agent_starts(9, 4.3, "filler")
    stage.agent_ends(9, 5)
    assert stage.state is State.THINKING
    stage.agent_starts(10, 6)
    stage.agent_ends(10, 7)
    assert stage.state is State.IDLE
    assert len(stage.all(order.FillSilence)) == 1


def test_the_longest_call_ends_with_a_word(stage: Stage) -> None:
    short = Stage(TurnSettings(max_call_s=60, silence_s=1000))
    short.pass_until(200)
    assert short.orders == [(60.0, order.CallTime(limit="call"))]


def test_the_most_turns_end_the_call_when_the_last_is_answered() -> None:
    stage = Stage(TurnSettings(max_turns=2))
    for number in range(2):
        start = 1 + 5 * number
        stage.caller_says("And another thing.", start, start + 1, segment=number)
        stage.agent_starts(number + 1, start + 2)
        assert not stage.all(order.CallTime)
        stage.agent_ends(number + 1, start + 3)
    assert stage.all(order.CallTime) == [order.CallTime(limit="turns")]
    stage.pass_until(15)
    assert len(stage.all(order.CallTime)) == 1


def test_after_the_end_nothing_happens_any_more(stage: Stage) -> None:
    stage.tell(CallEnded(by="caller"), 5)
    stage.caller_says("hello?", 6, 7)
    stage.pass_until(5000)
    assert stage.state is State.ENDED
    assert stage.orders == []
    assert stage.machine.deadline() is None
    assert stage.machine.tick(9999) == []


def test_an_edge_told_twice_is_told_once(stage: Stage) -> None:
    stage.tell(SpeechStarted(at_s=1), 1.1)
    stage.tell(SpeechStarted(at_s=1.2), 1.3)
    stage.tell(SpeechStopped(at_s=2), 2.1)
    stage.tell(SpeechStopped(at_s=2.2), 2.3)
    stage.tell(said("hello there.", 1, 2), 2.4)
    stage.pass_until(6)
    (answer,) = stage.all(order.Answer)
    assert isinstance(answer, order.Answer)
    assert (answer.start_s, answer.end_s) == (1, 2)
