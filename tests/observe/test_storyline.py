"""What of a call is worth drawing, read out of its log."""

from typing import Any

import pytest

from antiphon import actions as order
from antiphon import events as told
from antiphon.observe.storyline import mark_of, timeline
from antiphon.observe.timeline import Guess, Mark, Score, Span


def near(seconds: float) -> Any:
    return pytest.approx(seconds, abs=0.002)


def test_who_said_what_and_when(demo: Any) -> None:
    drawn = timeline(demo.log(), 39.0)
    assert drawn.seconds == 39.0
    said = [(one.who, one.kind, one.text.split()[0], round(one.start_s, 1)) for one in drawn.said]
    assert said == [
        ("agent", "reply", "Good", 0.2),
        ("caller", "turn", "What", 3.4),
        ("agent", "reply", "We", 5.4),
        ("caller", "turn", "I", 9.2),
        ("agent", "reply", "Thursday", 15.1),
        ("caller", "backchannel", "Mhm.", 16.9),
        ("caller", "turn", "Half", 21.2),
        ("agent", "reply", "I", 23.1),
        ("caller", "turn", "Wait,", 24.5),
        ("agent", "reply", "Two", 26.9),
        ("agent", "prompt", "Is", 34.4),
    ]


def test_what_nobody_heard_is_kept_apart(demo: Any) -> None:
    (cut,) = [one for one in timeline(demo.log()).said if one.unheard]
    assert (cut.text, cut.unheard, cut.number) == ("I have put you", "down for", 7)
    assert cut.end_s == near(24.94)


def test_the_voice_the_pauses_and_the_scores(demo: Any) -> None:
    drawn = timeline(demo.log())
    assert drawn.speech[1:3] == [Span(9.2, near(11.4)), Span(near(12.1), near(14.2))]
    assert drawn.scores[0] == Score(near(5.23), 0.93)
    assert drawn.ducked == [Span(near(17.05), near(17.6)), Span(near(24.63), near(24.9))]


def test_decisions_come_with_their_reasons(demo: Any) -> None:
    marks = [(mark.kind, mark.why) for mark in timeline(demo.log()).marks]
    assert marks == [
        ("answer", "score 0.93, after 300 ms"),
        ("answer", "score 0.81, after 420 ms"),
        ("duck", ""),
        ("restore", "a listening word, 300 ms of pause"),
        ("answer", "score 0.90, after 300 ms"),
        ("duck", ""),
        ("stop", "words that ask for the floor: wait no"),
        ("answer", "score 0.88, after 350 ms"),
        ("silence", "prompt 1"),
    ]


def test_guesses_that_held_and_guesses_that_did_not(demo: Any) -> None:
    hit, dropped = timeline(demo.log()).guesses
    assert hit == Guess(near(5.28), near(5.4), "What are your opening hours?", "hit")
    assert dropped.outcome == "dropped"
    assert dropped.end_s == near(12.16)


def test_waterfalls_lie_on_the_recording(demo: Any) -> None:
    wait = timeline(demo.log()).waits[1]
    assert (wait.start_s, wait.end_s) == (near(14.2), near(15.12))
    assert wait.stages[0].until_s == near(14.62)


def test_words_that_no_turn_took_are_not_lost(script: Any) -> None:
    script.hear("and another thing", 1.0, 2.0)
    script.event(4.0, told.SpeechStarted(at_s=3.9))
    script.event(5.0, told.CallEnded(by="failure", reason="line lost"))
    drawn = timeline(script.log())
    assert [(one.kind, one.text) for one in drawn.said] == [("unanswered", "and another thing")]
    assert drawn.speech[-1] == Span(3.9, near(5.0))
    assert drawn.marks[-1] == Mark(near(5.0), "end", "call ended", "by a failure: line lost")


def test_a_reply_under_way_when_the_log_ends(script: Any) -> None:
    script.order(0.5, order.Speak(reply=1, text="Well,", last=False))
    script.order(0.6, order.Speak(reply=1, text="you see"))
    script.event(1.0, told.ReplyStarted(reply=1))
    (one,) = timeline(script.log(), 3.0).said
    assert (one.text, one.end_s) == ("Well, you see", 3.0)


def test_replies_that_were_never_audible_are_not_drawn(script: Any) -> None:
    script.order(0.5, order.Speak(reply=1, text="Well"))
    script.event(1.0, told.ReplyStarted(reply=9))
    script.event(1.0, told.ReplyFinished(reply=1, heard=""))
    assert timeline(script.log()).said == []


def test_a_voice_lost_is_a_warning(script: Any) -> None:
    script.order(0.5, order.Speak(reply=1, text="Well"))
    script.event(1.0, told.ReplyStarted(reply=1))
    script.event(1.5, told.ReplyFailed(reply=1, heard="We", reason="engine died"))
    script.event(2.0, told.DigitPressed(digit="5"))
    script.note(2.5, "recogniser_lost", why="gone")
    script.note(2.6, "clause", reply=1)
    script.event(3.0, told.CallEnded(by="caller"))
    drawn = timeline(script.log())
    assert drawn.said[0].text == "We"
    assert [(mark.kind, mark.label, mark.why) for mark in drawn.marks] == [
        ("warning", "voice lost", "engine died"),
        ("other", "key 5", ""),
        ("warning", "recogniser lost", "gone"),
        ("end", "call ended", "by the caller"),
    ]


def test_a_listening_noise_still_under_way(script: Any) -> None:
    script.event(1.1, told.SpeechStarted(at_s=1.0))
    script.order(1.4, order.NoteBackchannel(text="mhm"))
    (one,) = timeline(script.log()).said
    assert (one.start_s, one.end_s) == (1.0, near(1.4))


def test_a_listening_noise_the_detector_never_saw(script: Any) -> None:
    script.order(1.4, order.NoteBackchannel(text="mhm"))
    script.event(1.5, told.SpeechStopped(at_s=1.45))
    (one,) = timeline(script.log()).said
    assert one.start_s == one.end_s == near(1.4)


@pytest.mark.parametrize(
    "action, kind, label, why",
    [
        (order.Withdraw(turn=1), "withdraw", "took the answer back", "the caller went on"),
        (order.Amend(turn=1, text="no"), "amend", "heard better", "no"),
        (order.NoticeSilence(count=3, last=True), "silence", "noticed the silence",
         "the last prompt"),
        (order.FillSilence(turn=1), "filler", "bridged the wait", ""),
        (order.CallTime(limit="turns"), "other", "limit of turns", ""),
        (order.Transfer(to="desk"), "other", "hands the caller over", "desk"),
        (order.HangUp(reason="bye"), "end", "hung up", "bye"),
    ],
)  # fmt: skip
def test_orders_people_care_about(action: Any, kind: str, label: str, why: str) -> None:
    assert mark_of(action, 1.0) == Mark(1.0, kind, label, why)  # type: ignore[arg-type]


def test_a_transfer_that_came_to_nothing_is_a_warning(script: Any) -> None:
    script.event(1.0, told.TransferFailed(to="desk", reason="nobody answers"))
    (mark,) = timeline(script.log()).marks
    assert (mark.kind, mark.label, mark.why) == (
        "warning",
        "not handed over",
        "to desk: nobody answers",
    )


def test_orders_that_only_serve_another_are_not_shown() -> None:
    assert mark_of(order.ReleaseReply(reply=1), 1.0) is None
