"""``POST /v1/text-to-speech/{voice}/stream/with-timestamps`` and its plainer sisters.

Pure, and both ends. The answer is JSON, a line for each chunk; its alignment has another shape
than the WebSocket's. The shapes are those of the vendor's published client (version 2.78).
"""

from typing import Final

import msgspec
from msgspec import Struct

from antiphon.providers.elevenlabs.wire import codec
from antiphon.providers.elevenlabs.wire.codec import encode
from antiphon.providers.elevenlabs.wire.speech import VoiceSettings

__all__ = [
    "Characters",
    "Chunk",
    "Request",
    "decode_chunk",
    "decode_request",
    "encode",
]


class Request(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is to be spoken; format and logging stand in the query."""

    text: str
    model_id: str = "eleven_multilingual_v2"
    language_code: str | None = None
    voice_settings: VoiceSettings | None = None
    previous_text: str | None = None
    """Spoken just before: the voice goes on from there."""
    next_text: str | None = None
    seed: int | None = None
    apply_text_normalization: str | None = None


class Characters(Struct, frozen=True, kw_only=True):
    """Where characters lie in the audio."""

    characters: tuple[str, ...] = ()
    character_start_times_seconds: tuple[float, ...] = ()
    character_end_times_seconds: tuple[float, ...] = ()

    @property
    def times_s(self) -> list[tuple[str, float, float]]:
        """Each character, its start and its end; none where the lists do not belong together."""
        starts, ends = self.character_start_times_seconds, self.character_end_times_seconds
        if not len(self.characters) == len(starts) == len(ends):
            return []
        return list(zip(self.characters, starts, ends, strict=True))


class Chunk(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A line of the answer."""

    audio_base64: bytes = b""
    alignment: Characters | None = None
    normalized_alignment: Characters | None = None


_request: Final = msgspec.json.Decoder(Request)
_chunk: Final = msgspec.json.Decoder(Chunk)


def decode_request(body: bytes) -> Request:
    """What a client asks for. Raises `RemoteProtocolError`."""
    return codec.decode(_request, body)


def decode_chunk(line: str) -> Chunk:
    """A line of the answer. Raises `RemoteProtocolError`."""
    return codec.decode(_chunk, line)
