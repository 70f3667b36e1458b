"""``/v2/speak``: what a client and the server of Flux TTS say to each other, beside raw audio.

Pure, and both ends. The shapes are those of the vendor's published client (version 7.17) and of its
documentation; nobody here has seen the live service. Audio comes from the server as binary frames.

Speech is made in turns: a turn's text is what is sent until a `Flush`, its audio what comes
between `SpeechStarted` and `SpeechMetadata`. There is one turn at a time; the others wait.
"""

from typing import Final, TypeAlias

import msgspec
from msgspec import Struct, field

from antiphon.providers.deepgram.wire import codec
from antiphon.providers.deepgram.wire.codec import Unknown, encode

__all__ = [
    "CLOSE_CODES",
    "FASTEST",
    "SLOWEST",
    "SPEED_STEP",
    "Applied",
    "ClientMessage",
    "Close",
    "Configure",
    "ConfigureFailure",
    "ConfigureSuccess",
    "Connected",
    "ControlsApplied",
    "Error",
    "Flush",
    "Flushed",
    "Interrupt",
    "PlaybackOffset",
    "ServerMessage",
    "SessionMetadata",
    "Speak",
    "SpeechInterrupted",
    "SpeechMetadata",
    "SpeechStarted",
    "TurnMetadata",
    "Warning",
    "decode_client",
    "decode_server",
    "encode",
]

SLOWEST: Final = 0.5
FASTEST: Final = 1.5
SPEED_STEP: Final = 0.05
"""A speed is a multiple of this."""
CLOSE_CODES: Final[dict[str, int]] = {
    "MESSAGE-0000": 1008,
    "DATA-0000": 1008,
    "DATA-0002": 1008,
    "BIG-0000": 1009,
    "NET-0000": 1011,
    "NET-0001": 1011,
    "NET-0002": 1011,
    "NET-0003": 1011,
    "NET-0004": 1011,
}
"""How the server closes after an `Error`. The error's codes are the vendor's; which close code goes
with which is *unconfirmed*: those of the older interfaces."""


# --- from the client -------------------------------------------------------------------------


class Speak(Struct, frozen=True, tag="Speak", tag_field="type"):
    """More text for the turn."""

    text: str


class Flush(Struct, frozen=True, tag="Flush", tag_field="type"):
    """The turn's text is complete."""


class PlaybackOffset(Struct, frozen=True):
    """How much the client has played since the session began, in milliseconds."""

    value: int
    type: str = "time_ms"


class Interrupt(Struct, frozen=True, tag="Interrupt", tag_field="type", omit_defaults=True):
    """Break off. With an offset the server tells which words were heard."""

    playback_offset: PlaybackOffset | None = None


class Configure(Struct, frozen=True, tag="Configure", tag_field="type", omit_defaults=True):
    """Speak faster or slower from here."""

    speed: float | None = None


class Close(Struct, frozen=True, tag="Close", tag_field="type"):
    """Tell `SessionMetadata` and close."""


# --- from the server -------------------------------------------------------------------------


class Connected(Struct, frozen=True, tag="Connected", tag_field="type"):
    """The first message: which model speaks."""

    request_id: str
    model_name: str
    model_version: str
    model_uuids: tuple[str, ...]


class SpeechStarted(Struct, frozen=True, tag="SpeechStarted", tag_field="type"):
    """A turn begins; ``dg_sp_`` and twelve hexadecimal digits."""

    speech_id: str


class Flushed(Struct, frozen=True, tag="Flushed", tag_field="type"):
    """A `Flush` was done. Comes after the turn's audio as a client reads it, but nothing here
    relies on when."""

    speech_id: str


class ControlsApplied(Struct, frozen=True):
    """Marks within the text that were acted on."""

    pronunciations_applied: int = 0
    breaks_applied: int = 0
    pronunciation_warnings: int = 0


class TurnMetadata(Struct, frozen=True, kw_only=True):
    """What one turn took."""

    speech_id: str
    audio_duration_ms: int
    input_character_count: int
    billable_character_count: int
    controls_applied: ControlsApplied = field(default_factory=ControlsApplied)


class SpeechMetadata(TurnMetadata, frozen=True, tag="SpeechMetadata", tag_field="type"):
    """All audio of a turn has been sent."""


class SpeechInterrupted(
    Struct, frozen=True, tag="SpeechInterrupted", tag_field="type", omit_defaults=True
):
    """No more audio of the turn comes. The texts are there where an offset was given."""

    audio_played_ms: int
    metadata: TurnMetadata
    text_spoken: str | None = None
    text_remaining: str | None = None


class SessionMetadata(Struct, frozen=True, tag="SessionMetadata", tag_field="type"):
    """The last message: what the session took."""

    total_audio_duration_ms: int
    total_input_character_count: int
    total_billable_character_count: int


class Applied(Struct, frozen=True, omit_defaults=True):
    """What was set on the session."""

    speed: float | None = None


class ConfigureSuccess(Struct, frozen=True, tag="ConfigureSuccess", tag_field="type"):
    """The session is changed."""

    applied: Applied


class ConfigureFailure(
    Struct, frozen=True, tag="ConfigureFailure", tag_field="type", omit_defaults=True, kw_only=True
):
    """The session goes on as it was."""

    code: str
    description: str
    field: str | None = None
    value: float | None = None


class Warning(Struct, frozen=True, tag="Warning", tag_field="type"):  # noqa: A001 - its name
    """Something is odd; the session goes on."""

    code: str
    description: str


class Error(Struct, frozen=True, tag="Error", tag_field="type"):
    """The connection cannot go on."""

    code: str
    description: str


ClientMessage: TypeAlias = Speak | Flush | Interrupt | Configure | Close
_Server: TypeAlias = (
    Connected
    | SpeechStarted
    | Flushed
    | SpeechMetadata
    | SpeechInterrupted
    | SessionMetadata
    | ConfigureSuccess
    | ConfigureFailure
    | Warning
    | Error
)
ServerMessage: TypeAlias = _Server | Unknown

_client: Final = msgspec.json.Decoder(ClientMessage)
_server: Final = msgspec.json.Decoder(_Server)
_CLIENT_KINDS: Final = frozenset({"Speak", "Flush", "Interrupt", "Configure", "Close"})
_SERVER_KINDS: Final = frozenset(
    {
        "Connected",
        "SpeechStarted",
        "Flushed",
        "SpeechMetadata",
        "SpeechInterrupted",
        "SessionMetadata",
        "ConfigureSuccess",
        "ConfigureFailure",
        "Warning",
        "Error",
    }
)


def decode_client(text: str) -> ClientMessage | Unknown:
    """What a client said. Raises `RemoteProtocolError`."""
    return codec.decode(_client, _CLIENT_KINDS, text)


def decode_server(text: str) -> ServerMessage:
    """What the server said. Raises `RemoteProtocolError`."""
    return codec.decode(_server, _SERVER_KINDS, text)
