"""Somebody who looks on a call and kills its providers, each once and in the middle of a sentence.

Lives here: the moments. How a provider is killed is whoever's who made it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from antiphon.actions import Action
from antiphon.events import Event, ModelSaid, ReplyStarted, TranscriptChanged
from antiphon.ports.stt import Heard

__all__ = ["Saboteur", "Victim"]

Victim: TypeAlias = Literal["stt", "llm", "tts"]
APART_S: Final = 1.0
"""Not two in one sentence."""
WORDS: Final = 4
"""So many words into a caller's sentence, or into a model's answer."""


@dataclass(slots=True)
class Saboteur:
    """A `Watcher` of one call."""

    kill: Callable[[Victim], None]
    order: tuple[Victim, ...] = ("stt", "llm", "tts")
    killed: list[tuple[Victim, float]] = field(default_factory=list)
    """Who, and when in the call."""
    said: int = 0
    """Pieces of the model's answer under way."""

    def event(self, event: Event, now: float) -> None:
        match self._next, event:
            case "stt", TranscriptChanged() if _is_mid_sentence(event):
                self._strike("stt", now)
            case "llm", ModelSaid():
                self.said += len(event.text.split())
                if self.said >= WORDS:
                    self._strike("llm", now)
            case "tts", ReplyStarted() if now - self._last_s > APART_S:
                self._strike("tts", now)
            case _:
                pass

    def actions(self, actions: list[Action], now: float) -> None:
        """Nothing to wait for."""

    def spoken(self, reply: int, text: str, marks: tuple[tuple[int, int], ...]) -> None:
        """Nothing to wait for."""

    @property
    def _last_s(self) -> float:
        return self.killed[-1][1] if self.killed else -APART_S

    @property
    def _next(self) -> Victim | None:
        return self.order[len(self.killed)] if len(self.killed) < len(self.order) else None

    def _strike(self, victim: Victim, now: float) -> None:
        self.killed.append((victim, now))
        self.kill(victim)


def _is_mid_sentence(heard: Heard) -> bool:
    return (
        isinstance(heard, TranscriptChanged)
        and not heard.final
        and len(heard.text.split()) >= WORDS
    )
