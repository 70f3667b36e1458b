"""``/audio/speech``: what is asked for, and the events its answer consists of.

Pure, and both ends; from the vendor's published client (version 3.52), whose types do not describe
the events: those are as third parties read them. With ``stream_format: audio`` the answer is the
sound itself.
"""

from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from antiphon.net import frames
from antiphon.net.frames import Unknown, encode

__all__ = [
    "INPUT_LETTERS",
    "RATE_HZ",
    "AudioDelta",
    "AudioDone",
    "Event",
    "SpeechRequest",
    "Usage",
    "decode_event",
    "decode_request",
    "encode",
]

RATE_HZ: Final = 24_000
"""Of ``pcm``: raw, little-endian, one channel (third parties)."""
INPUT_LETTERS: Final = 4096


class SpeechRequest(Struct, frozen=True, omit_defaults=True):
    """Say this."""

    model: str
    input: str
    voice: str | dict[str, str]
    """A name, or ``{"id": ...}`` for a custom voice."""
    instructions: str | None = None
    """How it is to be said. Not for ``tts-1``."""
    response_format: str = "mp3"
    speed: float = 1.0
    """0.25 to 4."""
    stream_format: str = "audio"
    """``audio``, or ``sse`` for events. Those are not for ``tts-1``."""


class AudioDelta(Struct, frozen=True, tag="speech.audio.delta", tag_field="type"):
    """A piece of the sound, cut anywhere."""

    audio: bytes


class Usage(Struct, frozen=True):
    """What is paid for."""

    input_tokens: int
    output_tokens: int
    total_tokens: int


class AudioDone(Struct, frozen=True, tag="speech.audio.done", tag_field="type", omit_defaults=True):
    """That was all."""

    usage: Usage | None = None


Event: TypeAlias = AudioDelta | AudioDone

_request: Final = msgspec.json.Decoder(SpeechRequest)
_event: Final = msgspec.json.Decoder(Event)
_KINDS: Final = frozenset({"speech.audio.delta", "speech.audio.done"})


def decode_request(body: bytes) -> SpeechRequest:
    """What a client asks for. Raises `RemoteProtocolError`."""
    return frames.decode_as(_request, body)


def decode_event(text: str) -> Event | Unknown:
    """An event's data. Raises `RemoteProtocolError`."""
    return frames.decode(_event, _KINDS, text)
