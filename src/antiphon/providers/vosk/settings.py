"""Settings of the recogniser behind a Vosk server, and what it can do."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from antiphon.net.account import Account
from antiphon.net.chunks import Chunks
from antiphon.net.offering import Hears

__all__ = ["CHUNKS", "SERVER", "VoskSettings"]

CHUNKS: Final = Chunks(usual_ms=100)
"""Each costs an answer, which the server takes time for."""


class VoskSettings(BaseModel):
    """How a Vosk server of one's own listens. Its language is its model's, it streams partials,
    and it writes neither case nor punctuation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Where it is."""
    grammar: tuple[str, ...] = ()
    """Only these phrases are heard and nothing else, for a model that can: not the agent's
    keyterms, which are hints. ``[unk]`` among them stands for everything else."""
    finalise_within_s: PositiveFloat = 1.5
    """A final that does not come in this time is not waited for."""
    chunk_ms: int | None = Field(default=None, ge=CHUNKS.least_ms, le=CHUNKS.most_ms)
    """Audio in one message. None: as the agent file says for all, or as suits the line.
    Each costs an answer, which the server takes time for."""


SERVER: Final = Hears(
    streaming=True,
    word_times=True,
    finalise=True,
    end_of_turn="none",
    keep_alive="none",
    keyterms=False,
    encodings=("linear16",),
    rates_hz=(16_000,),
)
