"""The small receptionist: listed answers, small talk, memory of what was heard."""

from typing import Any

import pytest
from pydantic import ValidationError

from antiphon import actions as order
from antiphon.actions import Action, Message
from antiphon.dialog.receptionist import Receptionist
from antiphon.dialog.settings import ReceptionistSettings, Topic, TroubleSettings
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
    TurnEnded,
)

TOPICS = (
    Topic(name="hours", asks=("open", "hours"), says="We are open nine to five."),
    Topic(
        name="card",
        asks=("card",),
        says="What is its number?",
        expects="digits",
        count=4,
        then="Thank you, I have {answer}.",
    ),
    Topic(name="visit", asks=("visit",), says="Shall I book it?", expects="yes_no"),
)


def receptionist(**settings: Any) -> Receptionist:
    return Receptionist(ReceptionistSettings(topics=TOPICS, **settings))


def turn(dialog: Receptionist, text: str, number: int = 1) -> list[Action]:
    return dialog.receive(TurnEnded(turn=number, text=text, start_s=0, end_s=1), 0)


def texts(actions: list[Action]) -> list[str]:
    return [action.text for action in actions if isinstance(action, order.Speak)]


def number(actions: list[Action]) -> int:
    """Of the reply spoken last."""
    return [action.reply for action in actions if isinstance(action, order.Speak)][-1]


def asked(actions: list[Action]) -> order.AskModel:
    (ask,) = (action for action in actions if isinstance(action, order.AskModel))
    return ask


# --- greeting, prompts, leave ----------------------------------------


def test_it_greets_and_says_a_notice_before_if_it_has_one() -> None:
    assert texts(receptionist(greeting="Hi.").receive(CallStarted(channel="x"), 0)) == ["Hi."]
    said = receptionist(greeting="Hi.", notice="Recorded.").receive(CallStarted(channel="x"), 0)
    assert [(a.text, a.kind) for a in said if isinstance(a, order.Speak)] == [
        ("Recorded.", "notice"),
        ("Hi.", "reply"),
    ]


def test_a_silent_caller_is_asked_in_turn_and_then_left() -> None:
    dialog = receptionist(silence=("One?", "Two?"), leaving="Bye.")
    prompts = [dialog.receive(SilenceNoticed(count=n, last=n == 4), 0) for n in range(1, 5)]
    assert [texts(said) for said in prompts] == [["One?"], ["Two?"], ["Two?"], ["Bye."]]
    assert all(a.kind == "prompt" for said in prompts for a in said if isinstance(a, order.Speak))
    assert dialog.receive(ReplyFinished(reply=number(prompts[-1]), heard="Bye."), 0) == [
        order.HangUp(reason="said goodbye")
    ]


@pytest.mark.parametrize("text", ["Goodbye.", "No, that's all, thanks", "bye bye"])
def test_a_caller_who_takes_leave_is_let_go(text: str) -> None:
    dialog = receptionist(farewell="See you.")
    said = turn(dialog, text)
    assert texts(said) == ["See you."]
    assert dialog.receive(ReplyFinished(reply=number(said), heard="See you."), 0)


def test_a_topic_goes_before_a_goodbye() -> None:
    assert texts(turn(receptionist(), "Goodbye, oh, when are you open?")) == [
        "We are open nine to five."
    ]


def test_at_a_limit_it_takes_leave() -> None:
    dialog = receptionist(limit="Time is up.")
    said = dialog.receive(LimitReached(limit="call"), 0)
    assert texts(said) == ["Time is up."]
    failed = ReplyFailed(reply=number(said), heard="", reason="no voice")
    assert dialog.receive(failed, 0) == [order.HangUp(reason="said goodbye")]


def test_a_goodbye_that_is_interrupted_is_none() -> None:
    dialog = receptionist()
    said = turn(dialog, "goodbye")
    dialog.receive(ReplyStopped(reply=number(said), heard="Thank", unheard="you"), 0)
    assert dialog.receive(ReplyFinished(reply=number(said), heard=""), 0) == []


def test_a_new_turn_calls_off_a_goodbye() -> None:
    dialog = receptionist()
    goodbye = number(turn(dialog, "goodbye"))
    turn(dialog, "oh, are you open?", 2)
    assert dialog.receive(ReplyFinished(reply=goodbye, heard="Goodbye."), 0) == []


