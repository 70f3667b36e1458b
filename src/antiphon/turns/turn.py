"""What the machine remembers: the turn under way, the caller's audio so far, our own replies."""

from dataclasses import dataclass, field
from typing import Literal

from antiphon.events import AudioAdvanced, ReplyKind

__all__ = ["AudioClock", "Replies", "Turn"]


@dataclass(slots=True)
class Turn:
    """What the caller is saying, from the first speech sample on."""

    number: int
    start_s: float
    anchor_s: float
    """The last speech sample so far."""
    voiced_s: float = 0.0
    """How much voice it holds, pauses left out and a voice still going on too."""
    looks: int = 0
    """How often a model was asked about this pause, or the recogniser about this overlap."""
    score: float | None = None
    hint: Literal["", "eager", "ended"] = ""
    prepared: str | None = None
    """The words an answer was prepared for."""
    answered: str | None = None
    """The words that were answered."""
    amended: bool = False
    """The answer was already started over once for a late transcript."""
    filled: bool = False
    """A filler was already asked for."""

    def go_on(self, at_s: float) -> None:
        """The caller speaks again: the pause that was weighed is none."""
        self.anchor_s = max(self.anchor_s, at_s)
        self.looks, self.score, self.hint = 0, None, ""


@dataclass(slots=True)
class AudioClock:
    """How far the caller's audio has come, and when that was."""

    until_s: float = 0.0
    told_at: float = 0.0
    missing_s: float = 0.0
    """How much of the end of it never arrived."""

    def advance(self, told: AudioAdvanced, now: float) -> None:
        self.until_s = max(self.until_s, told.until_s)
        self.told_at, self.missing_s = now, told.missing_s

    def when(self, audio_s: float) -> float:
        """When the audio will have come this far, if it goes on arriving."""
        return self.told_at + audio_s - self.until_s


@dataclass(slots=True)
class Replies:
    """What we may still say: offered and not yet ended."""

    pending: dict[int, ReplyKind] = field(default_factory=dict)
    audible: int | None = None

    def end(self, reply: int) -> bool:
        """Forget a reply; whether it was the audible one."""
        if self.pending.pop(reply, None) is None or reply != self.audible:
            return False
        self.audible = None
        return True

    def only_audible(self) -> None:
        """What nobody heard anything of is no longer offered."""
        self.pending = {r: kind for r, kind in self.pending.items() if r == self.audible}

    def clear(self) -> None:
        self.pending, self.audible = {}, None
