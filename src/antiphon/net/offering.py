"""What a provider offers and what it costs, as data that can be listed, compared and summed.

Lives here: the shapes, one vocabulary for every vendor. Must not live here: any vendor's values,
which stand in its ``settings.py``.
"""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Hears", "Price", "Speaks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hears:
    """What a recogniser can do."""

    streaming: bool
    word_times: bool
    finalise: bool
    """A final reading can be asked for; otherwise it comes when the vendor thinks fit."""
    end_of_turn: Literal["none", "ended", "eager"]
    """Its own end-of-turn events: none, only the end, or a first guess and its withdrawal too."""
    keep_alive: Literal["message", "silence", "none"]
    """What keeps a connection open while no audio flows."""
    keyterms: bool
    encodings: tuple[str, ...]
    rates_hz: tuple[int, ...] = ()
    """Empty: any."""

    @property
    def native_mulaw(self) -> bool:
        """A telephone's audio need not be transcoded."""
        return "mulaw" in self.encodings


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaks:
    """What a voice can do."""

    streaming: bool
    word_times: bool
    cancel: bool
    """What is not spoken yet can be taken back."""
    speed: tuple[float, float] | None
    """From slowest to fastest."""
    encodings: tuple[str, ...]
    rates_hz: tuple[int, ...] = ()

    @property
    def native_mulaw(self) -> bool:
        """A telephone's audio need not be transcoded."""
        return "mulaw" in self.encodings


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A list price, and how far to trust it."""

    what: str
    price_usd: float | None
    """None where it is not known; never zero for that."""
    unit: Literal["minute", "hour", "1k letters", "1M letters", "1M tokens"]
    source: str
    """Where the number is from."""
    as_of: str
    """When it was true there: a date, or as much of one as is known."""
