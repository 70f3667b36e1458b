"""When a pretended caller does the next thing of their script.

Pure, like the machines it plays against: it is told when the agent's voice begins and ends, as
the caller hears it, and asked what to do now. Times are seconds of the caller's own audio.
Must not live here: audio, or how the agent's voice is noticed.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias, assert_never

from antiphon.testing.script import (
    HangUp,
    Moment,
    Play,
    Say,
    Script,
    Silence,
    Sound,
    Sounding,
    Wait,
)

__all__ = ["Begin", "CallerMachine", "Doing", "FallSilent", "GiveUp", "PutDown"]

_REPLY_GAP_S: Final = 0.6
"""After this much silence the agent's voice is a new reply; clauses of one are closer."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Let this step be heard from now on; tell the machine `CallerMachine.ended` when it was."""

    number: int
    step: Sounding


@dataclass(frozen=True, slots=True)
class FallSilent:
    """Say nothing until then, or until the agent has spoken up."""

    until_s: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The moment this step waited for did not come; it is left out."""

    step: Sounding | Wait
    why: str


@dataclass(frozen=True, slots=True)
class PutDown:
    """The script is over: hang up."""


Doing: TypeAlias = Begin | FallSilent | GiveUp | PutDown


class CallerMachine:
    """One caller. Call `doing` until it returns None, at every step of the audio."""

    def __init__(self, script: Script) -> None:
        self._steps = (*script.steps, HangUp())
        self._number = 0
        self._since_s = 0.0  # when the current step became the current one
        self._begun = False
        self._speaking = False
        self._reply_began_s = 0.0
        self._fell_silent_s = float("-inf")
        self._spoke = False  # the agent, since the current step became the current one

    def agent(self, speaking: bool, at_s: float) -> None:
        """The agent's voice began or ended."""
        if speaking and not self._speaking:
            if _passed(_REPLY_GAP_S, self._fell_silent_s, at_s):
                self._reply_began_s = at_s
            self._spoke = True
        elif self._speaking and not speaking:
            self._fell_silent_s = at_s
        self._speaking = speaking

    def ended(self, now_s: float) -> None:
        """What `Begin` asked for has been heard to its end."""
        self._step_on(now_s)

    def doing(self, now_s: float) -> Doing | None:
        """What to do at ``now_s``; None is to go on as before."""
        step = self._steps[self._number]
        match step:
            case Say() | Play() | Sound():
                return self._sounding(step, now_s)
            case Wait():
                return self._waiting(step, now_s)
            case Silence():
                return self._silence(step, now_s)
            case HangUp():
                return PutDown()
        assert_never(step)

    def _sounding(self, step: Sounding, now_s: float) -> Doing | None:
        if self._begun:
            return None
        if step.moment is None or self._has_come(step.moment, now_s):
            self._begun = True
            return Begin(self._number, step)
        if not _passed(step.moment.timeout_s, self._since_s, now_s):
            return None
        why = f"the agent did not speak for {step.moment.after_s:g} s"
        self._step_on(now_s)
        return GiveUp(step, why)

    def _has_come(self, moment: Moment, now_s: float) -> bool:
        return self._speaking and _passed(moment.after_s, self._reply_began_s, now_s)

    def _waiting(self, step: Wait, now_s: float) -> Doing | None:
        if self._is_done(step.quiet_s, now_s):
            self._step_on(now_s)
            return self.doing(now_s)
        if not _passed(step.timeout_s, self._since_s, now_s):
            return None
        why = "the agent is still speaking" if self._speaking else "the agent said nothing"
        if self._spoke and not self._speaking:
            why = "the agent has only just fallen silent"
        self._step_on(now_s)
        return GiveUp(step, why)

    def _is_done(self, quiet_s: float, now_s: float) -> bool:
        quiet = not self._speaking and _passed(quiet_s, self._fell_silent_s, now_s)
        return self._spoke and quiet

    def _silence(self, step: Silence, now_s: float) -> Doing | None:
        if not self._begun:
            self._begun = True
            return FallSilent(self._since_s + step.seconds)
        heard = step.quiet_s is not None and self._is_done(step.quiet_s, now_s)
        if not heard and not _passed(step.seconds, self._since_s, now_s):
            return None
        self._step_on(now_s)
        return self.doing(now_s)

    def _step_on(self, now_s: float) -> None:
        self._number += 1
        self._since_s = now_s
        self._begun = False
        self._spoke = self._speaking


def _passed(seconds: float, since_s: float, now_s: float) -> bool:
    # Times are multiples of 20 ms, which floats only come near.
    return now_s - since_s >= seconds - 1e-6
