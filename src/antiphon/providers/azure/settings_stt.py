"""Settings of Azure's recogniser, and what it can do."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from antiphon.net.account import Account
from antiphon.net.offering import Hears
from antiphon.net.sessions import CHUNKS
from antiphon.providers.azure.settings import REGION

__all__ = ["RECOGNITION", "RecognitionSettings"]


class RecognitionSettings(BaseModel):
    """How Azure listens. A final is asked for by ending the stream, and the next sample opens
    another: the SDK's ``commit`` is only advice to the service, which need not answer it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """The key, and another address than the region's own."""
    region: str = Field(default=REGION, pattern=r"^[a-z0-9-]+$")
    """Where the account's resource is; not used where an address is given."""
    language: str | None = None
    """Instead of the agent's: ``en-GB``."""
    endpointing_ms: int | None = Field(default=None, ge=100, le=5000)
    """So long a pause ends a phrase at the vendor's. None: the vendor's default."""
    connect_within_s: PositiveFloat = 3.0
    """For the SDK to begin; it connects while audio is already taken."""
    finalise_within_s: PositiveFloat = 2.5
    """A stream that was ended must have told everything in this time."""
    silence_after_s: PositiveFloat = 0.5
    """Without audio for so long, silence is sent: the vendor ends a stream that starves."""
    pause_after_s: PositiveFloat = 3000.0
    """A stream this old is ended in a pause and another opened. No limit is documented in the
    SDK; an hour is far from any that was heard of (unconfirmed)."""
    most_s: PositiveFloat = 3600.0
    """A stream this old is ended whether anybody speaks or not."""
    chunk_ms: int | None = Field(default=None, ge=CHUNKS.least_ms, le=CHUNKS.most_ms)
    """Audio in one message. None: as the agent file says for all, or as suits the line."""


RECOGNITION: Final = Hears(
    streaming=True,
    word_times=True,
    finalise=True,
    end_of_turn="none",
    keep_alive="silence",
    keyterms=True,
    encodings=("linear16", "mulaw", "alaw"),
    # PCM at others is not promised (unconfirmed).
    rates_hz=(16_000, 8_000),
    formatting="always",  # unconfirmed
    detects_language=True,
)
