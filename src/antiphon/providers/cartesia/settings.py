"""Settings of the Cartesia engines, and what they can do."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from antiphon.net.account import Account
from antiphon.net.offering import Hears, Speaks

__all__ = ["INK", "SONIC", "InkSettings", "SonicSettings"]


class SonicSettings(BaseModel):
    """How Sonic speaks (``/tts/websocket``). It has word times."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Whose account, and where."""
    model: str = Field(default="sonic-3", min_length=1)
    """``sonic-3``, ``sonic-3.5`` and what else the vendor lists."""
    voice: str = Field(default="a0e99841-438c-4a64-b679-ae501e7d6091", min_length=1)
    """The vendor's id of the voice; an agent's ``mouth.voice`` goes before it."""
    rate_hz: Literal[8000, 16000, 22050, 24000, 44100, 48000] = 24_000
    """Of the audio asked for."""
    encoding: Literal["pcm_s16le", "pcm_mulaw", "pcm_alaw"] = "pcm_s16le"
    """``pcm_mulaw`` and ``pcm_alaw``: as a telephone has it, half the bytes. Best at 8000 Hz."""
    volume: float | None = Field(default=None, ge=0.5, le=2.0)
    """None: the vendor's default."""
    emotion: str | None = None
    """One of the vendor's words for it. None: as the text asks for."""
    pronunciation_dict_id: str | None = None
    """A dictionary kept at the vendor's."""
    audio_within_s: PositiveFloat = 5.0
    """No audio for so long while some is owed: the connection is given up."""


class InkSettings(BaseModel):
    """How Ink listens (``/stt/websocket``). It is asked for finals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Whose account, and where."""
    model: str = Field(default="ink-2", min_length=1)
    """``ink-2``, ``ink-whisper``."""
    language: str | None = None
    """Instead of the agent's."""
    finalise_within_s: PositiveFloat = 1.5
    """A final that does not come in this time is not waited for: a stalled connection is opened
    again."""


INK: Final = Hears(
    streaming=True,
    # Whether Ink-2 tells them is unconfirmed; those that come are used.
    word_times=False,
    finalise=True,
    end_of_turn="none",
    keep_alive="none",
    keyterms=True,
    encodings=("linear16", "linear32", "float16", "float32", "mulaw", "alaw"),
)
SONIC: Final = Speaks(
    streaming=True,
    word_times=True,
    cancel=True,
    speed=(0.6, 1.5),
    encodings=("linear16", "float32", "mulaw", "alaw"),
    rates_hz=(8000, 16000, 22050, 24000, 44100, 48000),
    cloning=True,
)
