"""A dialog that does anything a dialog may do, and keeps book of what it was told."""

from copy import copy
from dataclasses import dataclass, field
from typing import Self

from antiphon import actions as order
from antiphon.actions import Action
from antiphon.dialog.dialog import DialogEvent, Numbers
from antiphon.events import (
    BackchannelHeard,
    CallStarted,
    DigitPressed,
    Expectation,
    LimitReached,
    ModelFailed,
    ModelFinished,
    ModelSaid,
    ReplyKind,
    ReplyLate,
    ReplyLost,
    SilenceNoticed,
    ToolEnded,
    ToolFinished,
    TranscriptAmended,
    TurnEnded,
)

__all__ = ["PLANS", "Probe"]

PLANS = (
    "say",
    "say twice",
    "ask the model",
    "look up",
    "book",
    "notice",
    "say nothing",
    "say blank",
    "yes or no",
    "digits",
)


@dataclass(slots=True)
class Probe:
    """Answers turn after turn by its plan."""

    plan: tuple[str, ...]
    numbers: Numbers = field(default_factory=Numbers)
    expectation: Expectation = field(default_factory=Expectation)
    turns: tuple[tuple[int, str], ...] = ()
    """What the caller said, by turn."""
    backchannels: tuple[str, ...] = ()
    requests: tuple[tuple[int, int], ...] = ()
    """Open requests, and the replies their words go to."""
    limits: int = 0

    def copy(self) -> Self:
        return copy(self)

    def deadline(self) -> float | None:
        return None

    def tick(self, now: float) -> list[Action]:
        return []

    def receive(self, event: DialogEvent, now: float) -> list[Action]:
        match event:
            case CallStarted():
                return [*self._say("Hello."), *self._say("I am a probe.")]
            case TurnEnded(turn=turn, text=text):
                return self._cancel() + self._answer(turn, text)
            case TranscriptAmended(turn=turn, text=text):
                self._write(turn, text)
                return []
            case BackchannelHeard(text=text):
                self.backchannels = (*self.backchannels, text)
                return []
            case SilenceNoticed():
                return self._say("Are you there?", "prompt")
            case ReplyLate():
                return self._say("One moment.", "filler")
            case ReplyLost():
                return self._cancel() + self._say("Sorry.")
            case LimitReached():
                self.limits += 1
                return self._say("It is late.")
            case DigitPressed(digit="1"):
                return self._say("You pressed one.")
            case ModelSaid() | ModelFinished() | ModelFailed() | ToolFinished() | ToolEnded():
                return self._continue(event)
            case _:
                return []

    def _say(self, text: str, kind: ReplyKind = "reply") -> list[Action]:
        return [order.Speak(reply=self.numbers.next(), text=text, kind=kind)]

    def _write(self, turn: int, text: str) -> None:
        kept = tuple(entry for entry in self.turns if entry[0] != turn)
        self.turns = (*kept, (turn, text))

    def _answer(self, turn: int, text: str) -> list[Action]:
        self._write(turn, text)
        self.expectation = Expectation()
        match self.plan[turn % len(self.plan)]:
            case "say twice":
                return [*self._say("First."), *self._say("Second.")]
            case "ask the model":
                return [order.AskModel(request=self._request(), messages=())]
            case "look up" | "book" as what:
                tool = order.RunTool(
                    request=self._request(), name=what, arguments="{}", read_only=what == "look up"
                )
                return [*self._say("Let me see."), tool]
            case "notice":
                return [*self._say("This is the law.", "notice"), *self._say("That was it.")]
            case "say nothing":
                return []
            case "say blank":
                return self._say(" ")
            case "yes or no":
                self.expectation = Expectation(kind="yes_no")
            case "digits":
                self.expectation = Expectation(kind="digits", count=4)
            case _:
                pass
        return self._say("Well then.")

    def _request(self) -> int:
        request, reply = self.numbers.next(), self.numbers.next()
        self.requests = (*self.requests, (request, reply))
        return request

    def _continue(
        self, event: ModelSaid | ModelFinished | ModelFailed | ToolFinished | ToolEnded
    ) -> list[Action]:
        reply = dict(self.requests).get(event.request)
        if reply is None:
            return []
        if isinstance(event, ModelSaid):
            return [order.Speak(reply=reply, text=event.text, last=False)]
        self.requests = tuple(entry for entry in self.requests if entry[0] != event.request)
        return [order.Speak(reply=reply, text="Done.", last=True)]

    def _cancel(self) -> list[Action]:
        open_requests, self.requests = self.requests, ()
        return [order.CancelModel(request=request) for request, _ in open_requests]
