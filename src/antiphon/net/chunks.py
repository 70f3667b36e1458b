"""How much caller audio goes to a vendor in one message.

Short chunks are heard sooner; each has its price, with us and at the vendor. An author may say a
number of milliseconds or the name of a preset for all recognisers of an agent (``chunk_ms``), and
a number for one of them under ``providers``. Where nothing is said, the line decides.

Lives here: the presets, what may be said, and what becomes of it with one vendor. Must not live
here: which vendor takes what; that stands in its settings. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias, get_args

from pydantic import BeforeValidator, Field

from antiphon.ports.stt import Hearing

__all__ = ["LEAST_MS", "MOST_MS", "PRESETS_MS", "ChunkMs", "Chunks"]

LEAST_MS: Final = 20
"""A frame: nothing comes in more often."""
MOST_MS: Final = 200
"""Longer ones would be heard late."""
Preset: TypeAlias = Literal["phone", "browser", "batch"]
PRESETS_MS: Final[Mapping[Preset, int]] = {"phone": 20, "browser": 40, "batch": 200}
"""A telephone's 160 bytes are sent as they come. A browser's line has two to six times as many
samples and may be further away: half as many messages. With ``batch`` nobody waits for a word."""
PHONE_HZ: Final = 8000
"""A line at this rate, or below, is a telephone's."""


def _known(value: object) -> object:
    """Raises `ValueError`, with all that may be said."""
    if isinstance(value, int) and not isinstance(value, bool) and LEAST_MS <= value <= MOST_MS:
        return value
    if value == "auto" or value in get_args(Preset):
        return value
    names = ", ".join([f"{LEAST_MS} to {MOST_MS} milliseconds", *get_args(Preset), "or auto"])
    raise ValueError(f"chunk_ms cannot be {value!r}: it may be {names}")


ChunkMs: TypeAlias = Annotated[
    Annotated[int, Field(ge=LEAST_MS, le=MOST_MS)] | Literal["auto", "phone", "browser", "batch"],
    BeforeValidator(_known),
]
"""What an agent file may say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunks:
    """What one vendor takes and likes."""

    least_ms: int = LEAST_MS
    most_ms: int = MOST_MS
    """The vendor refuses what is outside, or advises against it."""
    usual_ms: int = LEAST_MS
    """A preset makes them no shorter for this vendor; a number may."""

    def seconds(self, own_ms: int | None, hearing: Hearing) -> float:
        """How long one is. ``own_ms`` is what was said of this very vendor; what was said for
        all is brought to what it takes."""
        if own_ms is not None:
            return own_ms / 1000
        said = hearing.chunk_ms
        if said == "auto":
            said = "phone" if hearing.rate_hz <= PHONE_HZ else "browser"
        wanted_ms = said if isinstance(said, int) else max(PRESETS_MS[said], self.usual_ms)
        return min(max(wanted_ms, self.least_ms), self.most_ms) / 1000
