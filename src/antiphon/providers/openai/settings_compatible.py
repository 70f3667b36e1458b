"""Settings of voices behind servers that take OpenAI's speech requests, and what they can do."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from antiphon.net.account import Account
from antiphon.net.offering import Speaks

__all__ = ["SPEAKS", "CompatibleSpeechSettings"]


class CompatibleSpeechSettings(BaseModel):
    """How a server of your own speaks (``/audio/speech``): a request for each clause."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Where the server is, and its key where it wants one."""
    model: str = Field(min_length=1)
    """As the server calls it; what stands after ``compatible-speech/``."""
    voice: str = Field(default="alloy", min_length=1)
    """The server's name of the voice; many know OpenAI's names besides their own. An agent's
    ``mouth.voice`` goes before it."""
    response_format: Literal["pcm", "wav"] = "pcm"
    """How the sound is asked for: bare, or with a file's head. Servers that only make files want
    ``wav``."""
    rate_hz: int = Field(default=24_000, ge=8_000, le=48_000)
    """Of the sound that comes. Bare sound at another rate than this sounds like somebody else; a
    file's head tells, and one that says otherwise is refused."""
    instructions: str | None = None
    """Sent with each clause; what a server makes of it is its own affair."""
    ahead: int = Field(default=2, ge=1, le=8)
    """Clauses of a reply that are asked for at the same time; 1 for a server that cannot answer
    two."""
    audio_within_s: PositiveFloat = 10.0
    """No audio for so long: the request is given up."""


SPEAKS: Final = Speaks(
    streaming=True,
    word_times=False,
    cancel=True,
    speed=(0.25, 4.0),
    encodings=("linear16",),
)
"""How fast a server really speaks is its own affair: some do not heed the speed."""
