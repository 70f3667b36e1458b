"""Handing a caller to a person: who is, after what, and what becomes of them if nobody is there."""

from typing import Any

import pytest
from pydantic import ValidationError
from tests.dialog.test_receptionist import asked, number, texts, turn

from antiphon import actions as order
from antiphon.actions import Action
from antiphon.dialog.receptionist import Receptionist
from antiphon.dialog.settings import ReceptionistSettings, Topic, TroubleSettings
from antiphon.events import (
    CallStarted,
    EarsFound,
    EarsLost,
    LimitReached,
    ModelFailed,
    ModelSaid,
    ReplyFailed,
    ReplyFinished,
    ReplyLost,
    ReplyStopped,
    SilenceNoticed,
    TransferFailed,
)

HOURS = Topic(name="hours", asks=("open",), says="Nine to five.")
SALES = Topic(
    name="sales", asks=("buy", "sales"), says="I'll put you through to sales.", transfer="sales"
)
FAILED = TransferFailed(to="sales", reason="nobody answers")
DESK_FAILED = TransferFailed(to="front desk", reason="nobody answers")


def receptionist(transfer_to: str | None = None, **settings: Any) -> Receptionist:
    trouble = TroubleSettings(patience_s=20.0, transfer_to=transfer_to)
    return Receptionist(ReceptionistSettings(topics=(HOURS, SALES), trouble=trouble, **settings))


def heard(dialog: Receptionist, said: list[Action]) -> list[Action]:
    """They hear all of it."""
    return dialog.receive(ReplyFinished(reply=number(said), heard=texts(said)[-1]), 0)


def cut_short(dialog: Receptionist, said: list[Action]) -> list[Action]:
    return dialog.receive(ReplyStopped(reply=number(said), heard="I'll", unheard=" put"), 0)


def test_whoever_asks_for_it_is_handed_over_once_they_know() -> None:
    dialog = receptionist()
    said = turn(dialog, "I want to buy one.")
    assert texts(said) == ["I'll put you through to sales."]
    assert heard(dialog, said) == [order.Transfer(to="sales")]
    assert dialog.receive(SilenceNoticed(count=1, last=False), 8.0) == []


def test_whoever_thanks_us_in_the_middle_of_it_is_handed_over_all_the_same() -> None:
    dialog = receptionist()
    cut_short(dialog, turn(dialog, "I want to buy one."))
    again = turn(dialog, "Oh, thank you.", 2)
    assert texts(again) == [dialog.settings.filler]
    assert heard(dialog, again) == [order.Transfer(to="sales")]


def test_whoever_only_coughs_into_it_is_handed_over_when_they_fall_silent() -> None:
    dialog = receptionist()
    cut_short(dialog, turn(dialog, "I want to buy one."))
    again = dialog.receive(SilenceNoticed(count=1, last=True), 8.0)
    assert texts(again) == [dialog.settings.filler]
    assert heard(dialog, again) == [order.Transfer(to="sales")]
    assert dialog.receive(SilenceNoticed(count=1, last=True), 16.0) == [], "it is under way"


@pytest.mark.parametrize(
    "text, says", [("No, when are you open?", HOURS.says), ("No, goodbye.", "See you.")]
)
def test_whoever_thinks_better_of_it_is_not(text: str, says: str) -> None:
    dialog = receptionist(farewell="See you.")
    said = turn(dialog, "I want to buy one.")
    cut_short(dialog, said)
    other = turn(dialog, text, 2)
    assert texts(other) == [says]
    assert not any(isinstance(action, order.Transfer) for action in heard(dialog, other))


def test_whoever_cannot_be_told_is_handed_over_without_a_word() -> None:
    dialog = receptionist()
    failed = ReplyFailed(reply=number(turn(dialog, "Sales, please.")), heard="", reason="no voice")
    assert dialog.receive(failed, 0) == [order.Transfer(to="sales")]


def test_where_nobody_is_there_the_caller_is_told_and_the_call_goes_on() -> None:
    dialog = receptionist()
    heard(dialog, turn(dialog, "Sales, please."))
    told = dialog.receive(FAILED, 0)
    assert texts(told) == [dialog.settings.trouble.not_transferred]
    assert not any(isinstance(action, order.Transfer) for action in heard(dialog, told))
    assert texts(turn(dialog, "When are you open?", 2)) == [HOURS.says]
    said = turn(dialog, "Sales, please.", 3)
    assert heard(dialog, said) == [order.Transfer(to="sales")]


def test_whose_sentence_never_comes_is_handed_over_without_it() -> None:
    dialog = receptionist()
    turn(dialog, "Sales, please.")
    assert dialog.receive(ReplyLost(turn=1), 0) == [order.Transfer(to="sales")]
    assert texts(dialog.receive(FAILED, 0)) == [dialog.settings.trouble.not_transferred]


def test_who_meanwhile_asks_for_somebody_else_is_handed_to_them_when_the_first_fails() -> None:
    """The line tries one at a time, and does not hear of the second while it tries the first."""
    bills = Topic(name="bills", asks=("bill",), says="I'll ask Ann.", transfer="ann")
    dialog = Receptionist(ReceptionistSettings(topics=(SALES, bills)))
    heard(dialog, turn(dialog, "Sales, please."))
    other = turn(dialog, "No, it is about my bill.", 2)
    assert dialog.copy().receive(FAILED, 0) == [], "they have not heard it yet"
    assert heard(dialog, other) == [order.Transfer(to="ann")]
    assert dialog.receive(FAILED, 0) == [order.Transfer(to="ann")]
    told = dialog.receive(TransferFailed(to="ann", reason="nobody answers"), 0)
    assert texts(told) == [dialog.settings.trouble.not_transferred]


