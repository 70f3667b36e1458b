"""Settings of the Deepgram engines, and what they can do."""

from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, model_validator

from antiphon.net.account import Account
from antiphon.net.chunks import Chunks
from antiphon.net.offering import Hears, Speaks

__all__ = [
    "AURA",
    "FLUX",
    "FLUX_CHUNKS",
    "FLUX_TTS",
    "NOVA",
    "NOVA_CHUNKS",
    "AuraSettings",
    "FluxSettings",
    "FluxTtsSettings",
    "NovaSettings",
]

NOVA_CHUNKS: Final = Chunks()
"""20 to 250 ms, the vendor advises."""
FLUX_CHUNKS: Final = Chunks(usual_ms=80)
"""80 ms is what the vendor strongly recommends."""


class NovaSettings(BaseModel):
    """How Nova-3 listens (``/v1/listen``). It streams partials with word times and is asked for
    finals with Finalize."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Whose account, and where."""
    model: str = "nova-3"
    """``nova-3``, ``nova-3-medical`` and what else the vendor lists."""
    language: str | None = None
    """Instead of the agent's: ``multi`` for several at once, which ``hearing.detect`` asks for
    too."""
    endpointing_ms: int | None = Field(default=None, ge=10)
    """So long a pause ends a piece at the vendor's. None: our own turn-taking asks for finals."""
    numerals: bool = True
    """Numbers in digits."""
    finalise_within_s: PositiveFloat = 1.5
    """A final that does not come in this time is not waited for: a stalled connection is opened
    again."""
    keep_alive_s: PositiveFloat = 4.0
    """Without audio for so long, KeepAlive is sent; the vendor closes after about ten seconds
    (third party)."""
    chunk_ms: int | None = Field(default=None, ge=NOVA_CHUNKS.least_ms, le=NOVA_CHUNKS.most_ms)
    """Audio in one message. None: as the agent file says for all, or as suits the line."""


class FluxSettings(BaseModel):
    """How Flux listens (``/v2/listen``). It has end-of-turn events of its own and no Finalize: a
    final is told when it has read far enough, and silence is sent where there is no audio."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Whose account, and where."""
    model: Literal["flux-general-en", "flux-general-multi"] | None = None
    """English, or several languages; those get the agent's as hints. None: several where
    ``hearing.detect`` names some, else English."""
    eager_eot_threshold: float | None = Field(default=0.5, ge=0.3, le=0.9)
    """How sure of an end for the eager event. None: no such events."""
    eot_threshold: float = Field(default=0.7, ge=0.5, le=0.9)
    """How sure for the end."""
    eot_timeout_ms: int | None = Field(default=None, ge=500)
    """A pause that ends a turn whatever the model thinks. None: the vendor's default."""
    finalise_within_s: PositiveFloat = 1.5
    """As for Nova-3."""
    silence_after_s: PositiveFloat = 0.5
    """Without audio for so long, silence is sent."""
    chunk_ms: int | None = Field(default=None, ge=FLUX_CHUNKS.least_ms, le=FLUX_CHUNKS.most_ms)
    """Audio in one message. None: as the agent file says for all, or as suits the line.
    The vendor strongly recommends 80."""


class AuraSettings(BaseModel):
    """How Aura-2 speaks (``/v1/speak``). It has no word times."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Whose account, and where."""
    voice: str = Field(default="aura-2-thalia-en", pattern=r"^aura-[A-Za-z0-9-]+$")
    """The vendor's name of the voice; an agent's ``mouth.voice`` goes before it."""
    rate_hz: Literal[8000, 16000, 24000, 32000, 48000] = 24_000
    """Of the audio asked for."""
    audio_within_s: PositiveFloat = 5.0
    """No audio for so long while some is owed: the connection is given up."""
    spare: int = Field(default=2, ge=0, le=15)
    """Connections kept open for the next reply."""


class FluxTtsSettings(BaseModel):
    """How Flux TTS speaks (``/v2/speak``). It has no word times."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Whose account, and where."""
    voice: str = Field(default="flux-alexis-en", pattern=r"^flux-[A-Za-z0-9-]+$")
    """The vendor's name of the voice; an agent's ``mouth.voice`` goes before it."""
    rate_hz: Literal[8000, 16000, 24000, 32000, 44100, 48000] = 24_000
    """Of the audio asked for."""
    encoding: Literal["linear16", "mulaw", "alaw"] = "linear16"
    """``mulaw`` and ``alaw``: as a telephone has it, half the bytes; at 8000 or 16000 Hz."""
    audio_within_s: PositiveFloat = 5.0
    """No audio for so long while some is owed: the connection is given up."""
    spare: int = Field(default=2, ge=0, le=15)
    """Connections kept open for the next reply. The vendor carries the tone of what was said on a
    connection into what is said next, whoever is spoken to; 0 begins every reply afresh."""

    @model_validator(mode="after")
    def _telephone_rates(self) -> Self:
        if self.encoding != "linear16" and self.rate_hz not in (8000, 16_000):
            raise ValueError(f"{self.encoding} is for rate_hz 8000 or 16000 only")
        return self


_LISTENING: Final = ("linear16", "linear32", "mulaw", "alaw", "opus", "ogg-opus")

NOVA: Final = Hears(
    streaming=True,
    word_times=True,
    finalise=True,
    end_of_turn="none",
    keep_alive="message",
    keyterms=True,
    encodings=(*_LISTENING, "flac", "amr-nb", "amr-wb", "speex", "g729"),
    formatting="asked",
    fillers="asked",
    detects_language=True,
    speakers="call",
)
FLUX: Final = Hears(
    streaming=True,
    word_times=True,
    finalise=False,
    end_of_turn="eager",
    keep_alive="silence",
    keyterms=True,
    encodings=_LISTENING,
    formatting="asked",
    detects_language=True,
)
AURA: Final = Speaks(
    streaming=True,
    word_times=False,
    cancel=True,
    # The vendor's range is unconfirmed; what is outside is brought to its edge.
    speed=(0.7, 1.5),
    encodings=("linear16", "mulaw", "alaw"),
    rates_hz=(8000, 16000, 24000, 32000, 48000),
)
FLUX_TTS: Final = Speaks(
    streaming=True,
    word_times=False,
    cancel=True,
    speed=(0.5, 1.5),
    encodings=("linear16", "mulaw", "alaw"),
    rates_hz=(8000, 16000, 24000, 32000, 44100, 48000),
)
