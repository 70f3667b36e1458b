"""Settings of the XTTS server's voice, and what it can do."""

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from antiphon.net.account import Account
from antiphon.net.offering import Speaks

__all__ = ["XTTS", "XttsSettings"]


class XttsSettings(BaseModel):
    """How an XTTS server speaks: a request for each clause. It has no word times, and one speed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Where the server is; it wants no key."""
    voice: str = Field(default="Asya Anara", min_length=1)
    """One of the server's studio speakers, or a voice of the folder below; an agent's
    ``mouth.voice`` goes before it."""
    voices: Path | None = None
    """Where cloned voices are kept, a file for each: the server forgets them. None: there are
    none."""
    chunk_size: int = Field(default=20, ge=1, le=200)
    """Of the model's steps sent at once; fewer begin sooner and sound worse."""
    at_once: int = Field(default=1, ge=1, le=64)
    """Requests the server is asked at the same time. The published one does not stand two."""
    audio_within_s: PositiveFloat = 10.0
    """No audio for so long while some is owed: the request is given up."""


XTTS: Final = Speaks(
    streaming=True,
    word_times=False,
    cancel=True,
    speed=None,
    encodings=("linear16",),
    rates_hz=(24_000,),
    cloning=True,
)
