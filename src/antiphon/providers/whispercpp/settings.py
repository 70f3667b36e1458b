"""Settings of the recogniser behind a whisper.cpp server, and what it can do."""

from typing import Final

from pydantic import BaseModel, ConfigDict, PositiveFloat

from antiphon.net.account import Account
from antiphon.net.offering import Hears

__all__ = ["SERVER", "WhisperCppSettings"]


class WhisperCppSettings(BaseModel):
    """How a whisper.cpp server of one's own is used: it reads whole recordings, so the utterance
    is sent again and again while it grows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Where it is."""
    language: str | None = None
    """Instead of the agent's: ``auto`` lets the model guess, and pay for it, as ``hearing.detect``
    does; where it guesses a language nobody named, it reads once more in the agent's."""
    first_partial_s: PositiveFloat = 0.3
    """After speech began, the first reading."""
    partial_every_s: PositiveFloat = 0.8
    """At least so far apart are the readings while speech goes on: one costs the same however
    short it is, for the model always reads 30 seconds."""
    answer_within_s: PositiveFloat = 5.0
    """A reading that takes longer is of no use to a call."""


SERVER: Final = Hears(
    streaming=True,
    word_times=True,
    finalise=True,
    end_of_turn="none",
    keep_alive="none",
    keyterms=True,
    encodings=("linear16",),
    rates_hz=(16_000,),
    formatting="always",  # unconfirmed
    detects_language=True,
)