def test_a_limit_of_the_call_goes_before_a_transfer() -> None:
    dialog = receptionist()
    said = turn(dialog, "Sales, please.")
    left = dialog.receive(LimitReached(limit="call"), 0)
    assert not any(isinstance(action, order.Transfer) for action in heard(dialog, said))
    assert dialog.receive(FAILED, 0) == []
    assert heard(dialog, left) == [order.HangUp(reason="said goodbye")]


# --- when our own means fail ---------------------------------------------------------------------


def test_whom_nobody_understands_is_handed_to_a_person() -> None:
    dialog = receptionist("front desk")
    dialog.receive(EarsLost(reason="all are down"), 0.0)
    said = dialog.tick(20.0)
    assert texts(said) == [dialog.settings.trouble.transferring]
    assert heard(dialog, said) == [order.Transfer(to="front desk")]
    assert dialog.tick(40.0) == [], "they are being connected"
    left = dialog.receive(DESK_FAILED, 41.0)
    assert texts(left) == [dialog.settings.trouble.leaving]
    assert heard(dialog, left) == [order.HangUp(reason="said goodbye")]


def test_whom_nobody_understands_and_who_talks_into_it_is_told_again() -> None:
    dialog = receptionist("front desk")
    dialog.receive(EarsLost(reason="all are down"), 0.0)
    cut_short(dialog, dialog.tick(20.0))
    said = dialog.tick(40.0)
    assert texts(said) == [dialog.settings.trouble.transferring]
    assert heard(dialog, said) == [order.Transfer(to="front desk")]


def test_whom_we_hear_again_while_they_are_put_through_is_not_asked_to_repeat_it() -> None:
    dialog = receptionist("front desk")
    dialog.receive(EarsLost(reason="all are down"), 0.0)
    said = dialog.tick(20.0)
    assert dialog.copy().receive(EarsFound(), 21.0) == []
    heard(dialog, said)
    assert dialog.receive(EarsFound(), 22.0) == []
    assert texts(dialog.receive(DESK_FAILED, 23.0)) == [dialog.settings.trouble.not_transferred]


def failing(dialog: Receptionist, number: int) -> list[Action]:
    ask = asked(turn(dialog, "How are you?", number))
    return dialog.receive(ModelFailed(request=ask.request, reason="down"), 0)


def test_whose_questions_no_model_answers_is_handed_to_a_person_at_the_second() -> None:
    dialog = receptionist("front desk", small_talk="Be kind.")
    trouble = dialog.settings.trouble
    first = failing(dialog, 1)
    assert texts(first) == [trouble.thinking]
    assert not any(isinstance(action, order.Transfer) for action in heard(dialog, first))
    second = failing(dialog, 2)
    assert texts(second) == [trouble.transferring]
    assert heard(dialog, second) == [order.Transfer(to="front desk")]
    assert texts(dialog.receive(DESK_FAILED, 0)) == [trouble.not_transferred]
    assert texts(failing(dialog, 3)) == [trouble.thinking], "nobody is there to be promised"


def test_an_answer_in_between_makes_up_for_one_that_failed() -> None:
    dialog = receptionist("front desk", small_talk="Be kind.")
    failing(dialog, 1)
    ask = asked(turn(dialog, "How are you?", 2))
    dialog.receive(ModelSaid(request=ask.request, text="I am fine. And you?"), 0)
    assert texts(failing(dialog, 3)) == [dialog.settings.trouble.thinking]


def test_to_whom_nothing_can_be_said_is_handed_to_a_person() -> None:
    dialog = receptionist("front desk")
    said = dialog.receive(CallStarted(channel="test"), 0)
    for _ in range(3):
        last = ReplyFailed(reply=number(said), heard="", reason="no voice")
        said = dialog.receive(last, 0) if last.reply else []
        if not texts(said):
            break
    assert said == [order.Transfer(to="front desk")]
    assert dialog.receive(DESK_FAILED, 0) == [order.HangUp(reason="cannot speak")]


# --- settings ------------------------------------------------------------------------------------


def test_what_is_said_of_transfers_is_rendered_beforehand_where_there_are_any() -> None:
    trouble = TroubleSettings(transfer_to="desk")
    with_both = ReceptionistSettings(trouble=trouble).phrases()
    assert {trouble.transferring, trouble.not_transferred} <= set(with_both)
    with_topic = ReceptionistSettings(topics=(SALES,)).phrases()
    assert trouble.not_transferred in with_topic
    assert trouble.transferring not in with_topic
    without = ReceptionistSettings(topics=(HOURS,)).phrases()
    assert not {trouble.transferring, trouble.not_transferred} & set(without)


@pytest.mark.parametrize("more", [{"then": "Thanks."}, {"expects": "yes_no"}])
def test_a_topic_that_hands_over_asks_nothing(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="with 'transfer' the caller goes"):
        Topic(name="x", asks=("x",), says="x", transfer="desk", **more)
