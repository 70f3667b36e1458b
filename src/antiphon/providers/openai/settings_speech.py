"""Settings of OpenAI's recognisers and its voice, and what they can do."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from antiphon.net.account import Account
from antiphon.net.chunks import Chunks
from antiphon.net.offering import Hears, Speaks

__all__ = [
    "REALTIME",
    "REALTIME_CHUNKS",
    "SPEECH",
    "TRANSCRIBE",
    "RealtimeSettings",
    "SpeechSettings",
    "TranscribeSettings",
]

REALTIME_CHUNKS: Final = Chunks(usual_ms=40)
"""JSON around each is dear for less; nothing is known of a limit."""


class RealtimeSettings(BaseModel):
    """How a realtime transcription session listens (``/realtime?intent=transcription``). Our own
    turn-taking says when a piece is over and commits it; the vendor's turn detection stays off,
    which the models that stream insist on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Whose account, and where."""
    model: str = "gpt-live-transcribe"
    """``gpt-live-transcribe`` and ``gpt-realtime-whisper`` tell words while they are spoken. Others
    (``gpt-transcribe``) tell nothing before a piece is committed (third party), which makes
    interruptions slower to recognise."""
    language: str | None = Field(default=None, min_length=2)
    """Instead of the agent's."""
    prompt: str | None = None
    """What the audio is about. Not for ``gpt-realtime-whisper``."""
    delay: Literal["minimal", "low", "medium", "high", "xhigh"] | None = None
    """How long the model waits for more before it tells a word: later is surer. Only for
    ``gpt-realtime-whisper``, by the vendor's client."""
    noise_reduction: Literal["near_field", "far_field"] | None = None
    """The vendor's, for a microphone at the mouth or away from it. None: none, since the call's
    own audio processing has had its turn."""
    finalise_within_s: PositiveFloat = 3.0
    """A final that does not come in this time is not waited for: a stalled connection is opened
    again."""
    chunk_ms: int | None = Field(
        default=None, ge=REALTIME_CHUNKS.least_ms, le=REALTIME_CHUNKS.most_ms
    )
    """Audio in one message. None: as the agent file says for all, or as suits the line."""


class TranscribeSettings(BaseModel):
    """How recordings are read (``/audio/transcriptions``). An utterance is sent again and again
    while it grows, so that there are partials: each reading is paid for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Whose account, and where."""
    model: str = "gpt-transcribe"
    """``gpt-transcribe``, or what else the vendor lists; ``whisper-1`` cannot stream its answer."""
    language: str | None = Field(default=None, min_length=2)
    """Instead of the agent's."""
    prompt: str | None = None
    """What the audio is about."""
    first_partial_s: PositiveFloat = 0.4
    """The first reading, after speech began."""
    partial_every_s: PositiveFloat = 0.6
    """And the next ones. A large number leaves only the reading at the end of speech."""
    answer_within_s: PositiveFloat = 5.0
    """A reading of which nothing comes for so long has failed."""


class SpeechSettings(BaseModel):
    """How the voice speaks (``/audio/speech``): a request for each clause."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Whose account, and where."""
    model: str = "gpt-4o-mini-tts"
    """The vendor has announced the end of all models here for 2027-01-06, without a successor in
    its client."""
    voice: str = Field(default="marin", min_length=1)
    """The vendor's name of the voice, or the id of a custom one (``voice_...``); an agent's
    ``mouth.voice`` goes before it."""
    instructions: str | None = None
    """How to speak, in words: ``Warm and unhurried``. Not for ``tts-1`` and ``tts-1-hd``."""
    events: bool | None = None
    """Whether the sound comes wrapped in events, which tell a whole answer from one that broke
    off. None: with every model that can; ``tts-1`` and ``tts-1-hd`` cannot."""
    audio_within_s: PositiveFloat = 6.0
    """No audio for so long: the request is given up."""


REALTIME: Final = Hears(
    streaming=True,
    word_times=False,
    finalise=True,
    end_of_turn="none",
    # Nothing is known of a limit but the session's 60 minutes.
    keep_alive="none",
    keyterms=True,
    encodings=("linear16", "mulaw", "alaw"),
    formatting="always",  # as it was trained to write (unconfirmed)
    # Only gpt-transcribe says which one it heard, by the vendor's client.
    detects_language=True,
)
TRANSCRIBE: Final = Hears(
    streaming=False,
    word_times=False,
    finalise=True,
    end_of_turn="none",
    keep_alive="none",
    keyterms=True,
    encodings=("linear16",),
    formatting="always",  # as it was trained to write (unconfirmed)
    detects_language=True,
)
SPEECH: Final = Speaks(
    streaming=True,
    word_times=False,
    cancel=True,
    speed=(0.25, 4.0),
    encodings=("linear16",),
    rates_hz=(24_000,),
    styles=("*",),
)
