"""``/v1/speak``: what a client and the server of Aura-2 say to each other, beside raw audio.

Pure, and both ends. The shapes are those of the vendor's published client (version 7.17); nobody
here has seen the live service. Audio comes from the server as binary frames.
"""

from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from antiphon.providers.deepgram.wire import codec
from antiphon.providers.deepgram.wire.codec import Unknown, encode

__all__ = [
    "FLUSHES_PER_MINUTE",
    "TEXT_LETTERS",
    "Clear",
    "Cleared",
    "ClientMessage",
    "Close",
    "Flush",
    "Flushed",
    "Metadata",
    "ServerMessage",
    "Speak",
    "Warning",
    "decode_client",
    "decode_server",
    "encode",
]

FLUSHES_PER_MINUTE: Final = 20
"""More on one connection are answered by a `Warning` and not done (vendor's documentation)."""
TEXT_LETTERS: Final = 2000
"""The most one `Speak` may hold. *Unconfirmed*."""


# --- from the client -------------------------------------------------------------------------


class Speak(Struct, frozen=True, tag="Speak", tag_field="type"):
    """More text."""

    text: str


class Flush(Struct, frozen=True, tag="Flush", tag_field="type"):
    """Speak all text there is, then tell `Flushed`."""


class Clear(Struct, frozen=True, tag="Clear", tag_field="type"):
    """Forget text and audio that are not sent yet, then tell `Cleared`."""


class Close(Struct, frozen=True, tag="Close", tag_field="type"):
    """Close the connection; 1000."""


# --- from the server -------------------------------------------------------------------------


class Metadata(Struct, frozen=True, tag="Metadata", tag_field="type"):
    """The first message: which model speaks."""

    request_id: str
    model_name: str
    model_version: str
    model_uuid: str


class Flushed(Struct, frozen=True, tag="Flushed", tag_field="type"):
    """All audio of the text before a `Flush` has been sent. How ``sequence_id`` counts is
    *unconfirmed*, so nothing here relies on it."""

    sequence_id: int


class Cleared(Struct, frozen=True, tag="Cleared", tag_field="type"):
    """No more audio of the text before a `Clear` will come."""

    sequence_id: int


class Warning(Struct, frozen=True, tag="Warning", tag_field="type"):  # noqa: A001 - its name
    """Something was not done."""

    code: str
    description: str


ClientMessage: TypeAlias = Speak | Flush | Clear | Close
ServerMessage: TypeAlias = Metadata | Flushed | Cleared | Warning | Unknown

_client: Final = msgspec.json.Decoder(ClientMessage)
_server: Final = msgspec.json.Decoder(Metadata | Flushed | Cleared | Warning)
_CLIENT_KINDS: Final = frozenset({"Speak", "Flush", "Clear", "Close"})
_SERVER_KINDS: Final = frozenset({"Metadata", "Flushed", "Cleared", "Warning"})


def decode_client(text: str) -> ClientMessage | Unknown:
    """What a client said. Raises `RemoteProtocolError`."""
    return codec.decode(_client, _CLIENT_KINDS, text)


def decode_server(text: str) -> ServerMessage:
    """What the server said. Raises `RemoteProtocolError`."""
    return codec.decode(_server, _SERVER_KINDS, text)
