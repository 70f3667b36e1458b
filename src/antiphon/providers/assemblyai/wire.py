"""``/v3/ws``: what a client and the server of AssemblyAI say to each other, beside raw audio.

Pure, and both ends. The shapes are those of the vendor's published client (version 1.8.2) and of
its documentation; nobody here has seen the live service, so what only it can show is marked
*unconfirmed*. Fields and whole messages nobody told us of are let pass.

Audio goes to the server as binary frames of 50 to 1000 ms.
"""

from typing import Final, TypeAlias

import msgspec
from msgspec import UNSET, Struct, UnsetType

from antiphon.net import frames
from antiphon.net.frames import Unknown, encode

__all__ = [
    "FRAME_MS",
    "Begin",
    "ClientMessage",
    "Error",
    "ForceEndpoint",
    "Heartbeat",
    "KeepAlive",
    "ServerMessage",
    "SpeechStarted",
    "Terminate",
    "Termination",
    "Turn",
    "Unknown",
    "UpdateConfiguration",
    "Warned",
    "Word",
    "decode_client",
    "decode_server",
    "encode",
    "listed",
    "speaker",
]

FRAME_MS: Final = (50, 1000)
"""A frame that lasts less or more ends the session (3007)."""


# --- from the client -------------------------------------------------------------------------


class ForceEndpoint(Struct, frozen=True, tag="ForceEndpoint", tag_field="type"):
    """End the turn now. Answered by its last `Turn`; with no turn open by nothing
    (*unconfirmed*)."""


class KeepAlive(Struct, frozen=True, tag="KeepAlive", tag_field="type"):
    """Puts off the end that ``inactivity_timeout`` asks for."""


class Terminate(Struct, frozen=True, tag="Terminate", tag_field="type"):
    """Tell the turns that are open, then `Termination`, and close. Until then time is billed."""


class UpdateConfiguration(
    Struct, frozen=True, tag="UpdateConfiguration", tag_field="type", omit_defaults=True
):
    """Change what the opening request asked for. The rest of the fields are not used here."""

    end_of_turn_confidence_threshold: float | None = None
    min_turn_silence: int | None = None
    max_turn_silence: int | None = None
    format_turns: bool | None = None
    keyterms_prompt: tuple[str, ...] | None = None


# --- from the server -------------------------------------------------------------------------


class Begin(Struct, frozen=True, tag="Begin", tag_field="type"):
    """The first message of a session that may go on until ``expires_at`` (Unix seconds)."""

    id: str
    expires_at: float | str


class Word(Struct, frozen=True):
    """One word, in milliseconds since the first sample received."""

    text: str
    start: float
    end: float
    confidence: float = 1.0
    word_is_final: bool = True
    """Whether the server may still change its mind about it."""
    speaker: str | UnsetType | None = UNSET
    """Where ``speaker_labels`` was asked for, of final words: A, B and so on."""


class Turn(Struct, frozen=True, tag="Turn", tag_field="type"):
    """A turn so far: each message replaces the one before with the same ``turn_order``."""

    turn_order: int
    turn_is_formatted: bool
    """With case and punctuation. Where ``format_turns`` was asked for, the end of a turn is told
    twice, the second time so."""
    end_of_turn: bool
    transcript: str
    """Its final words; ``words`` has those that may still change as well."""
    end_of_turn_confidence: float
    words: tuple[Word, ...]
    utterance: str = ""
    """Where the speaker paused: what was said before the pause."""
    language_code: str | UnsetType | None = UNSET
    """Where ``language_detection`` was asked for."""
    speaker_label: str | UnsetType | None = UNSET
    """Where ``speaker_labels`` was: who said most of it."""


class SpeechStarted(Struct, frozen=True, tag="SpeechStarted", tag_field="type"):
    """A voice began, in milliseconds. Not told by every model."""

    timestamp: float


class Heartbeat(Struct, frozen=True, tag="Heartbeat", tag_field="type"):
    """Where ``session_heartbeat`` was asked for: how far the server has come. How often it comes
    is *unconfirmed*."""

    total_audio_received_ms: float
    total_duration_ms: float
    realtime_factor: float
    max_speech_probability: float = 0.0


class Termination(Struct, frozen=True, tag="Termination", tag_field="type"):
    """The last message: what is billed."""

    audio_duration_seconds: float | None = None
    session_duration_seconds: float | None = None


class Warned(Struct, frozen=True, tag="Warning", tag_field="type"):
    """Something is not as it should be, and goes on."""

    warning_code: int
    warning: str


class Error(Struct, frozen=True, tag="Error", tag_field="type"):
    """The session ends: the server closes with this code, and says more here than there."""

    error: str
    error_code: int | None = None


ClientMessage: TypeAlias = ForceEndpoint | KeepAlive | Terminate | UpdateConfiguration
ServerMessage: TypeAlias = (
    Begin | Turn | SpeechStarted | Heartbeat | Termination | Warned | Error | Unknown
)

_encoder: Final = msgspec.json.Encoder()
_client: Final = msgspec.json.Decoder(ForceEndpoint | KeepAlive | Terminate | UpdateConfiguration)
_server: Final = msgspec.json.Decoder(
    Begin | Turn | SpeechStarted | Heartbeat | Termination | Warned | Error
)
_CLIENT_KINDS: Final = frozenset({"ForceEndpoint", "KeepAlive", "Terminate", "UpdateConfiguration"})
_SERVER_KINDS: Final = frozenset(
    {"Begin", "Turn", "SpeechStarted", "Heartbeat", "Termination", "Warning", "Error"}
)


def listed(values: tuple[str, ...]) -> str | None:
    """Several values as one query parameter takes them; None for none."""
    return _encoder.encode(values).decode() if values else None


def speaker(label: str | UnsetType | None) -> int | None:
    """A speaker by number, A being 0; None where the server does not know."""
    return ord(label) - ord("A") if label and len(label) == 1 and label.isupper() else None


def decode_client(text: str) -> ClientMessage | Unknown:
    """What a client said. Raises `RemoteProtocolError`."""
    return frames.decode(_client, _CLIENT_KINDS, text)


def decode_server(text: str) -> ServerMessage:
    """What the server said. Raises `RemoteProtocolError`."""
    return frames.decode(_server, _SERVER_KINDS, text)
