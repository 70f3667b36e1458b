"""Where the time of a turn went, from its log alone."""

from typing import Any

import pytest

from antiphon import actions as order
from antiphon import events as told
from antiphon.observe.latency import TurnLatency, turns


def stages(turn: TurnLatency) -> dict[str, float]:
    return {stage.name: round(stage.ms, 1) for stage in turn.stages}


def test_a_demo_call_has_its_turns(demo: Any) -> None:
    found = turns(demo.log().lines)
    assert [turn.turn for turn in found] == [1, 2, 4, 5]
    assert [turn.guessing for turn in found] == ["hit", "miss", "none", "none"]
    assert [round(turn.total_ms or 0) for turn in found] == [320, 920, 450, 550]
    assert [turn.reply for turn in found] == [2, 5, 7, 8]


def test_a_prepared_answer_overlaps_the_wait_for_the_endpoint(demo: Any) -> None:
    turn = turns(demo.log().lines)[0]
    assert turn.why == "score 0.93, after 300 ms"
    assert stages(turn) == {"endpoint": 300, "stt": 80, "voice": 90, "transport": 20}


def test_a_model_answer_shows_the_model_and_the_clause(demo: Any) -> None:
    turn = turns(demo.log().lines)[1]
    assert stages(turn) == {
        "endpoint": 420,
        "stt": 100,
        "model": 240,
        "clause": 40,
        "voice": 150,
        "transport": 70,
    }


def test_a_breath_does_not_end_the_speech(demo: Any) -> None:
    turn = turns(demo.log().lines)[1]
    assert turn.speech_end_s == pytest.approx(14.2 + 0.25)


def asked(script: Any, turn: int = 1) -> None:
    script.hear("hello there you", 1.0, 2.0)
    script.decide(turn, "hello there you", 1.0, 2.0, 2.3, "why")


def test_a_filler_does_not_stop_the_clock(script: Any) -> None:
    asked(script)
    script.order(2.3, order.AskModel(request=1, messages=()))
    script.order(
        3.0, order.FillSilence(turn=1), order.Speak(reply=2, text="One moment.", kind="filler")
    )
    script.event(3.1, told.ReplyStarted(reply=2))
    script.event(3.5, told.ModelSaid(request=1, text="Hello."))
    script.order(3.5, order.Speak(reply=3, text="Hello."))
    script.event(4.0, told.ReplyStarted(reply=3))
    (turn,) = turns(script.log().lines)
    assert turn.total_ms == pytest.approx(2000)
    assert turn.filler_s == pytest.approx(3.1 + 0.25)
    assert stages(turn)["model"] == 1200


def test_a_turn_nobody_answered_has_no_total(script: Any) -> None:
    asked(script)
    (turn,) = turns(script.log().lines)
    assert turn.total_ms is None
    assert turn.reply is None
    assert stages(turn) == {"endpoint": 300, "stt": 80}


def test_a_guess_nobody_heard_is_a_miss(script: Any) -> None:
    script.order(2.2, order.Speculate(turn=1, text="hello", start_s=1, end_s=2))
    asked(script)
    (turn,) = turns(script.log().lines)
    assert turn.guessing == "miss"


def test_a_model_asked_on_a_guess_that_held_is_a_hit(script: Any) -> None:
    script.order(
        2.2,
        order.Speculate(turn=1, text="hello there you", start_s=1, end_s=2),
        order.AskModel(request=4, messages=()),
    )
    asked(script)
    script.event(2.4, told.ModelSaid(request=4, text="Hi."))
    script.event(2.41, told.ModelSaid(request=4, text="You."))
    script.order(2.4, order.Speak(reply=5, text="Hi.", last=False))
    script.event(2.6, told.ReplyStarted(reply=5))
    (turn,) = turns(script.log().lines)
    assert turn.guessing == "hit"


def test_an_answer_taken_back_and_given_later_counts_from_the_later_end(script: Any) -> None:
    asked(script)
    script.order(2.3, order.Speak(reply=2, text="Hi.", held=True), order.ReleaseReply(reply=2))
    script.order(2.4, order.Withdraw(turn=1), order.HoldReply(reply=2))
    script.hear("are you open", 2.4, 3.0)
    script.decide(1, "hello there you are you open", 1.0, 3.0, 3.3, "score 0.9")
    script.order(3.3, order.ReleaseReply(reply=2))
    script.event(3.4, told.ReplyReady(reply=2))
    script.event(3.5, told.ReplyStarted(reply=2))
    (turn,) = turns(script.log().lines)
    assert turn.total_ms == pytest.approx(500)
    assert stages(turn)["transport"] == 100


def test_speech_that_never_stopped_ends_where_the_turn_was_cut(script: Any) -> None:
    script.event(1.0, told.SpeechStarted(at_s=1.0))
    script.decide(1, "on and on", 1.0, 31.0, 31.0, "the turn was very long")
    (turn,) = turns(script.log().lines)
    assert turn.speech_end_s == pytest.approx(31.25)


def test_a_prompt_belongs_to_no_turn(script: Any) -> None:
    asked(script)
    script.order(
        9.0,
        order.NoticeSilence(count=1, last=False),
        order.Speak(reply=7, text="Still there?", kind="prompt"),
    )
    script.event(9.2, told.ReplyStarted(reply=7))
    (turn,) = turns(script.log().lines)
    assert turn.started_s is None


def test_a_question_without_a_final_reading_does_not_lend_its_time_to_the_next(
    script: Any,
) -> None:
    script.order(0.5, order.FinaliseTranscript(until_s=0.4))
    script.order(0.6, order.FinaliseTranscript(until_s=0.6))
    asked(script)
    (turn,) = turns(script.log().lines)
    assert stages(turn)["stt"] == 80


def test_what_the_log_does_not_explain_is_passed_over(script: Any) -> None:
    script.event(0.1, told.ReplyReady(reply=50))
    script.event(0.2, told.ReplyStarted(reply=50))
    script.event(0.3, told.ModelSaid(request=50, text=""))
    script.order(0.4, order.ReleaseReply(reply=50))
    script.note(0.5, "clause", reply=[50])
    script.note(0.6, "clause", reply=50)
    script.event(0.7, told.TurnScored(until_s=0.5, score=0.1))
    assert turns(script.log().lines) == []


def test_only_the_first_clause_counts(script: Any) -> None:
    asked(script)
    script.order(2.3, order.Speak(reply=2, text="Hi. You."))
    script.note(2.4, "clause", reply=2, text="Hi.")
    script.note(2.5, "clause", reply=2, text="You.")
    script.event(2.6, told.ReplyReady(reply=2))
    script.event(2.6, told.ReplyStarted(reply=2))
    (turn,) = turns(script.log().lines)
    assert stages(turn)["voice"] == 200


def test_what_time_brings_about_belongs_to_no_earlier_turn(script: Any) -> None:
    asked(script)
    script.tick(5.0)
    script.order(5.0, order.Speak(reply=7, text="By the way."))
    script.event(5.2, told.ReplyStarted(reply=7))
    (turn,) = turns(script.log().lines)
    assert turn.started_s is None


def test_a_reading_nobody_asked_for_is_no_stage(script: Any) -> None:
    script.event(2.1, script.reading("hello", 1.0, 2.0, True))
    script.decide(1, "hello", 1.0, 2.0, 2.3, "")
    script.order(2.3, order.Speak(reply=2, text="Hi."))
    script.event(2.6, told.ReplyStarted(reply=2))
    (turn,) = turns(script.log().lines)
    assert stages(turn) == {"endpoint": 300, "transport": 300}
