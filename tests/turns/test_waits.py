"""Silence budgets, slow answers, limits: what is due, and when to ask again."""

from antiphon import actions as order
from antiphon.turns.settings import TurnSettings
from antiphon.turns.waits import Waits

SETTINGS = TurnSettings(silence_s=5, silence_prompts=1, max_call_s=60, max_turns=2)


def begun() -> Waits:
    waits = Waits(SETTINGS)
    waits.begin(10)
    return waits


def test_before_the_call_nothing_is_counted() -> None:
    waits = Waits(SETTINGS)
    waits.agent_silent(3)
    assert waits.silence(1000) == (None, None)
    assert waits.call(1000, idle=True) == (None, None)


def test_silence_is_noticed_again_and_again_until_leave_is_taken() -> None:
    waits = begun()
    assert waits.silence(14) == (None, 15)
    assert waits.silence(15) == (order.NoticeSilence(count=1, last=False), 20)
    assert waits.silence(20) == (order.NoticeSilence(count=2, last=True), None)
    assert waits.silence(1000) == (None, None)


def test_a_goodbye_that_is_over_without_a_hang_up_starts_the_count_of_silence_again() -> None:
    waits = begun()
    waits.silence(15)
    waits.silence(20)
    waits.agent_silent(22)
    assert waits.silence(27) == (order.NoticeSilence(count=3, last=True), None)


def test_a_caller_who_acts_has_all_the_patience_again() -> None:
    waits = begun()
    waits.silence(15)
    waits.caller_acted(17)
    assert waits.silence(22) == (order.NoticeSilence(count=1, last=False), 27)


def test_the_longest_call() -> None:
    waits = begun()
    assert waits.call(69, idle=False) == (None, 70)
    assert waits.call(70, idle=False) == (order.CallTime(limit="call"), None)
    assert waits.call(71, idle=True) == (None, None)


def test_the_most_turns_count_once_the_last_is_dealt_with() -> None:
    waits = begun()
    waits.answered(11, first=True)
    waits.answered(12, first=False)
    assert waits.call(13, idle=True) == (None, 70)
    waits.answered(14, first=True)
    assert waits.call(15, idle=False) == (None, 70)
    assert waits.call(16, idle=True) == (order.CallTime(limit="turns"), None)


def test_a_caller_who_speaks_on_after_the_limit_is_told_again() -> None:
    waits = begun()
    waits.call(70, idle=True)
    waits.answered(75, first=True)
    assert waits.call(76, idle=False) == (order.CallTime(limit="call"), None)


def test_when_an_answer_is_late_and_when_it_is_lost() -> None:
    waits = begun()
    waits.answered(20, first=True)
    assert (waits.late_at(), waits.lost_at()) == (21.8, 40)
    waits.agent_silent(25)
    assert (waits.late_at(), waits.lost_at()) == (26.8, 45)
