"""A dialog written in Python: asks for a phone number and reads it back. See docs/how-to/."""

from copy import copy
from dataclasses import dataclass, field
from typing import Self

from antiphon.actions import Action, HangUp, Speak
from antiphon.dialog.dialog import DialogEvent, Numbers
from antiphon.events import CallStarted, Expectation, ReplyFinished, SilenceNoticed, TurnEnded
from antiphon.turns.words import count_digits

NUMBER = Expectation(kind="digits", count=10)


@dataclass(slots=True)
class Callback:
    numbers: Numbers = field(default_factory=Numbers)
    expectation: Expectation = field(default_factory=Expectation)
    goodbye: int | None = None

    def receive(self, event: DialogEvent, now: float) -> list[Action]:
        match event:
            case CallStarted():
                self.expectation = NUMBER
                return self._say("Hello. Which number can we call you back on?")
            case TurnEnded(text=said) if count_digits(said) >= NUMBER.count:
                self.expectation = Expectation()
                return self._leave(f"Thank you. We will call {said.rstrip('.')}. Goodbye.")
            case TurnEnded() | SilenceNoticed(last=False):
                return self._say("Please tell me all ten digits of your number.")
            case SilenceNoticed(last=True):
                return self._leave("I can't hear you. Goodbye.")
            case ReplyFinished(reply=reply) if reply == self.goodbye:
                return [HangUp(reason="said goodbye")]
            case _:
                return []

    def deadline(self) -> float | None:
        return None

    def tick(self, now: float) -> list[Action]:
        return []

    def copy(self) -> Self:
        return copy(self)

    def _say(self, text: str) -> list[Action]:
        return [Speak(reply=self.numbers.next(), text=text)]

    def _leave(self, text: str) -> list[Action]:
        spoken = self._say(text)
        self.goodbye = self.numbers.last
        return spoken
