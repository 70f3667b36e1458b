"""How a call is heard: what the dialog is told, and what everybody else still sees."""

import pytest
from pydantic import ValidationError
from tests.call.test_conversation import Scripted, conversation, line, only, speak, told

from antiphon import actions as order
from antiphon.call.conversation import Conversation
from antiphon.call.settings import HearingSettings
from antiphon.events import TranscriptAmended, TranscriptChanged, TurnEnded
from antiphon.testing.stage import Stage
from antiphon.turns.machine import Machine
from antiphon.turns.settings import TurnSettings

DROPS = HearingSettings(fillers="drop")


def stage(settings: HearingSettings, language: str = "en") -> Stage:
    made = line(Scripted({TurnEnded: speak("Well.")}))
    joined = conversation(made)
    made.machine = Conversation(  # type: ignore[assignment]
        joined.turns, joined.dialog, settings.tidied(language)
    )
    return made


def turns(made: Stage) -> list[TurnEnded]:
    return [event for event in told(made) if isinstance(event, TurnEnded)]


def test_the_dialog_is_told_no_hesitation_and_turn_taking_all_of_it() -> None:
    made = stage(DROPS)
    made.caller_says("Um, what does it, uh, cost", 1, 2, score=0.9)
    made.pass_until(6)
    assert [event.text for event in turns(made)] == ["What does it cost"]
    (answer,) = only(made, order.Answer)
    assert isinstance(answer, order.Answer)
    assert answer.text == "Um, what does it, uh, cost"


def test_a_trailing_hesitation_is_waited_for_as_before() -> None:
    plain, drops = stage(HearingSettings()), stage(DROPS)
    for made in (plain, drops):
        made.caller_says("I would like to, um", 1, 2, score=0.5)
        made.pass_until(9)
    answered = [[at for at, action in made.orders if isinstance(action, order.Answer)]
                for made in (plain, drops)]  # fmt: skip
    assert answered[0] == answered[1] != []


def test_a_turn_of_nothing_else_is_answered_as_it_was() -> None:
    made = stage(DROPS)
    made.caller_says("Um.", 1, 1.5, score=0.9)
    made.pass_until(9)
    assert [event.text for event in turns(made)] == ["Um."]


def test_a_guess_without_hesitation_holds_for_the_same_words() -> None:
    made = stage(DROPS)
    made.caller_says("um what does it cost", 1, 2, score=None, final_after_s=0.12)
    made.pass_until(6)
    assert len(only(made, order.Speculate)) == 1
    assert len(only(made, order.Speak)) == 1
    assert [event.text for event in turns(made)] == ["what does it cost"]


@pytest.mark.parametrize("agents, heard, dropped", [
    ("en-GB", "", True), ("pt", "", False), ("pt", "en-US", True), ("en", "pt-BR", False),
    ("en", "eng", True),
])  # fmt: skip
def test_only_english_has_these_hesitations(agents: str, heard: str, dropped: bool) -> None:
    assert (DROPS.tidied(agents)("um carro", heard) == "carro") is dropped


def test_late_words_are_told_without_them_too() -> None:
    made = stage(DROPS)
    joined = conversation(made)
    joined._follow([order.Amend(turn=1, text="uh no")], 1.0)
    assert TranscriptAmended(turn=1, text="no") in told(made)


def test_a_turn_says_which_language_was_heard_last() -> None:
    made = stage(HearingSettings())
    heard = TranscriptChanged(
        segment=9, text="hola", start_s=0.1, end_s=0.3, final=False, language="es"
    )
    made.tell(heard, at=0.4)
    made.caller_says("cuanto cuesta", 1, 2, score=0.9)
    made.pass_until(6)
    assert {event.language for event in turns(made)} == {"es"}


def test_a_guess_in_another_language_is_no_guess_at_this() -> None:
    made = stage(HearingSettings())
    made.caller_says("no", 1, 1.6, score=None, final_after_s=0.12)
    made.pass_until(1.95)
    assert only(made, order.Speculate)
    again = TranscriptChanged(segment=1, text="no", start_s=1, end_s=1.6, final=True, language="es")
    made.tell(again)
    made.pass_until(6)
    assert [event.language for event in turns(made)] == ["es"]
    assert len(only(made, order.Speak)) == 2


@pytest.mark.parametrize("detect", [["en"], ["en", "en"], ["en-US", "en-GB"], ["english", "es"]])
def test_languages_to_tell_apart_are_several_and_different(detect: list[str]) -> None:
    with pytest.raises(ValidationError):
        HearingSettings.model_validate({"detect": detect})


def test_by_default_everything_is_as_it_was() -> None:
    assert HearingSettings().tidied("en")("um hello", "") == "um hello"
    assert Conversation(Machine(TurnSettings()), Scripted({}))._tidy("um hello", "en") == "um hello"
