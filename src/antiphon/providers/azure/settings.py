"""Settings of the Azure engines, and what they can do."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from antiphon.net.account import Account
from antiphon.net.offering import Speaks

__all__ = ["REGION", "SPEECH", "SpeechSettings"]

REGION: Final = "eastus"


class SpeechSettings(BaseModel):
    """How an Azure voice speaks: a request for each clause, in SSML. It has no word times."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Whose account, and where."""
    region: str = Field(default=REGION, pattern=r"^[a-z0-9-]+$")
    """Where the account's resource is; the address is made of it, unless one is given."""
    voice: str = Field(default="en-US-AvaNeural", pattern=r"^[A-Za-z0-9:-]+$")
    """The vendor's name of the voice; an agent's ``mouth.voice`` goes before it."""
    rate_hz: Literal[8000, 16000, 22050, 24000, 44100, 48000] = 24_000
    """Of the audio asked for."""
    encoding: Literal["pcm", "mulaw"] = "pcm"
    """``mulaw``: as a telephone has it, half the bytes; only at 8000 Hz."""
    audio_within_s: PositiveFloat = 5.0
    """No audio for so long while some is owed: the request is given up."""


SPEECH: Final = Speaks(
    streaming=True,
    word_times=False,
    cancel=True,
    speed=(0.5, 2.0),
    encodings=("linear16", "mulaw"),
    rates_hz=(8000, 16000, 22050, 24000, 44100, 48000),
    styles=("*",),
    pitch=True,
    emphasis=True,
)
