"""The two machines joined: guesses on copies, answers given, taken back, given again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

import pytest

from antiphon import actions as order
from antiphon.actions import Action
from antiphon.call.conversation import HEAR_OUT_S, Conversation
from antiphon.dialog.dialog import DialogEvent, Numbers
from antiphon.dialog.receptionist import Receptionist
from antiphon.dialog.settings import ReceptionistSettings, Topic
from antiphon.events import (
    BackchannelHeard,
    CallEnded,
    CallStarted,
    DigitPressed,
    Expectation,
    LimitReached,
    ModelFinished,
    ModelSaid,
    ReplyFailed,
    ReplyFinished,
    ReplyLate,
    ReplyLost,
    ReplyReady,
    ReplyStarted,
    ReplyStopped,
    SilenceNoticed,
    SpeechStarted,
    SpeechStopped,
    ToolFinished,
    TranscriptAmended,
    TurnEnded,
    TurnScored,
)
from antiphon.testing.stage import Stage, said
from antiphon.turns.machine import Machine
from antiphon.turns.settings import TurnSettings
from antiphon.turns.table import State

Rule = Callable[[Numbers], list[Action]]


@dataclass(slots=True)
class Scripted:
    """Answers events of a kind by rule and remembers everything it was told."""

    rules: dict[type, Rule]
    numbers: Numbers = field(default_factory=Numbers)
    expectation: Expectation = field(default_factory=Expectation)
    told: tuple[DialogEvent, ...] = ()
    due: float | None = None

    def copy(self) -> Self:
        return type(self)(self.rules, self.numbers, self.expectation, self.told, self.due)

    def deadline(self) -> float | None:
        return self.due

    def tick(self, now: float) -> list[Action]:
        if self.due is None or now < self.due:
            return []
        self.due = None
        return speak("Time.")(self.numbers)

    def receive(self, event: DialogEvent, now: float) -> list[Action]:
        if not isinstance(event, CallStarted):
            self.told = (*self.told, event)
        rule = self.rules.get(type(event))
        return rule(self.numbers) if rule else []

    def texts(self) -> list[str]:
        return [event.text for event in self.told if isinstance(event, TurnEnded)]


def speak(*texts: str) -> Rule:
    return lambda numbers: [order.Speak(reply=numbers.next(), text=text) for text in texts]


def line(dialog: Scripted | Receptionist, settings: TurnSettings | None = None) -> Stage:
    """A stage whose machine is a whole conversation."""
    stage = Stage(settings or TurnSettings())
    stage.orders.clear()
    stage.machine = Conversation(Machine(stage.settings), dialog)  # type: ignore[assignment]
    stage.tell(CallStarted(channel="stage"))
    return stage


def conversation(stage: Stage) -> Conversation:
    found = stage.machine
    assert isinstance(found, Conversation)
    return found


def told(stage: Stage) -> tuple[DialogEvent, ...]:
    dialog = conversation(stage).dialog
    assert isinstance(dialog, Scripted)
    return dialog.told


def only(stage: Stage, *kinds: type) -> list[Action]:
    return stage.all(*kinds)


REPLIES = (order.Speak, order.ReleaseReply, order.HoldReply, order.DiscardReply)


@pytest.fixture
def stage() -> Stage:
    """One reply to every turn."""
    return line(Scripted({TurnEnded: speak("Well.")}))


def speculate(stage: Stage, text: str = "what does it cost") -> None:
    """A turn over and prepared for, not answered yet."""
    stage.caller_says(text, 1, 2, score=None, final_after_s=0.12)
    stage.pass_until(2.2)
    assert stage.all(order.Speculate)
    assert not stage.all(order.Answer)


def answer(stage: Stage, text: str = "What does it cost?") -> None:
    """A turn over and answered."""
    stage.caller_says(text, 1, 2)
    stage.pass_until(2.9)
    assert stage.all(order.Answer)


# --- guesses ----------------------------------------------------------------------------------


def test_a_guess_is_spoken_held_and_changes_nothing(stage: Stage) -> None:
    speculate(stage)
    assert only(stage, *REPLIES) == [order.Speak(reply=1, text="Well.", held=True)]
    assert told(stage) == ()


def test_a_right_guess_is_released_and_becomes_the_dialog(stage: Stage) -> None:
    speculate(stage)
    stage.pass_until(3)
    assert only(stage, *REPLIES)[1:] == [order.ReleaseReply(reply=1)]
    assert told(stage) == (TurnEnded(turn=1, text="what does it cost", start_s=1, end_s=2),)


def test_the_same_words_written_otherwise_fit(stage: Stage) -> None:
    speculate(stage, "for twenty one people")
    stage.tell(said("For 21 people.", 1, 2), 2.25)
    stage.pass_until(3)
    assert not stage.all(order.DiscardReply)
    assert only(stage, *REPLIES)[-1] == order.ReleaseReply(reply=1)


def test_a_wrong_guess_never_happened(stage: Stage) -> None:
    speculate(stage)
    stage.tell(SpeechStarted(at_s=2.2), 2.3)
    stage.tell(said("what does it cost on sundays", 1, 2.9, final=False), 2.9)
    assert only(stage, *REPLIES)[-1] == order.DiscardReply(reply=1)
    assert told(stage) == ()


def test_an_amended_transcript_while_guessing_is_guessed_again(stage: Stage) -> None:
    speculate(stage)
    stage.tell(said("what does it cast", 1, 2), 2.21)
    assert only(stage, *REPLIES) == [
        order.Speak(reply=1, text="Well.", held=True),
        order.DiscardReply(reply=1),
        order.Speak(reply=2, text="Well.", held=True),
    ]


def test_a_guess_on_a_dialog_that_has_changed_since_is_made_again(stage: Stage) -> None:
    speculate(stage)
    stage.tell(DigitPressed(digit="1"), 2.21)
    stage.pass_until(3)
    assert [type(action) for action in only(stage, *REPLIES)] == [
        order.Speak,
        order.DiscardReply,
        order.Speak,
        order.ReleaseReply,
    ]
    assert [type(event) for event in told(stage)] == [DigitPressed, TurnEnded]


def test_a_guess_whose_voice_failed_is_made_again(stage: Stage) -> None:
    speculate(stage)
    stage.tell(ReplyFailed(reply=1, heard="", reason="no voice"), 2.21)
    assert told(stage) == ()
    stage.pass_until(3)
    assert only(stage, *REPLIES)[1:] == [
        order.Speak(reply=2, text="Well.", held=True),
        order.ReleaseReply(reply=2),
    ]


def test_the_model_answers_whichever_copy_asked() -> None:
    ask = order.AskModel(request=1, messages=())
    stage = line(
        Scripted(
            {
                TurnEnded: lambda numbers: [ask] if numbers.next() == 1 else [],
                ModelSaid: lambda numbers: [order.Speak(reply=7, text="So", last=False)],
                ModelFinished: lambda numbers: [order.Speak(reply=7, text="", last=True)],
            }
        )
    )
    speculate(stage)
    stage.tell(ModelSaid(request=1, text="So"), 2.21)
    assert order.Speak(reply=7, text="So", last=False, held=True) in stage.all(order.Speak)
    assert told(stage) == ()
    stage.pass_until(3)
    stage.tell(ModelFinished(request=1), 3)
    assert [type(event) for event in told(stage)] == [TurnEnded, ModelSaid, ModelFinished]
    assert stage.all(order.Speak)[-1] == order.Speak(reply=7, text="", last=True)


def test_what_was_asked_for_a_wrong_guess_is_cancelled() -> None:
    def ask(numbers: Numbers) -> list[Action]:
        tool = order.RunTool(request=numbers.next(), name="look", arguments="{}", read_only=True)
        return [order.AskModel(request=numbers.next(), messages=()), tool]

    stage = line(Scripted({TurnEnded: ask}))
    speculate(stage)
    stage.tell(SpeechStarted(at_s=2.2), 2.3)
    stage.tell(said("what does it cost on sundays", 1, 2.9, final=False), 2.9)
    assert stage.all(order.CancelModel) == [
        order.CancelModel(request=1),
        order.CancelModel(request=2),
    ]
    stage.tell(ModelSaid(request=2, text="late"), 3)
    assert told(stage) == (ModelSaid(request=2, text="late"),)


def test_what_leaves_a_trace_waits_until_the_guess_is_right() -> None:
    def book(numbers: Numbers) -> list[Action]:
        return [
            order.AskModel(request=1, messages=()),
            order.CancelModel(request=1),
            order.CancelModel(request=99),
            order.RunTool(request=2, name="book", arguments="{}"),
            order.Transfer(to="sales"),
        ]

    stage = line(Scripted({TurnEnded: book}))
    speculate(stage)
    assert stage.all(order.CancelModel, order.RunTool, order.Transfer) == [
        order.CancelModel(request=1)
    ]
    stage.pass_until(3)
    assert stage.all(order.CancelModel, order.RunTool, order.Transfer)[1:] == [
        order.CancelModel(request=99),
        order.RunTool(request=2, name="book", arguments="{}"),
        order.Transfer(to="sales"),
    ]


def test_what_a_right_guess_asks_for_later_is_cancelled_with_it() -> None:
    look = order.RunTool(request=1, name="look", arguments="{}", read_only=True)
    stage = line(
        Scripted(
            {
                TurnEnded: lambda numbers: [look],
                ToolFinished: lambda numbers: [order.AskModel(request=2, messages=())],
            }
        )
    )
    answer(stage)
    stage.tell(ToolFinished(request=1, result="{}"), 2.95)
    go_on(stage)
    stage.tell(said("What does it cost for two?", 1, 3.4, final=False), 3.5)
    assert order.CancelModel(request=2) in stage.all(order.CancelModel)


# --- taken back -------------------------------------------------------------------------------


def go_on(stage: Stage, at: float = 3.0) -> None:
    stage.tell(SpeechStarted(at_s=at - 0.1), at)


def test_an_answer_nobody_heard_is_held_and_the_dialog_forgets_it(stage: Stage) -> None:
    answer(stage)
    go_on(stage)
    assert only(stage, *REPLIES)[-1] == order.HoldReply(reply=1)
    assert told(stage) == ()


def test_after_a_cough_the_same_answer_is_released_again(stage: Stage) -> None:
    answer(stage)
    go_on(stage)
    stage.tell(SpeechStopped(at_s=3.1), 3.2)
    stage.tell(said("What does it cost?", 1, 3.1), 3.3)
    stage.pass_until(5)
    assert only(stage, *REPLIES)[-2:] == [order.HoldReply(reply=1), order.ReleaseReply(reply=1)]
    assert len(stage.all(order.Speak)) == 1
    assert len(told(stage)) == 1
    stage.tell(ReplyStarted(reply=1), 5.1)
    assert stage.state is State.SPEAKING


def test_with_other_words_it_is_another_answer(stage: Stage) -> None:
    answer(stage)
    go_on(stage)
    stage.tell(SpeechStopped(at_s=3.5), 3.6)
    stage.tell(said("What does it cost? For two.", 1, 3.5), 3.7)
    stage.pass_until(6)
    assert only(stage, *REPLIES)[-3:] == [
        order.DiscardReply(reply=1),
        order.Speak(reply=2, text="Well.", held=True),
        order.ReleaseReply(reply=2),
    ]
    dialog = conversation(stage).dialog
    assert isinstance(dialog, Scripted)
    assert dialog.texts() == ["What does it cost? For two."]


def test_an_answer_audible_in_the_very_moment_was_given(stage: Stage) -> None:
    answer(stage)
    go_on(stage)
    stage.tell(ReplyStarted(reply=1), 3.01)
    assert only(stage, *REPLIES)[-1] == order.ReleaseReply(reply=1)
    assert stage.state is State.OVERLAP
    assert len(told(stage)) == 1


def test_the_filler_goes_with_the_answer_it_bridged() -> None:
    stage = line(
        Scripted(
            {
                TurnEnded: lambda numbers: [order.AskModel(request=1, messages=())],
                ReplyLate: lambda numbers: [
                    order.Speak(reply=5, text="One moment.", kind="filler")
                ],
            }
        )
    )
    answer(stage)
    stage.pass_until(5)
    go_on(stage, 5.1)
    assert stage.all(order.DiscardReply) == [order.DiscardReply(reply=5)]
    assert told(stage) == ()


def test_a_filler_that_is_audible_does_not_make_the_answer_final() -> None:
    stage = line(
        Scripted(
            {
                TurnEnded: lambda numbers: [order.AskModel(request=1, messages=())],
                ReplyLate: lambda numbers: [
                    order.Speak(reply=5, text="One moment.", kind="filler")
                ],
            }
        )
    )
    answer(stage)
    stage.pass_until(5)
    stage.tell(ReplyStarted(reply=5), 5)
    stage.tell(ReplyFinished(reply=5, heard="One moment."), 5.5)
    assert stage.state is State.THINKING
    go_on(stage, 5.6)
    assert stage.all(order.Withdraw)
    assert told(stage) == (ReplyFinished(reply=5, heard="One moment."),)


def test_what_is_true_anyway_survives_an_answer_taken_back(stage: Stage) -> None:
    """What was heard of an earlier reply is told while the next answer is under way."""
    answer(stage)
    stopped = ReplyStopped(reply=99, heard="We are", unheard="open")
    stage.tell(stopped, 2.95)
    stage.tell(DigitPressed(digit="4"), 2.96)
    go_on(stage)
    assert told(stage) == (stopped, DigitPressed(digit="4"))


def test_a_late_reading_of_an_earlier_turn_survives_an_answer_taken_back(stage: Stage) -> None:
    answer(stage, "What does it cast?")
    stage.tell(ReplyStarted(reply=1), 3)
    stage.tell(ReplyFinished(reply=1, heard="Well."), 3.5)
    stage.caller_says("And for two?", 4, 5, segment=1)
    stage.pass_until(5.9)
    amended = TranscriptAmended(turn=1, text="What does it cost?")
    stage.tell(said("What does it cost?", 1, 2), 5.9)
    assert told(stage)[-1] == amended
    go_on(stage, 6)
    assert told(stage)[-1] == amended
    assert type(told(stage)[0]) is TurnEnded
    assert len([event for event in told(stage) if isinstance(event, TurnEnded)]) == 1


def test_what_was_done_cannot_be_taken_back() -> None:
    def book(numbers: Numbers) -> list[Action]:
        said_so = order.Speak(reply=numbers.next(), text="I book it.")
        return [said_so, order.RunTool(request=numbers.next(), name="book", arguments="{}")]

    stage = line(Scripted({TurnEnded: book}))
    answer(stage)
    go_on(stage)
    assert only(stage, *REPLIES)[-1] == order.DiscardReply(reply=1)
    assert [type(event) for event in told(stage)] == [TurnEnded, ReplyStopped]
    stage.tell(ToolFinished(request=2, result="{}"), 3.1)
    assert type(told(stage)[-1]) is ToolFinished


def test_a_key_the_dialog_acted_on_is_done_too() -> None:
    stage = line(
        Scripted(
            {
                TurnEnded: lambda numbers: [order.AskModel(request=1, messages=())],
                DigitPressed: speak("You pressed a key."),
            }
        )
    )
    answer(stage)
    stage.tell(DigitPressed(digit="1"), 2.95)
    go_on(stage)
    assert stage.all(order.DiscardReply) == [order.DiscardReply(reply=1)]
    assert [type(event) for event in told(stage)] == [TurnEnded, DigitPressed, ReplyStopped]


def test_an_answer_half_of_which_failed_is_not_given_again() -> None:
    stage = line(Scripted({TurnEnded: speak("First.", "Second.")}))
    answer(stage)
    stage.tell(ReplyFailed(reply=1, heard="", reason="no voice"), 2.95)
    go_on(stage)
    assert order.HoldReply(reply=2) not in stage.all(order.HoldReply)
    assert order.DiscardReply(reply=2) in stage.all(order.DiscardReply)


def test_a_held_part_that_failed_is_told_if_the_rest_was_audible_after_all() -> None:
    stage = line(Scripted({TurnEnded: speak("First.", "Second.")}))
    answer(stage)
    go_on(stage)
    failed = ReplyFailed(reply=1, heard="", reason="no voice")
    stage.tell(failed, 3.01)
    stage.tell(ReplyStarted(reply=2), 3.02)
    assert stage.all(order.ReleaseReply)[-1] == order.ReleaseReply(reply=2)
    assert told(stage)[-1] == failed
    assert stage.state is State.OVERLAP


def test_a_late_greeting_does_not_make_the_answer_final() -> None:
    """It is audible while the answer is still made: the answer can be taken back."""
    stage = line(Scripted({TurnEnded: speak("First."), CallStarted: speak("Hello.")}))
    stage.caller_says("What does it cost?", 1, 2)
    stage.pass_until(2.9)
    stage.tell(ReplyStarted(reply=1), 2.95)
    stage.tell(ReplyFinished(reply=1, heard="Hello."), 3)
    go_on(stage, 3.2)
    assert stage.all(order.HoldReply) == [order.HoldReply(reply=2)]


def test_a_greeting_told_piece_by_piece_is_no_part_of_the_first_answer() -> None:
    stage = line(
        Scripted(
            {
                CallStarted: lambda numbers: [order.Speak(reply=50, text="Hello,", last=False)],
                TurnEnded: speak("Well."),
                ModelSaid: lambda numbers: [order.Speak(reply=50, text="caller.")],
            }
        )
    )
    answer(stage)
    stage.tell(ModelSaid(request=7, text="caller."), 2.95)
    stage.tell(ReplyStarted(reply=50), 2.96)
    stage.tell(ReplyFinished(reply=50, heard="Hello, caller."), 3)
    go_on(stage, 3.2)
    assert stage.all(order.HoldReply) == [order.HoldReply(reply=1)]


# --- both machines are told ---------------------------------------------------------------------


def test_what_the_turn_machine_finds_out_is_told_to_the_dialog() -> None:
    stage = line(Scripted({}), TurnSettings(silence_s=5, max_call_s=60, lost_reply_s=6))
    answer(stage)
    stage.pass_until(70)
    kinds = [type(event) for event in told(stage)]
    assert kinds[:3] == [TurnEnded, ReplyLate, ReplyLost]
    assert {SilenceNoticed, LimitReached} <= set(kinds)


def test_listening_noises_and_late_readings_are_told(stage: Stage) -> None:
    answer(stage, "What does it cast?")
    stage.tell(ReplyStarted(reply=1), 3)
    stage.tell(said("What does it cost?", 1, 2), 3.1)
    stage.caller_says("mhm", 3.5, 3.8, segment=1)
    stage.pass_until(5)
    stage.tell(ReplyFinished(reply=1, heard="Well."), 5)
    assert told(stage)[1:] == (
        TranscriptAmended(turn=1, text="What does it cost?"),
        BackchannelHeard(text="mhm"),
        ReplyFinished(reply=1, heard="Well."),
    )


@pytest.mark.parametrize(
    "event", [LimitReached(limit="turns"), SilenceNoticed(count=1, last=False)], ids=str
)
def test_an_event_for_the_dialog_may_also_be_told_from_outside(
    stage: Stage, event: DialogEvent
) -> None:
    stage.tell(event)
    assert told(stage) == (event,)


def test_what_the_dialog_expects_is_told_to_the_turn_machine() -> None:
    settings = ReceptionistSettings(
        topics=(Topic(name="card", asks=("card",), says="Your number?", expects="digits", count=4),)
    )
    stage = line(Receptionist(settings))
    stage.tell(ReplyFinished(reply=1, heard=""), 0.1)
    answer(stage, "I lost my card.")
    stage.tell(ReplyStarted(reply=2), 3)
    stage.tell(ReplyFinished(reply=2, heard="Your number?"), 4)
    stage.caller_says("one two", 5, 6, segment=1)
    stage.pass_until(7.5)
    assert len(stage.all(order.Answer)) == 1
    stage.pass_until(8)
    assert len(stage.all(order.Answer)) == 2


def test_the_dialog_has_a_timer_of_its_own() -> None:
    stage = line(Scripted({}, due=3.0))
    assert conversation(stage).deadline() == 3.0
    stage.pass_until(4)
    assert stage.all(order.Speak) == [order.Speak(reply=1, text="Time.")]
    stage.tell(ReplyReady(reply=1), 4)
    stage.tell(ReplyStarted(reply=1), 4)
    assert stage.state is State.SPEAKING


# --- the end -------------------------------------------------------------------------------------


def leaving() -> Stage:
    """The agent is saying goodbye, and will hang up after."""
    stage = line(Receptionist(ReceptionistSettings()))
    stage.tell(ReplyStarted(reply=1), 0.2)
    stage.tell(ReplyFinished(reply=1, heard="Hello, how can I help you?"), 0.8)
    answer(stage, "That's all, goodbye.")
    stage.tell(ReplyStarted(reply=2), 3)
    return stage


def test_after_the_goodbye_it_hangs_up() -> None:
    stage = leaving()
    stage.tell(ReplyFinished(reply=2, heard="Goodbye."), 4)
    assert stage.all(order.HangUp)


def test_it_does_not_hang_up_on_somebody_who_is_speaking() -> None:
    stage = leaving()
    stage.tell(SpeechStarted(at_s=3.8), 3.9)
    stage.tell(ReplyFinished(reply=2, heard="Goodbye."), 4)
    assert not stage.all(order.HangUp)
    stage.tell(SpeechStopped(at_s=5), 5.1)
    stage.tell(said("Oh, one more thing.", 3.8, 5, segment=1), 5.2)
    stage.tell(TurnScored(until_s=5.12, score=0.9), 5.3)
    stage.pass_until(8)
    assert len(stage.all(order.Answer)) == 2
    assert not stage.all(order.HangUp)


def test_it_hangs_up_when_what_was_heard_was_nothing() -> None:
    stage = leaving()
    stage.tell(SpeechStarted(at_s=3.8), 3.9)
    stage.tell(ReplyFinished(reply=2, heard="Goodbye."), 4)
    stage.tell(SpeechStopped(at_s=4.2), 4.3)
    stage.tell(said("", 3.8, 4.2, segment=1), 4.4)
    stage.pass_until(5)
    assert len(stage.all(order.HangUp)) == 1


def test_it_hangs_up_on_a_line_that_is_never_quiet() -> None:
    stage = leaving()
    stage.tell(SpeechStarted(at_s=3.8), 3.9)
    stage.tell(ReplyFinished(reply=2, heard="Goodbye."), 4)
    stage.pass_until(4 + HEAR_OUT_S + 1)
    assert stage.when(order.HangUp) == [pytest.approx(4 + HEAR_OUT_S, abs=0.01)]


def test_after_the_end_nothing_is_ordered_whatever_is_told(stage: Stage) -> None:
    answer(stage)
    stage.tell(CallEnded(by="caller"), 3)
    assert type(told(stage)[-1]) is CallEnded
    before = len(stage.orders)
    stage.tell(ReplyStarted(reply=1), 3)
    stage.tell(ModelSaid(request=1, text="late"), 3)
    stage.tell(CallEnded(by="agent"), 3)
    assert conversation(stage).tick(99) == []
    assert conversation(stage).deadline() is None
    assert len(stage.orders) == before
