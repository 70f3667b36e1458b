"""``/realtime``: what a client and the server of a transcription session say to each other.

Pure, and both ends. The shapes are those of the vendor's published client (version 3.52) and its
guide; nobody here has seen the live service. Sessions that talk back share the path and most of
these messages; what they add belongs beside this file.

Audio goes to the server in base64, as JSON. How a connection is refused that has been opened is
known from third parties only (`CLOSE_CODES`).
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import UNSET, Struct, UnsetType

from antiphon.net import frames
from antiphon.net.frames import Unknown, encode

__all__ = [
    "CLOSE_CODES",
    "LEAST_COMMIT_S",
    "PCM_RATE_HZ",
    "AudioAppend",
    "AudioClear",
    "AudioCleared",
    "AudioCommit",
    "AudioCommitted",
    "AudioFormat",
    "AudioInput",
    "ClientMessage",
    "Content",
    "Error",
    "Item",
    "ItemAdded",
    "ItemDone",
    "NoiseReduction",
    "Problem",
    "RateLimit",
    "RateLimitsUpdated",
    "ServerMessage",
    "Session",
    "SessionAudio",
    "SessionCreated",
    "SessionUpdate",
    "SessionUpdated",
    "SpeechStarted",
    "SpeechStopped",
    "Transcription",
    "TranscriptionCompleted",
    "TranscriptionDelta",
    "TranscriptionFailed",
    "TurnDetection",
    "decode_client",
    "decode_server",
    "encode",
]

PCM_RATE_HZ: Final = 24_000
"""Of ``audio/pcm``; ``audio/pcmu`` and ``audio/pcma`` are the telephone's 8000."""
LEAST_COMMIT_S: Final = 0.1
"""A shorter buffer cannot be committed (``input_audio_buffer_commit_empty``)."""
CLOSE_CODES: Final[dict[str, int]] = {
    "invalid_request_error.invalid_api_key": 3000,
    "invalid_request_error.beta_api_shape_disabled": 4000,
    "session_expired": 1001,
}
"""Why the server closes a connection it has opened (third parties, *unconfirmed*). The first two
are the close frame's reason; the last one's is what its error event says."""


# --- the session -----------------------------------------------------------------------------


class AudioFormat(Struct, frozen=True, omit_defaults=True):
    """``audio/pcm`` with its rate, ``audio/pcmu`` or ``audio/pcma`` without."""

    type: str
    rate: int | None = None


class Transcription(Struct, frozen=True, omit_defaults=True):
    """Which model reads, and what helps it. ``languages`` and ``keywords`` are for some models,
    ``prompt`` for others, ``delay`` for ``gpt-realtime-whisper`` (vendor's client)."""

    model: str | None = None
    language: str | None = None
    languages: tuple[str, ...] | None = None
    keywords: tuple[str, ...] | None = None
    prompt: str | None = None
    delay: str | None = None


class NoiseReduction(Struct, frozen=True, omit_defaults=True):
    """``near_field`` or ``far_field``."""

    type: str | None = None
    strength: float | None = None


class TurnDetection(Struct, frozen=True, omit_defaults=True):
    """The server ends the turns: ``server_vad`` or ``semantic_vad``. Models that stream refuse
    both."""

    type: str
    threshold: float | None = None
    prefix_padding_ms: int | None = None
    silence_duration_ms: int | None = None
    eagerness: str | None = None
    create_response: bool | None = None
    interrupt_response: bool | None = None


class AudioInput(Struct, frozen=True, omit_defaults=True):
    """What is left out of an update stays; null turns it off."""

    format: AudioFormat | UnsetType = UNSET
    transcription: Transcription | UnsetType | None = UNSET
    noise_reduction: NoiseReduction | UnsetType | None = UNSET
    turn_detection: TurnDetection | UnsetType | None = UNSET


class SessionAudio(Struct, frozen=True, omit_defaults=True):
    """Transcription has only input."""

    input: AudioInput | UnsetType = UNSET


class Session(Struct, frozen=True, omit_defaults=True):
    """``type`` is ``transcription`` here and cannot change."""

    type: str
    audio: SessionAudio | UnsetType = UNSET
    include: tuple[str, ...] | None = None


# --- from the client -------------------------------------------------------------------------


class SessionUpdate(
    Struct, frozen=True, tag="session.update", tag_field="type", omit_defaults=True
):
    """Change the session. Answered by `SessionUpdated` or `Error`."""

    session: Session
    event_id: str | None = None


class AudioAppend(
    Struct, frozen=True, tag="input_audio_buffer.append", tag_field="type", omit_defaults=True
):
    """More audio, at most 15 MiB. Not answered."""

    audio: bytes
    event_id: str | None = None


class AudioCommit(
    Struct, frozen=True, tag="input_audio_buffer.commit", tag_field="type", omit_defaults=True
):
    """What was appended is one item: read it. Answered by `AudioCommitted`, then by
    `TranscriptionCompleted` in its own time."""

    event_id: str | None = None


class AudioClear(
    Struct, frozen=True, tag="input_audio_buffer.clear", tag_field="type", omit_defaults=True
):
    """Forget what was appended."""

    event_id: str | None = None


# --- from the server -------------------------------------------------------------------------


class SessionCreated(
    Struct, frozen=True, tag="session.created", tag_field="type", omit_defaults=True
):
    """The first message: the session as it is by default. Nobody here relies on what is in it."""

    session: Mapping[str, Any]
    event_id: str = ""


