"""``/v2/listen``: what a client and the server of Flux say to each other, beside raw audio.

Pure, and both ends. The shapes are those of the vendor's published client (version 7.17); nobody
here has seen the live service.

There is no KeepAlive and no Finalize: a user reports that a KeepAlive ends the connection, and
that without audio it ends after 20 to 30 s (third party, *unconfirmed*). Silence must be sent.
"""

from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from antiphon.providers.deepgram.wire import codec
from antiphon.providers.deepgram.wire.codec import Unknown, encode

__all__ = [
    "CLOSE_CODES",
    "ClientMessage",
    "CloseStream",
    "Configure",
    "ConfigureFailure",
    "ConfigureSuccess",
    "Connected",
    "Error",
    "ForceEndTurn",
    "ServerMessage",
    "Thresholds",
    "TurnInfo",
    "Warning",
    "Word",
    "decode_client",
    "decode_server",
    "encode",
]

CLOSE_CODES: Final[dict[str, int]] = {
    "INTERNAL_SERVER_ERROR": 1011,
    "UNPARSABLE_CLIENT_MESSAGE": 1008,
}
"""How the server closes after an `Error`. Both are *unconfirmed*: the documentation names the codes
of the messages only."""


# --- from the client -------------------------------------------------------------------------


class CloseStream(Struct, frozen=True, tag="CloseStream", tag_field="type"):
    """Read what you have as an ``Update``, and close. The turn is not ended, there is no summary
    and no close code (vendor's documentation)."""


class ForceEndTurn(Struct, frozen=True, tag="ForceEndTurn", tag_field="type"):
    """The turn ends here, whatever the model thinks: ``EndOfTurn`` by hand."""


class Thresholds(Struct, frozen=True, omit_defaults=True):
    """When a turn ends; what is left out stays."""

    eager_eot_threshold: float | None = None
    eot_threshold: float | None = None
    eot_timeout_ms: int | None = None


class Configure(Struct, frozen=True, tag="Configure", tag_field="type", omit_defaults=True):
    """Change the stream; what is left out stays."""

    thresholds: Thresholds | None = None
    keyterms: tuple[str, ...] | None = None
    language_hints: tuple[str, ...] | None = None
    numerals: bool | None = None


# --- from the server -------------------------------------------------------------------------


class Connected(Struct, frozen=True, tag="Connected", tag_field="type"):
    """The first message. ``sequence_id`` counts every message of the server, from 0."""

    request_id: str
    sequence_id: int


class Word(Struct, frozen=True, omit_defaults=True):
    """One word, with case and punctuation. Its times are optional in the protocol."""

    word: str
    confidence: float
    start: float | None = None
    end: float | None = None


class TurnInfo(Struct, frozen=True, tag="TurnInfo", tag_field="type", omit_defaults=True):
    """How a turn stands. ``transcript`` is the whole turn's, whatever the event.

    ``event``: Update, StartOfTurn, EagerEndOfTurn (probably over), TurnResumed (it was not),
    EndOfTurn. Others may come and mean what Update means.
    """

    request_id: str
    sequence_id: int
    event: str
    turn_index: int
    audio_window_start: float
    audio_window_end: float
    """How far the audio has been read."""
    transcript: str
    words: tuple[Word, ...]
    end_of_turn_confidence: float
    trigger: str | None = None
    """Of EndOfTurn: model, manual, timeout, or what may come."""
    languages: tuple[str, ...] | None = None


class ConfigureSuccess(
    Struct, frozen=True, tag="ConfigureSuccess", tag_field="type", omit_defaults=True
):
    """The stream is changed; this is how it stands now."""

    request_id: str
    thresholds: Thresholds
    keyterms: tuple[str, ...]
    sequence_id: int
    language_hints: tuple[str, ...] | None = None
    numerals: bool | None = None


class ConfigureFailure(
    Struct, frozen=True, tag="ConfigureFailure", tag_field="type", omit_defaults=True
):
    """The stream goes on as it was. What the codes are is not documented."""

    request_id: str
    sequence_id: int
    code: str | None = None
    description: str | None = None


class Warning(Struct, frozen=True, tag="Warning", tag_field="type"):  # noqa: A001 - its name
    """Something was ignored."""

    request_id: str
    sequence_id: int
    code: str
    description: str


class Error(Struct, frozen=True, tag="Error", tag_field="type"):
    """The connection cannot go on."""

    sequence_id: int
    code: str
    description: str


ClientMessage: TypeAlias = CloseStream | ForceEndTurn | Configure
ServerMessage: TypeAlias = (
    Connected | TurnInfo | ConfigureSuccess | ConfigureFailure | Warning | Error | Unknown
)

_client: Final = msgspec.json.Decoder(ClientMessage)
_server: Final = msgspec.json.Decoder(
    Connected | TurnInfo | ConfigureSuccess | ConfigureFailure | Warning | Error
)
_CLIENT_KINDS: Final = frozenset({"CloseStream", "ForceEndTurn", "Configure"})
_SERVER_KINDS: Final = frozenset(
    {"Connected", "TurnInfo", "ConfigureSuccess", "ConfigureFailure", "Warning", "Error"}
)


def decode_client(text: str) -> ClientMessage | Unknown:
    """What a client said. Raises `RemoteProtocolError`."""
    return codec.decode(_client, _CLIENT_KINDS, text)


def decode_server(text: str) -> ServerMessage:
    """What the server said. Raises `RemoteProtocolError`."""
    return codec.decode(_server, _SERVER_KINDS, text)
