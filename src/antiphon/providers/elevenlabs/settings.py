"""Settings of the ElevenLabs engines, and what they can do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from antiphon.audio import g711
from antiphon.net.account import Account
from antiphon.net.chunks import Chunks
from antiphon.net.offering import Hears, Speaks
from antiphon.providers.elevenlabs.wire import speech as wire

__all__ = [
    "FORMATS",
    "SCRIBE",
    "SCRIBE_CHUNKS",
    "STREAMED",
    "VOICE",
    "HttpSettings",
    "MultilingualSettings",
    "ScribeSettings",
    "SoundFormat",
    "SpeechSettings",
]

SCRIBE_CHUNKS: Final = Chunks(usual_ms=50)
"""A peer's client sends 50 ms; nothing is known of a limit but on bytes."""

OutputFormat: TypeAlias = Literal[
    "pcm_8000",
    "pcm_16000",
    "pcm_22050",
    "pcm_24000",
    "pcm_32000",
    "pcm_44100",
    "pcm_48000",
    "ulaw_8000",
    "alaw_8000",
]


@dataclass(frozen=True, slots=True)
class SoundFormat:
    """How the vendor codes what it says."""

    rate_hz: int
    decode: Callable[[bytes], bytes]
    """To PCM16."""
    width: int = 2
    """Bytes of a sample."""


def _as_it_is(pcm: bytes) -> bytes:
    return pcm


FORMATS: Final[dict[str, SoundFormat]] = {
    **{
        f"pcm_{hz}": SoundFormat(hz, _as_it_is)
        for hz in (8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
    },
    "ulaw_8000": SoundFormat(8000, g711.decode_mulaw, 1),
    "alaw_8000": SoundFormat(8000, g711.decode_alaw, 1),
}


class _Voice(BaseModel):
    """What both ways to speak have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Whose account, and where."""
    model_id: str = Field(default="eleven_flash_v2_5", min_length=1)
    """The vendor's name of the model; eleven_v3 is not offered this way (third party)."""
    voice: str = Field(default="JBFqnCBsd6RMkjVDRZzb", min_length=1)
    """The vendor's id of the voice; an agent's ``mouth.voice`` goes before it."""
    output_format: OutputFormat = "pcm_24000"
    """``ulaw_8000`` where only telephones listen: a third of the bytes, and no better audio
    reaches a telephone anyhow. 44.1 kHz and more need a larger plan (unconfirmed)."""
    stability: float | None = Field(default=None, ge=0, le=1)
    """From lively to even. None: as the voice is kept in the account, here and below."""
    similarity_boost: float | None = Field(default=None, ge=0, le=1)
    """How close to the original."""
    style: float | None = Field(default=None, ge=0, le=1)
    """Exaggerate; costs time."""
    use_speaker_boost: bool | None = None
    """Closer still; costs time."""
    apply_text_normalization: Literal["auto", "on", "off"] = "auto"
    """Whether the vendor reads numbers and the like out itself. ``on`` is not for Flash."""
    enable_logging: bool = True
    """False: the vendor keeps nothing, which takes an enterprise plan."""
    audio_within_s: PositiveFloat = 5.0
    """No audio for so long while some is owed: it is given up."""

    @property
    def sound(self) -> SoundFormat:
        return FORMATS[self.output_format]

    def language_code(self, language: str) -> str | None:
        """What to say of the language: the models of version 2.5 may be told one; the others
        hear it from the text."""
        return language.partition("-")[0].lower() if self.model_id.endswith("_v2_5") else None

    def voice_settings(self, speed: float) -> wire.VoiceSettings:
        """Of one utterance."""
        slowest, fastest = VOICE.speed or (1.0, 1.0)
        speed = min(max(speed, slowest), fastest)
        return wire.VoiceSettings(
            stability=self.stability,
            similarity_boost=self.similarity_boost,
            style=self.style,
            use_speaker_boost=self.use_speaker_boost,
            speed=None if speed == 1.0 else speed,
        )

    @property
    def fingerprint(self) -> str:
        """Everything that changes the sound but text, voice and speed of an utterance."""
        return "elevenlabs " + " ".join(
            str(getattr(self, name))
            for name in (
                "model_id voice output_format stability similarity_boost style"
                " use_speaker_boost apply_text_normalization".split()
            )
        )


class SpeechSettings(_Voice):
    """How Flash and Multilingual speak over a WebSocket that several utterances share
    (``multi-stream-input``), with word times."""

    keep_alive_s: PositiveFloat = 10.0
    """Nothing said in an utterance that goes on for so long: its context is kept alive."""
    inactivity_s: int = Field(default=60, ge=1, le=wire.IDLE_MOST_S)
    """A context without text for so long is closed by the vendor."""
    settle_s: PositiveFloat = 0.25
    """A clause whose last letter was heard is over when nothing follows for so long."""
    doubt_s: PositiveFloat = 0.6
    """A clause that has begun and neither goes on nor was heard to its last letter for so long:
    the context is closed, for only then does the vendor say when all is spoken."""


class MultilingualSettings(SpeechSettings):
    """As for Flash: slower, dearer, and at home in more languages."""

    model_id: str = "eleven_multilingual_v2"
    """The vendor's name of the model."""


class HttpSettings(_Voice):
    """How the same voices speak by HTTP, a request for each clause, with what was said before as
    its context (``stream/with-timestamps``)."""


class ScribeSettings(BaseModel):
    """How Scribe listens (``/v1/speech-to-text/realtime``). It streams partials without word times
    and is asked for finals, with times, by a commit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Account
    """Whose account, and where."""
    model_id: str = Field(default="scribe_v2_realtime", min_length=1)
    """The vendor's name of the model."""
    language: str | None = None
    """Instead of the agent's; ``auto``: the vendor finds out, as with ``hearing.detect``, of which
    it is not told which languages may come."""
    enable_logging: bool = True
    """False: the vendor keeps nothing, which takes an enterprise plan."""
    finalise_within_s: PositiveFloat = 1.5
    """A final that does not come in this time is not waited for: a stalled connection is opened
    again."""
    timed_within_s: PositiveFloat = 0.25
    """The vendor tells a final twice, the second time with word times. So long after the first
    it is taken without them."""
    keep_alive_s: PositiveFloat = 10.0
    """Without audio for so long, an empty message is sent."""
    chunk_ms: int | None = Field(default=None, ge=SCRIBE_CHUNKS.least_ms, le=SCRIBE_CHUNKS.most_ms)
    """Audio in one message. None: as the agent file says for all, or as suits the line."""


_ENCODINGS: Final = ("linear16", "mulaw", "alaw")

VOICE: Final = Speaks(
    streaming=True,
    word_times=True,
    cancel=True,
    speed=(0.7, 1.2),
    encodings=_ENCODINGS,
    rates_hz=(8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
    cloning=True,
)
STREAMED: Final = VOICE
"""By HTTP."""
SCRIBE: Final = Hears(
    streaming=True,
    word_times=True,
    finalise=True,
    end_of_turn="none",
    keep_alive="message",
    keyterms=True,
    encodings=("linear16", "mulaw"),
    rates_hz=(8000, 16_000, 22_050, 24_000, 44_100, 48_000),
    # It leaves them out where no_verbatim is asked for, and only there.
    fillers="always",
    # That it writes so is third party.
    formatting="always",
    detects_language=True,
)