def test_a_late_answer_gets_a_filler_and_a_lost_one_an_apology() -> None:
    dialog = receptionist(small_talk="Be kind.", filler="Hm.", unclear="Pardon?")
    ask = asked(turn(dialog, "how are you"))
    (filler,) = dialog.receive(ReplyLate(turn=1), 0)
    assert isinstance(filler, order.Speak)
    assert (filler.text, filler.kind) == ("Hm.", "filler")
    lost = dialog.receive(ReplyLost(turn=1), 0)
    assert lost[0] == order.CancelModel(request=ask.request)
    assert texts(lost) == ["Pardon?"]


@pytest.mark.parametrize(
    "event",
    [
        CallEnded(by="caller"),
        DigitPressed(digit="1"),
        BackchannelHeard(text="mhm"),
        ToolFinished(request=1, result="{}"),
        ToolEnded(request=1, reason="no"),
        ModelSaid(request=9, text="late"),
        ModelFinished(request=9),
        ModelFailed(request=9, reason="late"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_does_not_concern_it_changes_nothing(event: Any) -> None:
    dialog = receptionist()
    before = dialog.copy()
    assert dialog.receive(event, 0) == []
    assert dialog == before


# --- topics ----------------------------------------


def test_a_listed_topic_gets_its_answer() -> None:
    dialog = receptionist()
    assert texts(turn(dialog, "When are you open?")) == ["We are open nine to five."]
    assert dialog.expectation == Expectation()


def test_what_it_does_not_know_it_says() -> None:
    assert texts(turn(receptionist(unknown="No idea."), "What is love?")) == ["No idea."]


def test_a_question_sets_what_is_expected_and_its_answer_is_said_back() -> None:
    dialog = receptionist()
    assert texts(turn(dialog, "I lost my card")) == ["What is its number?"]
    assert dialog.expectation == Expectation(kind="digits", count=4)
    assert texts(turn(dialog, "one two three.", 2)) == ["Thank you, I have one two three."]
    assert dialog.expectation == Expectation()


def test_another_topic_instead_of_the_answer_is_followed() -> None:
    dialog = receptionist()
    turn(dialog, "I lost my card")
    assert texts(turn(dialog, "When are you open?", 2)) == ["We are open nine to five."]
    assert texts(turn(dialog, "one two", 3)) == [ReceptionistSettings().unknown]


def test_a_question_nothing_follows_only_sets_the_patience() -> None:
    dialog = receptionist()
    turn(dialog, "I want a visit")
    assert dialog.expectation == Expectation(kind="yes_no")
    assert texts(turn(dialog, "yes", 2)) == [ReceptionistSettings().unknown]


# --- small talk ----------------------------------------


def test_small_talk_is_asked_of_the_model_with_what_was_said_and_heard() -> None:
    dialog = receptionist(small_talk="Be kind.")
    said = turn(dialog, "When are you open?")
    dialog.receive(ReplyStopped(reply=number(said), heard="We are", unheard="open"), 0)
    ask = asked(turn(dialog, "How are you?", 2))
    assert ask.messages == (
        Message(role="system", text="Be kind."),
        Message(role="user", text="When are you open?"),
        Message(role="assistant", text="We are"),
        Message(role="user", text="How are you?"),
    )


def test_what_the_model_says_is_said_as_one_reply() -> None:
    dialog = receptionist(small_talk="Be kind.")
    request = asked(turn(dialog, "How are you?")).request
    first = dialog.receive(ModelSaid(request=request, text="Fine"), 0)
    last = dialog.receive(ModelFinished(request=request), 0)
    assert [(a.text, a.last) for a in (*first, *last) if isinstance(a, order.Speak)] == [
        ("Fine", False),
        ("", True),
    ]
    assert number(first) == number(last)
    assert dialog.receive(ModelSaid(request=request, text="late"), 0) == []


def test_small_talk_ends_after_two_sentences_whatever_else_the_model_has_to_say() -> None:
    dialog = receptionist(small_talk="Be kind.")
    request = asked(turn(dialog, "How are you?")).request
    dialog.receive(ModelSaid(request=request, text="I am fine. And"), 0)
    last = dialog.receive(ModelSaid(request=request, text=" you? I wond"), 0)
    assert last[0] == order.CancelModel(request=request)
    assert texts(last) == [" you?"]
    assert isinstance(last[1], order.Speak)
    assert last[1].last


def test_two_sentences_that_end_with_the_piece_are_said_whole() -> None:
    dialog = receptionist(small_talk="Be kind.")
    request = asked(turn(dialog, "How are you?")).request
    assert texts(dialog.receive(ModelSaid(request=request, text="Fine. You?"), 0)) == ["Fine. You?"]


def test_a_model_that_fails_is_apologised_for() -> None:
    trouble = TroubleSettings(thinking="I cannot think.", late="That is slow.")
    dialog = receptionist(small_talk="Be kind.", trouble=trouble)
    request = asked(turn(dialog, "How are you?")).request
    failed = ModelFailed(request=request, reason="down")
    assert texts(dialog.receive(failed, 0)) == ["I cannot think."]
    request = asked(turn(dialog, "How are you?", 2)).request
    late = ModelFailed(request=request, reason="no words", kind="late")
    assert texts(dialog.receive(late, 0)) == ["That is slow."]


def test_a_caller_who_is_not_understood_is_told_and_in_the_end_taken_leave_of() -> None:
    dialog = receptionist(trouble=TroubleSettings(patience_s=20.0))
    trouble = dialog.settings.trouble
    assert texts(dialog.receive(EarsLost(reason="all are down"), 5.0)) == [trouble.hearing]
    assert dialog.deadline() == 25.0
    assert texts(dialog.receive(EarsFound(), 8.0)) == [trouble.heard_again]
    assert dialog.deadline() is None
    dialog.receive(EarsLost(reason="all are down"), 10.0)
    assert dialog.tick(29.9) == []
    said = dialog.tick(30.0)
    assert texts(said) == [trouble.leaving]
    left = dialog.receive(ReplyFinished(reply=number(said), heard=trouble.leaving), 33.0)
    assert left == [order.HangUp(reason="said goodbye")]


def test_leave_is_taken_again_of_a_caller_who_talks_into_the_goodbye() -> None:
    dialog = receptionist(trouble=TroubleSettings(patience_s=20.0))
    trouble = dialog.settings.trouble
    dialog.receive(EarsLost(reason="all are down"), 10.0)
    said = dialog.tick(30.0)
    dialog.receive(ReplyStopped(reply=number(said), heard="I'm", unheard=" sorry"), 31.0)
    assert dialog.deadline() == 50.0
    assert texts(dialog.tick(50.0)) == [trouble.leaving]
    assert dialog.tick(70.0) == []


def test_whoever_is_taken_leave_of_is_told_nothing_of_our_ears() -> None:
    dialog = receptionist()
    said = dialog.receive(LimitReached(limit="time"), 0.0)
    assert dialog.receive(EarsLost(reason="all are down"), 1.0) == []
    assert dialog.receive(EarsFound(), 2.0) == []
    left = dialog.receive(ReplyFinished(reply=number(said), heard="Goodbye."), 3.0)
    assert left == [order.HangUp(reason="said goodbye")]


def test_whoever_was_answered_is_not_told_that_they_are_heard_again() -> None:
    dialog = receptionist()
    dialog.receive(EarsLost(reason="all are down"), 1.0)
    turn(dialog, "How are you?")
    assert dialog.deadline() is None
    assert dialog.receive(EarsFound(), 5.0) == []


def test_a_line_on_which_nothing_can_be_said_is_hung_up_on() -> None:
    dialog = receptionist()
    said = dialog.receive(CallStarted(channel="test"), 0)
    for _ in range(2):
        said = dialog.receive(ReplyFailed(reply=number(said), heard="", reason="no voice"), 0)
        assert texts(said) == [dialog.settings.trouble.speaking]
    failed = ReplyFailed(reply=number(said), heard="", reason="no voice")
    assert dialog.receive(failed, 0) == [order.HangUp(reason="cannot speak")]


def test_one_reply_that_can_be_spoken_makes_up_for_those_that_could_not() -> None:
    dialog = receptionist()
    said = dialog.receive(CallStarted(channel="test"), 0)
    for _ in range(6):
        said = dialog.receive(ReplyFailed(reply=number(said), heard="", reason="no voice"), 0)
        assert texts(said) == [dialog.settings.trouble.speaking]
        dialog.receive(ReplyFinished(reply=number(said), heard="I am sorry."), 0)


def test_a_new_turn_or_an_interruption_cancels_the_model() -> None:
    dialog = receptionist(small_talk="Be kind.")
    first = asked(turn(dialog, "How are you?"))
    again = turn(dialog, "Are you well?", 2)
    assert again[0] == order.CancelModel(request=first.request)
    second = asked(again)
    said = dialog.receive(ModelSaid(request=second.request, text="I"), 0)
    stopped = ReplyStopped(reply=number(said), heard="I", unheard="")
    assert dialog.receive(stopped, 0) == [order.CancelModel(request=second.request)]


def test_while_nobody_waits_the_model_reads_ahead() -> None:
    dialog = receptionist(small_talk="Be kind.")
    said = turn(dialog, "When are you open?")
    (prime,) = dialog.receive(ReplyFinished(reply=number(said), heard="We are open."), 0)
    assert prime == order.PrimeModel(
        messages=(
            Message(role="system", text="Be kind."),
            Message(role="user", text="When are you open?"),
            Message(role="assistant", text="We are open."),
        )
    )


# --- memory ----------------------------------------


def heard(dialog: Receptionist) -> list[tuple[str, str]]:
    return [(past.said, past.heard) for past in dialog.memory]


def test_what_was_heard_belongs_to_the_turn_it_answers_however_late_that_is_known() -> None:
    dialog = receptionist()
    first = number(turn(dialog, "When are you open?"))
    second = number(turn(dialog, "Stop. I lost my card.", 2))
    dialog.receive(ReplyStopped(reply=first, heard="We are", unheard="open"), 0)
    dialog.receive(ReplyFinished(reply=second, heard="What is its number?"), 0)
    assert heard(dialog) == [
        ("When are you open?", "We are"),
        ("Stop. I lost my card.", "What is its number?"),
    ]


def test_fillers_prompts_and_strangers_are_no_part_of_an_answer() -> None:
    dialog = receptionist()
    turn(dialog, "When are you open?")
    filler = number(dialog.receive(ReplyLate(turn=1), 0))
    dialog.receive(ReplyFinished(reply=filler, heard="One moment."), 0)
    dialog.receive(ReplyStopped(reply=999, heard="nobody said this", unheard=""), 0)
    assert heard(dialog) == [("When are you open?", "")]


def test_a_late_transcript_corrects_its_own_turn_and_no_other() -> None:
    dialog = receptionist()
    turn(dialog, "When are you opened?", 1)
    turn(dialog, "I lost my card", 2)
    dialog.receive(TranscriptAmended(turn=1, text="When are you open?"), 0)
    dialog.receive(TranscriptAmended(turn=7, text="never heard of"), 0)
    assert [said for said, _ in heard(dialog)] == ["When are you open?", "I lost my card"]


def test_a_turn_that_is_answered_again_is_remembered_once() -> None:
    dialog = receptionist()
    turn(dialog, "When are you", 1)
    turn(dialog, "When are you open?", 1)
    assert [said for said, _ in heard(dialog)] == ["When are you open?"]


def test_the_memory_has_an_end() -> None:
    dialog = receptionist(memory_turns=2)
    for count in range(20):
        reply = number(turn(dialog, f"Question {count}", count))
        dialog.receive(ReplyFinished(reply=reply, heard="Yes."), 0)
        assert len(dialog.memory) <= 4
    assert dialog.memory[-1].said == "Question 19"


# --- settings ----------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"greeting": ""},
        {"silence": ()},
        {"memory_turns": 51},
        {"colour": "red"},
        {"kind": "oracle"},
        {"topics": ({"name": "a", "asks": (), "says": "b"},)},
        {"topics": ({"name": "a", "asks": ("a",), "says": "b", "expects": "sermon"},)},
    ],
    ids=str,
)
def test_impossible_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ReceptionistSettings(**wrong)


def test_everything_said_as_written_can_be_made_ahead_of_time() -> None:
    settings = ReceptionistSettings(topics=TOPICS, notice="Recorded.")
    phrases = settings.phrases()
    assert {settings.greeting, settings.filler, "Recorded.", TOPICS[0].says} <= set(phrases)
    assert len(phrases) == len(set(phrases))
