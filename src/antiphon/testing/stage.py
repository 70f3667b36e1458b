"""A stage for the turn machine: plays facts at their times and lets every timer fire between.

It does what the shell does and nothing more: tells `AudioAdvanced` before each edge of speech
and each tick, ticks at each deadline, and keeps what was ordered when.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from antiphon.actions import Action
from antiphon.events import (
    AudioAdvanced,
    CallStarted,
    ReplyFinished,
    ReplyOffered,
    ReplyStarted,
    SpeechStarted,
    SpeechStopped,
    TranscriptChanged,
    TurnScored,
    Word,
)
from antiphon.turns.machine import Machine, TurnEvent
from antiphon.turns.settings import TurnSettings
from antiphon.turns.table import State

# What a real detector needs to notice that speech began or ended.
NOTICE_S = 0.1


@dataclass
class Stage:
    """One machine, its time, and everything it ordered."""

    settings: TurnSettings = field(default_factory=TurnSettings)
    audio: Callable[[float], AudioAdvanced] = field(default=lambda now: AudioAdvanced(until_s=now))
    now: float = 0.0
    orders: list[tuple[float, Action]] = field(default_factory=list)
    told: list[tuple[float, TurnEvent | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machine = Machine(self.settings)
        self.tell(CallStarted(channel="stage"))

    @property
    def state(self) -> State:
        return self.machine.state

    def tell(self, event: TurnEvent, at: float | None = None) -> list[Action]:
        """Let time pass until ``at``, then tell the machine."""
        if at is not None:
            self.pass_until(at)
        if isinstance(event, SpeechStarted | SpeechStopped):
            self._receive(self.audio(self.now))
        return self._receive(event)

    def pass_until(self, when: float) -> None:
        """Tick at every deadline up to ``when``."""
        while (due := self.machine.deadline()) is not None and due <= when:
            self.now = max(self.now, due)
            self._receive(self.audio(self.now))
            if (again := self.machine.deadline()) is None or again > self.now:
                continue
            self.told.append((self.now, None))
            self._keep(self.machine.tick(self.now))
            after = self.machine.deadline()
            assert after is None or after > self.now, "a tick must move the deadline"
        self.now = max(self.now, when)

    def _receive(self, event: TurnEvent) -> list[Action]:
        self.told.append((self.now, event))
        return self._keep(self.machine.receive(event, self.now))

    def _keep(self, orders: list[Action]) -> list[Action]:
        self.orders += [(self.now, action) for action in orders]
        return orders

    # --- what people do ------------------------------------------------------------------------

    def caller_says(
        self,
        text: str,
        start_s: float,
        end_s: float,
        *,
        segment: int = 0,
        score: float | None = 0.95,
        final_after_s: float = 0.25,
    ) -> None:
        """Speech from ``start_s`` to ``end_s``, its score and its final transcript."""
        self.voice(start_s, end_s)
        answers: list[tuple[float, TurnEvent]] = [
            (end_s + final_after_s, said(text, start_s, end_s, segment=segment))
        ]
        if score is not None:
            answers.append((end_s + 0.17, TurnScored(until_s=end_s + 0.12, score=score)))
        for at, event in sorted(answers, key=lambda answer: answer[0]):
            self.tell(event, at)

    def voice(self, start_s: float, end_s: float) -> None:
        """Both edges of voice activity, each noticed a little late."""
        self.tell(SpeechStarted(at_s=start_s), start_s + NOTICE_S)
        self.tell(SpeechStopped(at_s=end_s), end_s + NOTICE_S)

    def agent_starts(self, reply: int, at: float, kind: str = "reply") -> None:
        """A reply is offered and audible at once."""
        self.tell(ReplyOffered(reply=reply, kind=kind), at)  # type: ignore[arg-type]
        self.tell(ReplyStarted(reply=reply), at)

    def agent_ends(self, reply: int, at: float) -> None:
        self.tell(ReplyFinished(reply=reply, heard="..."), at)

    # --- what came of it -----------------------------------------------------------------------

    def all(self, *kinds: type) -> list[Action]:
        """Every order of these kinds, in order."""
        return [action for _, action in self.orders if isinstance(action, kinds)]

    def when(self, kind: type) -> list[float]:
        """When orders of this kind came."""
        return [at for at, action in self.orders if isinstance(action, kind)]


def said(
    text: str, start_s: float, end_s: float, *, segment: int = 0, final: bool = True
) -> TranscriptChanged:
    """A transcript whose words are spread evenly over its audio."""
    parts = text.split()
    step = (end_s - start_s) / max(len(parts), 1)
    words = tuple(
        Word(text=part, start_s=start_s + at * step, end_s=start_s + (at + 1) * step)
        for at, part in enumerate(parts)
    )
    return TranscriptChanged(
        segment=segment, text=text, start_s=start_s, end_s=end_s, final=final, words=words
    )
