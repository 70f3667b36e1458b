"""What is drawn for one call: what the caller does, how the world delays it, what fails."""

from dataclasses import dataclass, field

from antiphon.turns.settings import TurnSettings

__all__ = ["Bout", "Call", "Dice", "Utterance"]


@dataclass
class Dice:
    """Numbers drawn for one call, used in turn, over and over."""

    numbers: tuple[int, ...]
    at: int = 0

    def roll(self) -> float:
        """In 0..1."""
        self.at += 1
        return self.numbers[self.at % len(self.numbers)] / 100

    def between(self, least: float, most: float) -> float:
        return least + (most - least) * self.roll()

    def happens(self, chance: float) -> bool:
        return self.roll() < chance


@dataclass(frozen=True)
class Bout:
    """Voice without a pause, with these words; none is a noise."""

    gap_s: float
    length_s: float
    words: tuple[str, ...] = ()
    voiced: bool = True
    """Whether our detector notices it."""


@dataclass(frozen=True)
class Utterance:
    """What the caller says in one go, pauses within."""

    after_s: float
    bouts: tuple[Bout, ...]
    key: str = ""
    """Pressed as well."""


@dataclass(frozen=True)
class Call:
    """Everything that was drawn for one call."""

    utterances: tuple[Utterance, ...]
    dice: tuple[int, ...]
    plan: tuple[str, ...]
    """What the dialog does with each turn."""
    settings: TurnSettings = field(default_factory=TurnSettings)
    word_times: bool = True
    lag_s: float = 0.0
    """How late the caller's audio arrives."""
    outage: tuple[float, float] = (0.0, 0.0)
    """From when to when none arrives."""
