"""Settings of Murmur's voice, and what it can do."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from antiphon.net.account import Account
from antiphon.net.offering import Speaks


class MurmurSettings(BaseModel):
    """How Murmur speaks: a request for each clause."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Made of the environment: no agent file can set it."""
    voice: str = Field(default="hush", min_length=1)
    """An agent's ``mouth.voice`` goes before it."""
    audio_within_s: PositiveFloat = 5.0
    """No audio for so long while some is owed: the request is given up."""


WHISPER: Final = Speaks(
    streaming=True,
    word_times=False,
    cancel=True,
    speed=(0.5, 2.0),
    encodings=("linear16",),
    rates_hz=(24_000,),
)
