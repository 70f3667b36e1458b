"""In whose voice a receptionist speaks, and which of its texts may carry markup."""

from typing import Any

import pytest
from pydantic import BaseModel

from antiphon import actions as order
from antiphon.actions import Action, Speak
from antiphon.dialog.receptionist import Receptionist
from antiphon.dialog.settings import ReceptionistSettings, Topic, TroubleSettings
from antiphon.dialog.spoken import ahead_of_time, spoken
from antiphon.events import (
    CallStarted,
    ModelFailed,
    ModelSaid,
    ReplyLate,
    SilenceNoticed,
    TurnEnded,
)

TOPICS = (
    Topic(name="law", asks=("sue",), says="I will put you on to her.", from_now="lawyer"),
    Topic(name="oath", asks=("swear",), says="Swear it.", manner="judge", then="So {answer}."),
    Topic(name="back", asks=("enough",), says="Bye.", manner="lawyer", from_now="reply"),
)


def speaks(actions: list[Action]) -> list[Speak]:
    return [action for action in actions if isinstance(action, order.Speak)]


def receptionist(**settings: Any) -> Receptionist:
    return Receptionist(ReceptionistSettings(topics=TOPICS, **settings))


def turn(dialog: Receptionist, text: str, number: int = 1) -> list[Speak]:
    return speaks(dialog.receive(TurnEnded(turn=number, text=text, start_s=0, end_s=1), 0))


def test_a_topic_may_change_the_voice_for_the_rest_of_the_call() -> None:
    dialog = receptionist(notice="Recorded.")
    began = speaks(dialog.receive(CallStarted(channel="test"), 0))
    assert [each.manner for each in began] == ["", ""]
    assert [each.manner for each in turn(dialog, "I want to sue")] == ["lawyer"]
    assert turn(dialog, "what?", 2)[0].manner == "lawyer"
    late = dialog.receive(ReplyLate(turn=2), 0) + dialog.receive(
        SilenceNoticed(count=1, last=False), 0
    )
    assert [each.manner for each in speaks(late)] == ["lawyer", "lawyer"]
    assert turn(dialog, "enough", 3)[0].manner == "lawyer"
    assert turn(dialog, "what?", 4)[0].manner == ""
    again = speaks(dialog.receive(SilenceNoticed(count=1, last=False), 0))
    assert [each.manner for each in again] == [""], "a prompt is said as prompts are"


def test_a_topic_may_be_answered_in_a_manner_of_its_own() -> None:
    dialog = receptionist()
    said = [turn(dialog, words, at)[0] for at, words in enumerate(("swear", "yes", "what?"))]
    assert [each.manner for each in said] == ["judge", "judge", ""]


def test_a_change_may_be_announced_in_the_voice_before() -> None:
    topic = Topic(
        name="law", asks=("sue",), says="Here she is.", manner="reply", from_now="lawyer",
        then="Thanks, {answer}.",
    )  # fmt: skip
    dialog = Receptionist(ReceptionistSettings(topics=(topic,)))
    said = [turn(dialog, words, at)[0].manner for at, words in enumerate(("sue", "Ann", "hm"))]
    assert said == ["reply", "lawyer", "lawyer"]


def test_a_guess_that_comes_to_nothing_changes_no_voice() -> None:
    dialog = receptionist()
    guess = dialog.copy()
    turn(guess, "I want to sue")
    assert guess != dialog
    assert turn(dialog, "what?")[0].manner == ""


def test_what_a_model_says_is_in_the_voice_of_the_call_and_trusted_less() -> None:
    dialog = receptionist(small_talk="Be kind.", trouble=TroubleSettings(thinking="<p>Sorry.</p>"))
    turn(dialog, "I want to sue")
    (ask,) = (
        action
        for action in dialog.receive(TurnEnded(turn=2, text="hm?", start_s=0, end_s=1), 0)
        if isinstance(action, order.AskModel)
    )
    said = dialog.receive(ModelSaid(request=ask.request, text="<voice name='boss'>Hm"), 0)
    failed = dialog.receive(ModelFailed(request=ask.request, reason="gone"), 0)
    assert [(each.manner, each.trust) for each in speaks(said + failed)] == [
        ("lawyer", "model"),
        ("lawyer", "author"),
    ]


def test_only_texts_with_markup_are_told_from_others() -> None:
    """So that the log of a call without markup is what it always was."""
    dialog = receptionist(greeting="Hello <break/>there.", unknown="No.")
    (hello,) = speaks(dialog.receive(CallStarted(channel="test"), 0))
    assert (hello.trust, turn(dialog, "what?")[0].trust) == ("author", "model")


def test_what_callers_say_is_no_markup() -> None:
    topic = Topic(
        name="name",
        asks=("name",),
        says="Your name?",
        expects="name",
        then="<emphasis>Thank you</emphasis>, {answer}.",
    )
    dialog = Receptionist(ReceptionistSettings(topics=(topic,)))
    turn(dialog, "name")
    (thanks,) = turn(dialog, 'Bob <audio src="x.wav"/> & Co', 2)
    assert thanks.text == (
        '<emphasis>Thank you</emphasis>, Bob &lt;audio src="x.wav"/&gt; &amp; Co.'
    )


def test_every_text_is_rendered_in_each_manner_it_is_said_in() -> None:
    settings = ReceptionistSettings(topics=TOPICS, notice="Recorded.")
    ahead = ahead_of_time(settings)
    assert ahead[:3] == [
        ("Recorded.", "notice"),
        (settings.greeting, "reply"),
        (settings.filler, "filler"),
    ]
    assert {manner for text, manner in ahead if text == settings.filler} == {
        "filler",
        "lawyer",
    }
    assert {manner for text, manner in ahead if text == "Swear it."} == {"judge"}
    assert {manner for text, manner in ahead if text == settings.silence[0]} == {
        "prompt",
        "lawyer",
    }
    assert not any(text == "Recorded." and manner != "notice" for text, manner in ahead)
    assert len(ahead) == len(set(ahead))


SILENT = {"kind", "name", "asks", "small_talk", "farewell_asks", "transfer", "transfer_to"}
SILENT |= {"manner", "from_now", "expects"}
"""Settings that are text and are not spoken."""


@pytest.mark.parametrize("kind", [ReceptionistSettings, TroubleSettings, Topic])
def test_no_text_that_is_spoken_is_forgotten(kind: type[BaseModel]) -> None:
    topic = Topic(name="a", asks=("a",), says="b", then="c")
    settings = ReceptionistSettings(notice="n", topics=(topic,))
    told = {name for said in spoken(settings) for name in said.place if isinstance(name, str)}
    texts = {
        name for name, field in kind.model_fields.items() if "str" in str(field.annotation)
    } - SILENT
    assert texts <= told
