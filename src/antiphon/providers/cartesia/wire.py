"""``/tts/websocket``: what a client and the server of Sonic say to each other.

Pure, and both ends. The shapes are those of the vendor's published client (version 4.2) and of its
documentation; nobody here has seen the live service. All frames are JSON text, audio included.

Speech is made in contexts: what is sent under one ``context_id`` is spoken in order and in one
breath. A context is gone one second after its last audio (vendor's documentation).
"""

from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Struct, field

from antiphon.errors import RemoteProtocolError
from antiphon.net import frames
from antiphon.net.frames import Unknown, encode

__all__ = [
    "EXPIRE_S",
    "RATES",
    "VERSION",
    "Cancel",
    "Chunk",
    "ClientMessage",
    "Done",
    "Error",
    "FlushDone",
    "Generate",
    "GenerationConfig",
    "OutputFormat",
    "PhonemeTimestamps",
    "ServerMessage",
    "Timestamps",
    "Voice",
    "WordTimestamps",
    "decode_client",
    "decode_server",
    "encode",
]

VERSION: Final = "2026-08-14"
"""Of the interface; named in every request."""
EXPIRE_S: Final = 1.0
"""After its last audio a context is gone; more text under its name is not supported."""
RATES: Final = (8000, 16000, 22050, 24000, 44100, 48000)

Encoding: TypeAlias = Literal["pcm_s16le", "pcm_f32le", "pcm_mulaw", "pcm_alaw"]


# --- from the client -------------------------------------------------------------------------


class Voice(Struct, frozen=True, omit_defaults=True):
    """Who speaks."""

    id: str
    mode: str | None = None
    """``id``, as interfaces before 2026-08-14 demand it."""


class OutputFormat(Struct, frozen=True):
    """How the audio is wanted."""

    encoding: Encoding
    sample_rate: int
    container: str = "raw"


class GenerationConfig(Struct, frozen=True, omit_defaults=True):
    """How it is to sound. ``emotion`` is one of the vendor's words."""

    speed: float | None = None
    """0.6 to 1.5."""
    volume: float | None = None
    """0.5 to 2."""
    emotion: str | None = None


class Generate(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """More text for a context. All but the text and the last two must stay what it was."""

    context_id: str
    model_id: str
    transcript: str = field()
    """Joined to what came before as it is, so spaces matter. May be empty."""
    voice: str | Voice
    output_format: OutputFormat
    language: str | None = None
    add_timestamps: bool = False
    max_buffer_delay_ms: int | None = None
    """How long text may wait for more before it is spoken. None: three seconds."""
    generation_config: GenerationConfig | None = None
    pronunciation_dict_id: str | None = None
    continue_: bool = field(name="continue", default=False)
    """More will come."""
    flush: bool = False
    """Speak all there is, then tell `FlushDone`; audio after it counts as the next flush's."""


class Cancel(Struct, frozen=True):
    """No more audio of a context. What is being made already may still come."""

    context_id: str
    cancel: bool = True


# --- from the server -------------------------------------------------------------------------


class Chunk(Struct, frozen=True, tag="chunk", tag_field="type", kw_only=True):
    """Audio. ``step_time`` is what it took, in milliseconds."""

    context_id: str
    data: bytes
    done: bool = False
    status_code: int = 206
    step_time: float = 0.0
    flush_id: int | None = None
    """Which flush it belongs to, from 1."""


class WordTimestamps(Struct, frozen=True):
    """Words, and where they begin and end in seconds. From the beginning of the context's audio,
    as its clients read it; the documentation does not say, so nothing here relies on it."""

    words: tuple[str, ...]
    start: tuple[float, ...]
    end: tuple[float, ...]


class Timestamps(Struct, frozen=True, tag="timestamps", tag_field="type", kw_only=True):
    """Where some words lie."""

    context_id: str
    done: bool = False
    status_code: int = 206
    flush_id: int | None = None
    word_timestamps: WordTimestamps | None = None


class PhonemeTimestamps(Struct, frozen=True, tag="phoneme_timestamps", tag_field="type"):
    """Where some sounds lie; nobody here asks for it."""

    context_id: str


class FlushDone(Struct, frozen=True, tag="flush_done", tag_field="type", kw_only=True):
    """All audio of a flush has been sent."""

    context_id: str
    flush_id: int
    flush_done: bool = True
    done: bool = False
    status_code: int = 206


class Done(Struct, frozen=True, tag="done", tag_field="type", kw_only=True):
    """All audio of a context has been sent."""

    context_id: str
    done: bool = True
    status_code: int = 200


class Error(Struct, frozen=True, tag="error", tag_field="type", kw_only=True):
    """A context has failed; where none is named, it is not known which."""

    context_id: str | None = None
    error_code: str | None = None
    title: str | None = None
    message: str | None = None
    status_code: int | None = None
    request_id: str | None = None
    done: bool = True


ClientMessage: TypeAlias = Generate | Cancel
ServerMessage: TypeAlias = (
    Chunk | Timestamps | PhonemeTimestamps | FlushDone | Done | Error | Unknown
)


class _Kind(Struct, frozen=True):
    """What tells the client's messages apart: they have no ``type``."""

    cancel: Any = None


_kind: Final = msgspec.json.Decoder(_Kind)
_generate: Final = msgspec.json.Decoder(Generate)
_cancel: Final = msgspec.json.Decoder(Cancel)
_server: Final = msgspec.json.Decoder(
    Chunk | Timestamps | PhonemeTimestamps | FlushDone | Done | Error
)
_SERVER_KINDS: Final = frozenset(
    {"chunk", "timestamps", "phoneme_timestamps", "flush_done", "done", "error"}
)


def decode_client(text: str) -> ClientMessage:
    """What a client said. Raises `RemoteProtocolError`."""
    if frames.decode_as(_kind, text).cancel:
        return frames.decode_as(_cancel, text)
    return frames.decode_as(_generate, text)


def decode_server(text: str | bytes) -> ServerMessage:
    """What the server said. Raises `RemoteProtocolError`."""
    message = frames.decode(_server, _SERVER_KINDS, text)
    times = message.word_timestamps if isinstance(message, Timestamps) else None
    if times is not None and not len(times.words) == len(times.start) == len(times.end):
        raise RemoteProtocolError("not as many times as words")
    return message
