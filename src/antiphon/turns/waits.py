"""How long everybody has been waiting: we for the caller, the caller for an answer.

Silence budgets, fillers, answers that never come and the limits of the call. Each method says
what is due at ``now`` and when to ask again; None where nothing is coming. Who has the floor is
not known here: `machine` asks only what applies.
"""

import math
from dataclasses import dataclass

from antiphon import actions as order
from antiphon.turns.settings import TurnSettings

__all__ = ["Waits"]


@dataclass(slots=True)
class Waits:
    """The clocks of one call, all in ``now``."""

    settings: TurnSettings
    quiet_since: float = math.inf
    """When anybody was last heard; infinite where silence is not counted."""
    thinking_since: float = 0.0
    started_at: float = math.inf
    prompts: int = 0
    answers: int = 0
    limit_told: bool = False

    def begin(self, now: float) -> None:
        """The call starts, and with it the caller's first silence."""
        self.started_at = self.quiet_since = now

    def caller_acted(self, now: float) -> None:
        """The caller is there: whatever was counted against them starts over."""
        self.prompts, self.quiet_since = 0, now

    def answered(self, now: float, *, first: bool) -> None:
        """A turn is answered, ``first`` unless it was before. Whoever speaks on after a limit
        was told is told again."""
        self.caller_acted(now)
        self.thinking_since = now
        self.answers += first
        self.limit_told = False

    def agent_silent(self, now: float) -> None:
        """A reply is over, to its end or not."""
        if self.started_at < math.inf:
            self.quiet_since = self.thinking_since = now

    def silence(self, now: float) -> tuple[order.NoticeSilence | None, float | None]:
        """Whether to ask the caller if they are there. Once leave is taken nothing is counted
        until somebody is heard again, be it our own goodbye cut short."""
        due = self.quiet_since + self.settings.silence_s
        if now < due:
            return None, due if due < math.inf else None
        self.prompts += 1
        last = self.prompts > self.settings.silence_prompts
        self.quiet_since = math.inf if last else now
        again = None if last else now + self.settings.silence_s
        return order.NoticeSilence(count=self.prompts, last=last), again

    def late_at(self) -> float:
        """When an answer is late enough for a filler."""
        return self.thinking_since + self.settings.late_reply_s

    def lost_at(self) -> float:
        """When an answer is given up."""
        return self.thinking_since + self.settings.lost_reply_s

    def call(self, now: float, *, idle: bool) -> tuple[order.CallTime | None, float | None]:
        """Whether the call is at one of its limits; the number of turns only counts when the
        last one is dealt with."""
        if self.limit_told:
            return None, None
        end = self.started_at + self.settings.max_call_s
        too_many = idle and self.answers >= self.settings.max_turns
        if now < end and not too_many:
            return None, end if end < math.inf else None
        self.limit_told = True
        return order.CallTime(limit="turns" if too_many else "call"), None
