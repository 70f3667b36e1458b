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
    from_s: float = 0.0
    """Words after this in the audio are its own."""
    voiced_s: float = 0.0
    """How much voice it holds, pauses left out and a voice still going on too."""
    rounds: int = 0
    """How often it has been as long as a turn may be without holding a word."""
    looks: int = 0
    """How often a model was asked about this pause, or the recogniser about this overlap."""
    score: float | None = None
    hint: Literal["", "eager", "ended"] = ""
    prepared: str | None = None
    """The words an answer was prepared for."""
    answered: str | None = None
    """The words that were answered."""
    until_s: float = 0.0
    """Where the answered words end in the audio."""
    replies: set[int] = field(default_factory=set)
    """What was offered in answer to it."""
    times: int = 0
    """How often it was answered: again when more was said before an answer was audible."""
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

    def position(self, now: float) -> float:
        """How far the audio has come by now, if it goes on arriving."""
        return self.until_s + max(0.0, now - self.told_at)


@dataclass(slots=True)
class Replies:
    """What we may still say: offered and not yet ended."""

    pending: dict[int, ReplyKind] = field(default_factory=dict)
    audible: int | None = None
    ready: set[int] = field(default_factory=set)
    """What can be heard as soon as it may be."""

    def end(self, reply: int) -> bool:
        """Forget a reply; whether it was the audible one."""
        self.ready.discard(reply)
        if self.pending.pop(reply, None) is None or reply != self.audible:
            return False
        self.audible = None
        return True

    def answers(self) -> set[int]:
        """What is pending and more than a filler."""
        return {reply for reply, kind in self.pending.items() if kind != "filler"}

    def waiting_fillers(self) -> list[int]:
        """Fillers nobody has heard anything of."""
        return [r for r, kind in self.pending.items() if kind == "filler" and r != self.audible]

    def take_back(self, replies: set[int]) -> None:
        """These are no longer offered, and what was to bridge the wait for them is not either."""
        for reply in (*replies, *self.waiting_fillers()):
            self.pending.pop(reply, None)

    def clear(self) -> None:
        self.pending, self.audible = {}, None
