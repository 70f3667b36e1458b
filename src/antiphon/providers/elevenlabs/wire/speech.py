"""``/v1/text-to-speech/{voice}/multi-stream-input`` and ``…/stream-input``: both ends of both.

Pure. The shapes are those of the vendor's published client (version 2.78) and documentation;
nobody here has seen the live service. Messages have no type: which fields are there says what
they mean. Of names that are reported in two spellings both are read.
"""

from typing import Final

import msgspec
from msgspec import Struct, field

from antiphon.providers.elevenlabs.wire import codec
from antiphon.providers.elevenlabs.wire.codec import encode

__all__ = [
    "CONTEXTS",
    "IDLE_MOST_S",
    "IDLE_S",
    "TOO_MANY",
    "Alignment",
    "Asked",
    "GenerationConfig",
    "Told",
    "VoiceSettings",
    "decode_client",
    "decode_server",
    "encode",
]

CONTEXTS: Final = 5
"""At a time on one connection (the vendor's documentation)."""
TOO_MANY: Final = "max_active_conversations"
"""The error of one more, before a close with 1008 (third party, from a log)."""
IDLE_S: Final = 20.0
IDLE_MOST_S: Final = 180
"""A context that nothing is sent for is closed after so long; how much more may be asked for."""


# --- from the client -------------------------------------------------------------------------


class VoiceSettings(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How the voice sounds; what is left out is as the account has it."""

    stability: float | None = None
    similarity_boost: float | None = None
    style: float | None = None
    use_speaker_boost: bool | None = None
    speed: float | None = None
    """0.7 to 1.2."""


class GenerationConfig(Struct, frozen=True, omit_defaults=True):
    """When buffered text is spoken, without `Asked.flush`."""

    chunk_length_schedule: tuple[int | float, ...] | None = None


class Asked(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Anything a client says. The first of a context has ``text`` " " and its settings; later
    ones have text that ends with a space, or "" to keep the context alive. Without contexts, ""
    is the end of all text."""

    text: str | None = None
    context_id: str | None = None
    context_id_too: str | None = field(default=None, name="contextId")
    voice_settings: VoiceSettings | None = None
    generation_config: GenerationConfig | None = None
    flush: bool | None = None
    """Speak what is buffered. Nothing tells when that is done (third party, seen live)."""
    try_trigger_generation: bool | None = None
    close_context: bool | None = None
    """No more text: what was flushed is still spoken, then comes `Told.final`."""
    close_socket: bool | None = None
    key: str | None = field(default=None, name="xi-api-key")

    @property
    def context(self) -> str:
        """Whose it is; empty: the connection's only one."""
        return self.context_id or self.context_id_too or ""


# --- from the server -------------------------------------------------------------------------


class Alignment(Struct, frozen=True, kw_only=True):
    """Where characters lie in the audio of the same message, counted from its beginning."""

    chars: tuple[str, ...] = ()
    starts_ms: tuple[int | float, ...] = field(default=(), name="charStartTimesMs")
    durations_ms: tuple[int | float, ...] = field(default=(), name="charDurationsMs")

    @property
    def times_s(self) -> list[tuple[str, float, float]]:
        """Each character, its start and its end; none where the lists do not belong together."""
        if not len(self.chars) == len(self.starts_ms) == len(self.durations_ms):
            return []
        each = zip(self.chars, self.starts_ms, self.durations_ms, strict=True)
        return [(char, start / 1000, (start + length) / 1000) for char, start, length in each]


class Told(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Anything the server says: audio with where its characters lie, the end of a context, or
    what went wrong."""

    audio: bytes | None = None
    """In the format asked for; base64 on the wire."""
    alignment: Alignment | None = None
    """Of the text as it was sent; None where the server knows nothing."""
    normalized: Alignment | None = field(default=None, name="normalizedAlignment")
    """Of the text as it was spoken: numbers in words."""
    is_final: bool | None = field(default=None, name="isFinal")
    is_final_too: bool | None = field(default=None, name="is_final")
    context_id: str | None = field(default=None, name="contextId")
    context_id_too: str | None = field(default=None, name="context_id")
    message: str | None = None
    error: str | None = None
    """A word for what went wrong."""
    code: int | str | None = None

    @property
    def context(self) -> str:
        """Whose it is; empty: the connection's."""
        return self.context_id or self.context_id_too or ""

    @property
    def final(self) -> bool:
        """The context is over."""
        return bool(self.is_final or self.is_final_too)

    @property
    def wrong(self) -> bool:
        """Something failed."""
        return self.error is not None or (self.message is not None and self.audio is None)


_client: Final = msgspec.json.Decoder(Asked)
_server: Final = msgspec.json.Decoder(Told)


def decode_client(text: str) -> Asked:
    """What a client said. Raises `RemoteProtocolError`."""
    return codec.decode(_client, text)


def decode_server(text: str) -> Told:
    """What the server said. Raises `RemoteProtocolError`."""
    return codec.decode(_server, text)
