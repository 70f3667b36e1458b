"""A call laid out in time: the shape that reports draw. Pure.

Everything is in seconds of the recording. Where it comes from is in storyline, how it looks in
report.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from antiphon.observe.latency import Guessing, Stage

__all__ = ["Guess", "Mark", "Score", "Span", "Timeline", "Utterance", "Wait"]

Said: TypeAlias = Literal[
    "turn", "backchannel", "unanswered", "reply", "filler", "prompt", "notice"
]
Decided: TypeAlias = Literal[
    "answer", "duck", "restore", "stop", "withdraw", "amend", "silence", "filler", "end", "other",
    "warning",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """Something one side said, or a part of it nobody heard."""

    who: Literal["caller", "agent"]
    kind: Said
    start_s: float
    end_s: float
    text: str
    unheard: str = ""
    number: int = 0
    """Of the turn or the reply; 0 where it has none."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A decision, or something else that happened at a moment."""

    at_s: float
    kind: Decided
    label: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """The end-of-turn model's opinion."""

    at_s: float
    score: float


@dataclass(frozen=True, slots=True)
class Guess:
    """An answer being prepared before the turn was over."""

    start_s: float
    end_s: float
    text: str
    outcome: Literal["hit", "dropped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A turn's waterfall."""

    turn: int
    text: str
    why: str
    start_s: float
    end_s: float
    total_ms: float | None
    guessing: Guessing
    reply: int | None
    stages: tuple[Stage, ...]


@dataclass(slots=True, kw_only=True)
class Timeline:
    """The whole call."""

    seconds: float
    said: list[Utterance] = field(default_factory=list)
    speech: list[Span] = field(default_factory=list)
    ducked: list[Span] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    guesses: list[Guess] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
