"""Settings of the Google engines, and what they can do."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from antiphon.net.account import Account
from antiphon.net.offering import Hears, Speaks
from antiphon.net.sessions import CHUNKS

__all__ = ["SPEECH", "VOICE", "SpeechSettings", "VoiceSettings"]


class SpeechSettings(BaseModel):
    """How Speech-to-Text v2 listens. It has no message that asks for a final: one is asked for by
    ending the stream, and the next sample opens another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Its key is the path of a credentials file."""
    project: str = ""
    """Who pays. Empty: the project of the credentials."""
    location: str = Field(default="global", pattern=r"^[a-z0-9-]+$")
    """``global``, ``us``, ``eu`` or a region; not every model is everywhere."""
    model: str = "latest_long"
    """``telephony``, ``chirp_3`` and what else the vendor lists."""
    language: str | None = None
    """Instead of the agent's: ``en-GB``, or ``auto`` with models that know."""
    boost: float = Field(default=10.0, ge=0, le=20)
    """How much keyterms are preferred."""
    knock_s: PositiveFloat = 0.5
    """At start, so long is waited for a refusal: no answer is a good one."""
    connect_within_s: PositiveFloat = 3.0
    """For opening a stream."""
    finalise_within_s: PositiveFloat = 2.5
    """A stream that was ended must have told everything in this time."""
    silence_after_s: PositiveFloat = 0.5
    """Without audio for so long, silence is sent: the vendor ends a stream that starves."""
    pause_after_s: PositiveFloat = 240.0
    """A stream this old is ended in a pause and another opened; after five minutes the
    vendor aborts it, as its users have reported."""
    most_s: PositiveFloat = 290.0
    """A stream this old is ended whether anybody speaks or not."""
    chunk_ms: int | None = Field(default=None, ge=CHUNKS.least_ms, le=CHUNKS.most_ms)
    """Audio in one message. None: as the agent file says for all, or as suits the line.
    The vendor recommends 100."""


class VoiceSettings(BaseModel):
    """How a Google voice speaks (StreamingSynthesize): a stream for each clause, which is how its
    end is known. It has no word times."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Its key is the path of a credentials file."""
    location: str = Field(default="global", pattern=r"^[a-z0-9-]+$")
    """``global``, ``us``, ``eu`` or a region."""
    voice: str = Field(
        default="en-US-Chirp3-HD-Charon", pattern=r"^[A-Za-z]{2,3}-[A-Za-z]+-[A-Za-z0-9-]+$"
    )
    """The vendor's name of the voice, which begins with its language; only Chirp 3 HD voices
    stream (unconfirmed). An agent's ``mouth.voice`` goes before it."""
    rate_hz: Literal[8000, 16000, 24000, 48000] = 24_000
    """Of the audio asked for."""
    knock_s: PositiveFloat = 0.5
    """At start, so long is waited for a refusal: no answer is a good one."""
    connect_within_s: PositiveFloat = 3.0
    """For opening a stream."""
    audio_within_s: PositiveFloat = 5.0
    """No audio for so long while some is owed: the stream is given up."""


SPEECH: Final = Hears(
    streaming=True,
    word_times=True,
    finalise=True,
    end_of_turn="none",
    keep_alive="silence",
    keyterms=True,
    encodings=("linear16", "mulaw", "alaw"),
    formatting="always",  # punctuation is asked for; numbers in digits are unconfirmed
    # How many, and where, depends on model and location; that any tells speakers apart while it
    # streams is unconfirmed.
    detects_language=True,
)
VOICE: Final = Speaks(
    streaming=True,
    word_times=False,
    cancel=True,
    speed=(0.25, 2.0),
    encodings=("linear16", "mulaw", "alaw"),
    rates_hz=(8000, 16000, 24000, 48000),
)
