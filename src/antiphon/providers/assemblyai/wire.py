"""``/v3/ws``: what a client and the server of AssemblyAI say to each other, beside raw audio.

Pure, and both ends. The shapes are those of the vendor's published client (version 1.8.2) and of
its documentation; nobody here has seen the live service, so what only it can show is marked
*unconfirmed*. Fields and whole messages nobody told us of are let pass.

Audio goes to the server as binary frames of 50 to 1000 ms.
"""

from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from antiphon.errors import LocalProtocolError, RemoteProtocolError

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
    "Warning",
    "Word",
    "decode_client",
    "decode_server",
    "encode",
    "listed",
]

FRAME_MS: Final = (50, 1000)
"""A frame that lasts less or more ends the session (3007)."""


class Unknown(Struct, frozen=True):
    """A message of a kind that is not in the protocol as we know it."""

    type: str


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


class Word(Struct, frozen=True, omit_defaults=True):
    """One word, in milliseconds since the first sample received."""

    text: str
    start: float
    end: float
    confidence: float = 1.0
    word_is_final: bool = True
    """Whether the server may still change its mind about it."""
    speaker: str | None = None


class Turn(Struct, frozen=True, tag="Turn", tag_field="type", omit_defaults=True):
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
    language_code: str | None = None


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


class Warning(Struct, frozen=True, tag="Warning", tag_field="type"):
    """Something is not as it should be, and goes on."""

    warning_code: int
    warning: str


class Error(Struct, frozen=True, tag="Error", tag_field="type"):
    """The session ends: the server closes with this code, and says more here than there."""

    error: str
    error_code: int | None = None


ClientMessage: TypeAlias = ForceEndpoint | KeepAlive | Terminate | UpdateConfiguration
ServerMessage: TypeAlias = (
    Begin | Turn | SpeechStarted | Heartbeat | Termination | Warning | Error | Unknown
)

_unknown: Final = msgspec.json.Decoder(Unknown)
_encoder: Final = msgspec.json.Encoder()
_client: Final = msgspec.json.Decoder(ForceEndpoint | KeepAlive | Terminate | UpdateConfiguration)
_server: Final = msgspec.json.Decoder(
    Begin | Turn | SpeechStarted | Heartbeat | Termination | Warning | Error
)
_CLIENT_KINDS: Final = frozenset({"ForceEndpoint", "KeepAlive", "Terminate", "UpdateConfiguration"})
_SERVER_KINDS: Final = frozenset(
    {"Begin", "Turn", "SpeechStarted", "Heartbeat", "Termination", "Warning", "Error"}
)


def encode(message: Struct) -> str:
    """A message as the text of one frame. Raises `LocalProtocolError`."""
    try:
        return _encoder.encode(message).decode()
    except UnicodeEncodeError:
        raise LocalProtocolError("text with a lone surrogate cannot be sent") from None


def listed(values: tuple[str, ...]) -> str | None:
    """Several values as one query parameter takes them; None for none."""
    return _encoder.encode(values).decode() if values else None


def decode_client(text: str) -> ClientMessage | Unknown:
    """What a client said. Raises `RemoteProtocolError`."""
    return _decode(_client, _CLIENT_KINDS, text)  # type: ignore[no-any-return]


def decode_server(text: str) -> ServerMessage:
    """What the server said. Raises `RemoteProtocolError`."""
    return _decode(_server, _SERVER_KINDS, text)  # type: ignore[no-any-return]


def _decode(decoder: "msgspec.json.Decoder[Any]", kinds: frozenset[str], text: str) -> Any:
    try:
        kind = _unknown.decode(text)
        return decoder.decode(text) if kind.type in kinds else kind
    except msgspec.DecodeError as error:
        raise RemoteProtocolError(str(error)) from None
    except UnicodeError:
        raise RemoteProtocolError("not valid Unicode") from None
    except RecursionError:
        raise RemoteProtocolError("nested too deeply") from None