class SessionUpdated(
    Struct, frozen=True, tag="session.updated", tag_field="type", omit_defaults=True
):
    """The session as it is now."""

    session: Mapping[str, Any]
    event_id: str = ""


class AudioCommitted(
    Struct, frozen=True, tag="input_audio_buffer.committed", tag_field="type", omit_defaults=True
):
    """The buffer became an item, by the client's wish or the server's."""

    item_id: str
    previous_item_id: str | None = None
    event_id: str = ""


class AudioCleared(
    Struct, frozen=True, tag="input_audio_buffer.cleared", tag_field="type", omit_defaults=True
):
    """The buffer is empty."""

    event_id: str = ""


class SpeechStarted(
    Struct,
    frozen=True,
    tag="input_audio_buffer.speech_started",
    tag_field="type",
    omit_defaults=True,
):
    """With turn detection: a voice began."""

    item_id: str
    audio_start_ms: int
    event_id: str = ""


class SpeechStopped(
    Struct,
    frozen=True,
    tag="input_audio_buffer.speech_stopped",
    tag_field="type",
    omit_defaults=True,
):
    """With turn detection: it ended, and the buffer is committed."""

    item_id: str
    audio_end_ms: int
    event_id: str = ""


class Content(Struct, frozen=True, omit_defaults=True):
    """A part of an item."""

    type: str
    transcript: str | None = None


class Item(Struct, frozen=True, omit_defaults=True):
    """What somebody said."""

    id: str
    type: str
    role: str | None = None
    status: str | None = None
    content: tuple[Content, ...] | None = None


class ItemAdded(
    Struct, frozen=True, tag="conversation.item.added", tag_field="type", omit_defaults=True
):
    """An item stands in the conversation."""

    item: Item
    previous_item_id: str | None = None
    event_id: str = ""


class ItemDone(
    Struct, frozen=True, tag="conversation.item.done", tag_field="type", omit_defaults=True
):
    """An item will not change."""

    item: Item
    previous_item_id: str | None = None
    event_id: str = ""


_TRANSCRIPTION: Final = "conversation.item.input_audio_transcription"


class TranscriptionDelta(
    Struct, frozen=True, tag=f"{_TRANSCRIPTION}.delta", tag_field="type", omit_defaults=True
):
    """More of an item's text; what was told stays. Streaming models tell it while the item is
    still the buffer, the others once it is committed (third parties)."""

    item_id: str
    delta: str = ""
    content_index: int | None = None
    event_id: str = ""


class Language(Struct, frozen=True):
    """One that was heard."""

    code: str


class TranscriptionCompleted(
    Struct, frozen=True, tag=f"{_TRANSCRIPTION}.completed", tag_field="type", omit_defaults=True
):
    """All of an item's text. Items may be completed in another order than they were committed."""

    item_id: str
    transcript: str
    content_index: int | None = None
    usage: Mapping[str, Any] | None = None
    event_id: str = ""
    languages: tuple[Language, ...] | None = None
    """Told by ``gpt-transcribe`` (vendor's client)."""


class Problem(Struct, frozen=True, omit_defaults=True):
    """What went wrong."""

    message: str | None = None
    type: str | None = None
    code: str | None = None
    param: str | None = None
    event_id: str | None = None
    """Of the client's message that caused it."""


class TranscriptionFailed(
    Struct, frozen=True, tag=f"{_TRANSCRIPTION}.failed", tag_field="type", omit_defaults=True
):
    """There will be no text of an item."""

    item_id: str
    error: Problem
    content_index: int | None = None
    event_id: str = ""


class RateLimit(Struct, frozen=True, omit_defaults=True):
    """``requests`` or ``tokens``."""

    name: str | None = None
    limit: int | None = None
    remaining: int | None = None
    reset_seconds: float | None = None


class RateLimitsUpdated(
    Struct, frozen=True, tag="rate_limits.updated", tag_field="type", omit_defaults=True
):
    """How much of the account's allowance is left. The vendor tells it when a response begins, so
    in a transcription session perhaps never."""

    rate_limits: tuple[RateLimit, ...]
    event_id: str = ""


class Error(Struct, frozen=True, tag="error", tag_field="type", omit_defaults=True):
    """Something was not done. The session mostly goes on."""

    error: Problem
    event_id: str = ""


ClientMessage: TypeAlias = SessionUpdate | AudioAppend | AudioCommit | AudioClear
_Server: TypeAlias = (
    SessionCreated
    | SessionUpdated
    | AudioCommitted
    | AudioCleared
    | SpeechStarted
    | SpeechStopped
    | ItemAdded
    | ItemDone
    | TranscriptionDelta
    | TranscriptionCompleted
    | TranscriptionFailed
    | RateLimitsUpdated
    | Error
)
ServerMessage: TypeAlias = _Server | Unknown

_client: Final = msgspec.json.Decoder(ClientMessage)
_server: Final = msgspec.json.Decoder(_Server)


def _kinds(union: Any) -> frozenset[str]:
    return frozenset(kind.__struct_config__.tag for kind in union.__args__)


_CLIENT_KINDS: Final = _kinds(ClientMessage)
_SERVER_KINDS: Final = _kinds(_Server)


def decode_client(text: str) -> ClientMessage | Unknown:
    """What a client said. Raises `RemoteProtocolError`."""
    return frames.decode(_client, _CLIENT_KINDS, text)


def decode_server(text: str) -> ServerMessage:
    """What the server said. Raises `RemoteProtocolError`."""
    return frames.decode(_server, _SERVER_KINDS, text)
