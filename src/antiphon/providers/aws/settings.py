"""Settings of the Amazon engines, and what they can do."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from antiphon.net.account import Account
from antiphon.net.chunks import Chunks
from antiphon.net.offering import Hears, Speaks
from antiphon.providers.aws.account import REGION, Secrets

__all__ = ["CHUNKS", "POLLY", "TRANSCRIBE", "PollySettings", "TranscribeSettings"]

CHUNKS: Final = Chunks(least_ms=50, usual_ms=100)
"""50 to 200 ms, the vendor advises; a second is the most it takes."""


class TranscribeSettings(BaseModel):
    """How Transcribe listens. It has no message that asks for a final: one is asked for by ending
    the stream, and the next sample opens another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """The key's id, and another address than the region's own."""
    secrets: Secrets
    """The rest of the key."""
    region: str = Field(default=REGION, pattern=r"^[a-z0-9-]+$")
    """Where it runs."""
    language: str | None = None
    """Instead of the agent's: ``en-GB``."""
    vocabulary: str | None = None
    """The name of a custom vocabulary of the account; there is no other way to name keyterms."""
    stability: Literal["low", "medium", "high"] | None = "high"
    """How soon partial results stop changing. None: they may change to the end."""
    connect_within_s: PositiveFloat = 3.0
    """For opening a stream."""
    finalise_within_s: PositiveFloat = 2.5
    """A stream that was ended must have told everything in this time."""
    silence_after_s: PositiveFloat = 0.5
    """Without audio for so long, silence is sent: the vendor ends a stream that is sent nothing
    for 15 seconds, as its users have reported."""
    pause_after_s: PositiveFloat = 3 * 3600.0
    """A stream this old is ended in a pause and another opened; the vendor allows four hours
    (unconfirmed)."""
    most_s: PositiveFloat = 3.9 * 3600.0
    """A stream this old is ended whether anybody speaks or not."""
    chunk_ms: int | None = Field(default=None, ge=CHUNKS.least_ms, le=CHUNKS.most_ms)
    """Audio in one message. None: as the agent file says for all, or as suits the line.
    The vendor advises 50 to 200."""


class PollySettings(BaseModel):
    """How Polly speaks: a request for each clause. Its word times are a second request at full
    price, and are not asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """The key's id, and another address than the region's own."""
    secrets: Secrets
    """The rest of the key."""
    region: str = Field(default=REGION, pattern=r"^[a-z0-9-]+$")
    """Where it runs; not every voice is everywhere."""
    voice: str = Field(default="Joanna", pattern=r"^[A-Za-z]+$")
    """The vendor's name of the voice; an agent's ``mouth.voice`` goes before it."""
    engine: Literal["standard", "neural", "long-form", "generative"] = "neural"
    """How it is made; a voice has only some of them."""
    rate_hz: Literal[8000, 16000] = 16_000
    """Of the audio asked for; as PCM there are no others."""
    connect_within_s: PositiveFloat = 3.0
    """For TCP and TLS."""
    audio_within_s: PositiveFloat = 5.0
    """No audio for so long while some is owed: the request is given up."""


TRANSCRIBE: Final = Hears(
    streaming=True,
    word_times=True,
    finalise=True,
    end_of_turn="none",
    keep_alive="silence",
    keyterms=False,
    encodings=("linear16", "flac", "ogg-opus"),
    formatting="always",  # unconfirmed
    detects_language=True,
    speakers="stretch",
)
POLLY: Final = Speaks(
    streaming=True,
    word_times=False,
    cancel=True,
    speed=(0.2, 2.0),
    encodings=("linear16",),
    rates_hz=(8000, 16000),
    # Of the standard engine.
    pitch=True,
    emphasis=True,
)
