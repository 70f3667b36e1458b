"""``/v1/speech-to-text/realtime``: what a client and the server of Scribe say to each other.

Pure, and both ends. The shapes are those of the vendor's published client (version 2.78); nobody
here has seen the live service.
"""

from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from antiphon.providers.elevenlabs.wire import codec
from antiphon.providers.elevenlabs.wire.codec import encode

__all__ = [
    "COMMIT_AFTER_S",
    "COMMIT_LEAST_S",
    "TROUBLES",
    "Committed",
    "InputAudio",
    "Partial",
    "ServerMessage",
    "SessionStarted",
    "TimedCommitted",
    "Trouble",
    "Unknown",
    "Word",
    "decode_client",
    "decode_server",
    "encode",
]

COMMIT_LEAST_S: Final = 0.3
"""A commit of less audio ends the session (a peer's client says so)."""
COMMIT_AFTER_S: Final = 90.0
"""Without a commit for so long the server does it (the vendor's documentation)."""
TROUBLES: Final = frozenset(
    "error auth_error quota_exceeded commit_throttled rate_limited input_error invalid_request"
    " queue_overflow resource_exhausted session_time_limit_exceeded chunk_size_exceeded"
    " insufficient_audio_activity transcriber_error unaccepted_terms".split()
)


# --- from the client -------------------------------------------------------------------------


class InputAudio(
    Struct,
    frozen=True,
    tag="input_audio_chunk",
    tag_field="message_type",
    kw_only=True,
):
    """More audio, or none; with ``commit`` the end of what is to be read as one."""

    audio_base_64: bytes = b""
    commit: bool = False
    sample_rate: int | None = None
    previous_text: str | None = None
    """What was said before; in the first message only."""


# --- from the server -------------------------------------------------------------------------


class SessionStarted(Struct, frozen=True, tag="session_started", tag_field="message_type"):
    """The first message."""

    session_id: str
    config: dict[str, Any] = {}


class Partial(Struct, frozen=True, tag="partial_transcript", tag_field="message_type"):
    """All of what was said since the last commit; it may change."""

    text: str


class Committed(Struct, frozen=True, tag="committed_transcript", tag_field="message_type"):
    """All of what was said up to a commit."""

    text: str


class Word(Struct, frozen=True, kw_only=True):
    """A word, or what is between two. That times count from the session's beginning is
    *unconfirmed*."""

    text: str = ""
    start: float | None = None
    end: float | None = None
    type: str = "word"
    """``word`` or ``spacing``."""
    logprob: float | None = None


class TimedCommitted(
    Struct, frozen=True, tag="committed_transcript_with_timestamps", tag_field="message_type"
):
    """The same again with its words, where ``include_timestamps`` or the language's detection
    was asked for."""

    text: str
    language_code: str | None = None
    words: tuple[Word, ...] | None = None


class Trouble(Struct, frozen=True):
    """What went wrong; ``message_type`` is one of `TROUBLES`."""

    message_type: str
    error: str = ""


class Unknown(Struct, frozen=True):
    """A message of a kind that is not in the protocol as we know it."""

    message_type: str


ServerMessage: TypeAlias = SessionStarted | Partial | Committed | TimedCommitted | Trouble | Unknown

_KINDS: Final = frozenset(
    "session_started partial_transcript committed_transcript"
    " committed_transcript_with_timestamps".split()
)
_client: Final = msgspec.json.Decoder(InputAudio)
_server: Final = msgspec.json.Decoder(SessionStarted | Partial | Committed | TimedCommitted)
_trouble: Final = msgspec.json.Decoder(Trouble)
_unknown: Final = msgspec.json.Decoder(Unknown)


def decode_client(text: str) -> InputAudio:
    """What a client said. Raises `RemoteProtocolError`."""
    return codec.decode(_client, text)


def decode_server(text: str) -> ServerMessage:
    """What the server said. Raises `RemoteProtocolError`."""
    kind = codec.decode(_unknown, text)
    if kind.message_type in TROUBLES:
        return codec.decode(_trouble, text)
    return codec.decode(_server, text) if kind.message_type in _KINDS else kind
