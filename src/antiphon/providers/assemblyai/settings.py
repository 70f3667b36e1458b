"""Settings of AssemblyAI's streaming recogniser, and what it can do."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from antiphon.net.account import Account
from antiphon.net.chunks import Chunks
from antiphon.net.offering import Hears
from antiphon.providers.assemblyai import wire

__all__ = ["CHUNKS", "UNIVERSAL", "UniversalSettings"]

CHUNKS: Final = Chunks(least_ms=wire.FRAME_MS[0], usual_ms=wire.FRAME_MS[0])


class UniversalSettings(BaseModel):
    """How Universal-Streaming listens (``/v3/ws``). It streams partials with word times, has an
    end-of-turn event of its own, and is asked for finals with ForceEndpoint."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Whose account, and where."""
    speech_model: str | None = Field(default=None, min_length=1)
    """``universal-3-6-pro``, ``whisper-rt`` and what else the vendor lists. None:
    ``universal-streaming-english`` for an English call, ``universal-streaming-multilingual`` for
    any other and for several languages."""
    format_turns: bool = False
    """Case and punctuation at the end of a turn: it is told once more, later, and a final waits
    for that. The newer models write so anyhow. ``hearing.formatting: smart`` asks for it too."""
    end_of_turn_confidence_threshold: float | None = Field(default=None, ge=0.0, le=1.0)
    """How sure of an end before its own end of turn. None: the vendor's default."""
    min_turn_silence_ms: int | None = Field(default=None, ge=0)
    """The least pause that ends a turn when it is sure. None: the vendor's default."""
    max_turn_silence_ms: int | None = Field(default=None, ge=0)
    """The pause that ends a turn whatever it thinks. None: the vendor's default."""
    finalise_within_s: PositiveFloat = 1.2
    """A final that does not come in this time is not waited for: a stalled connection is opened
    again."""
    sign_of_life_s: PositiveFloat = 6.0
    """So long after a final was asked for the vendor may be silent altogether, where nothing says
    that there were words."""
    keep_alive_s: PositiveFloat = 4.0
    """Without audio for so long, KeepAlive is sent."""
    inactivity_timeout_s: int = Field(default=60, ge=5, le=3600)
    """The vendor ends a session that was left alone for so long: what is open is billed."""
    chunk_ms: int | None = Field(default=None, ge=CHUNKS.least_ms, le=CHUNKS.most_ms)
    """Audio in one message. None: as the agent file says for all, or as suits the line.
    The vendor takes none shorter than 50."""


UNIVERSAL: Final = Hears(
    streaming=True,
    word_times=True,
    finalise=True,
    end_of_turn="ended",
    keep_alive="message",
    keyterms=True,
    encodings=("linear16", "mulaw", "opus", "ogg-opus", "aac"),
    formatting="asked",
    detects_language=True,
    speakers="call",
)
