"""Settings of the Cartesia engines, and what they can do."""

from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, model_validator

from antiphon.net.account import Account
from antiphon.net.chunks import Chunks
from antiphon.net.offering import Hears, Speaks

__all__ = [
    "EMOTIONS",
    "INK",
    "INK_CHUNKS",
    "INK_TURNS",
    "SONIC",
    "TURNS_CHUNKS",
    "InkSettings",
    "InkTurnsSettings",
    "SonicSettings",
]

INK_CHUNKS: Final = Chunks()
"""Nothing is known of a limit."""
TURNS_CHUNKS: Final = Chunks(usual_ms=100)
"""100 ms, the vendor advises."""


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
    chunk_ms: int | None = Field(default=None, ge=INK_CHUNKS.least_ms, le=INK_CHUNKS.most_ms)
    """Audio in one message. None: as the agent file says for all, or as suits the line."""


class InkTurnsSettings(BaseModel):
    """How Ink listens where it ends turns itself (``/stt/turns/websocket``). It cannot be asked
    for finals: one is told when it thinks that the caller may be done, or adds nothing more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Whose account, and where."""
    model: str = Field(default="ink-2", min_length=1)
    """``ink-2``."""
    start_threshold: float | None = Field(default=None, ge=0.5, le=0.9)
    """How likely it must be that the caller speaks for a turn to begin. None: the vendor's
    default, 0.8. This threshold must be the highest of the three."""
    eager_end_threshold: float | None = Field(default=None, ge=0.3, le=0.6)
    """Under this the turn may be over: the lower, the surer. None: the vendor's default, 0.4."""
    end_threshold: float | None = Field(default=None, ge=0.05, le=0.5)
    """Under this it is over. None: the vendor's default, 0.2. It must be the lowest."""
    end_timeout_ms: int | None = Field(default=None, ge=640, le=11_200)
    """A pause that ends a turn whatever the model thinks. None: the vendor's default, 5600."""
    finalise_within_s: PositiveFloat = 1.5
    """A final is told after so long at the latest. A vendor who said nothing in it of speech that
    our own detector heard gets as long again to finish, then the connection is given up."""
    settled_after_s: PositiveFloat = 0.8
    """With nothing new for so long, what was told is taken to be all. Ours; unconfirmed."""
    silence_after_s: PositiveFloat = 0.5
    """Without audio for so long, silence is sent."""
    chunk_ms: int | None = Field(default=None, ge=TURNS_CHUNKS.least_ms, le=TURNS_CHUNKS.most_ms)
    """Audio in one message. None: as the agent file says for all, or as suits the line."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        start, eager = self.start_threshold or 0.8, self.eager_end_threshold or 0.4
        if not start > eager > (self.end_threshold or 0.2):
            raise ValueError("start_threshold, eager_end_threshold, end_threshold must fall")
        return self


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
INK_TURNS: Final = Hears(
    streaming=True,
    word_times=False,
    finalise=False,
    end_of_turn="eager",
    keep_alive="silence",
    keyterms=True,
    encodings=INK.encodings,
    languages=("en",),
)
EMOTIONS: Final = (
    *"neutral happy excited enthusiastic elated euphoric triumphant amazed surprised".split(),
    *"flirtatious curious content peaceful serene calm grateful affectionate trust".split(),
    *"sympathetic anticipation mysterious angry mad outraged frustrated agitated".split(),
    *"threatened disgusted contempt envious sarcastic ironic sad dejected melancholic".split(),
    *"disappointed hurt guilty bored tired rejected nostalgic wistful apologetic hesitant".split(),
    *"insecure confused resigned anxious panicked alarmed scared proud confident distant".split(),
    *"skeptical contemplative determined".split(),
)
"""The vendor's list. What else there is ("joking/comedic") is named differently in places."""
SONIC: Final = Speaks(
    streaming=True,
    word_times=True,
    cancel=True,
    speed=(0.6, 1.5),
    encodings=("linear16", "float32", "mulaw", "alaw"),
    rates_hz=(8000, 16000, 22050, 24000, 44100, 48000),
    cloning=True,
    styles=EMOTIONS,
)
