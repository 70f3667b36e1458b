"""``/stt/turns/websocket``: what a client and the server of Ink say where Ink ends the turns.

Pure, and both ends. The shapes are those of the vendor's published client (version 4.2) and of its
documentation; nobody here has seen the live service. The client's audio is raw; its messages are
JSON, unlike those of ``/stt/websocket``.

Each turn is ``turn.start``, any number of the others, ``turn.end``. A transcript is all of its
turn so far, and what was told is never corrected (vendor's documentation). No message says to
which moment of the audio it belongs.
"""

from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from antiphon.net import frames
from antiphon.net.frames import Unknown, encode
from antiphon.providers.cartesia.stt_wire import Error

__all__ = [
    "RANGES",
    "ClientMessage",
    "Close",
    "Config",
    "Connected",
    "EagerEnd",
    "End",
    "Error",
    "Resume",
    "ServerMessage",
    "Start",
    "Turn",
    "Update",
    "decode_client",
    "decode_server",
    "encode",
]

RANGES: Final = {
    "start_threshold": (0.5, 0.9, 0.8),
    "eager_end_threshold": (0.3, 0.6, 0.4),
    "end_threshold": (0.05, 0.5, 0.2),
    "end_timeout_ms": (640, 11_200, 5600),
}
"""Of each setting of turns: least, most, and what it is where nobody says (vendor's client). The
thresholds must stand in this order, the highest first."""


# --- from the client -------------------------------------------------------------------------


class Close(Struct, frozen=True, tag="close", tag_field="type"):
    """Make events of all audio there is, then close."""


class Turn(Struct, frozen=True, omit_defaults=True):
    """Settings of turns; None: as it is."""

    start_threshold: float | None = None
    eager_end_threshold: float | None = None
    end_threshold: float | None = None
    end_timeout_ms: float | None = None


class Config(Struct, frozen=True, tag="config", tag_field="type", omit_defaults=True):
    """Change settings from here on. Nothing answers it."""

    turn: Turn | None = None


ClientMessage: TypeAlias = Close | Config | Unknown


# --- from the server -------------------------------------------------------------------------


class Connected(Struct, frozen=True, tag="connected", tag_field="type"):
    """The first message; nobody need wait for it."""

    request_id: str


class Start(Struct, frozen=True, tag="turn.start", tag_field="type"):
    """The caller begins to speak."""

    request_id: str


class Update(Struct, frozen=True, tag="turn.update", tag_field="type"):
    """More was understood."""

    request_id: str
    transcript: str


class EagerEnd(Struct, frozen=True, tag="turn.eager_end", tag_field="type"):
    """The caller may be done: `Resume` or `End` follows."""

    request_id: str
    transcript: str


class Resume(Struct, frozen=True, tag="turn.resume", tag_field="type"):
    """The caller was not."""

    request_id: str


class End(Struct, frozen=True, tag="turn.end", tag_field="type"):
    """The turn is over, and this was all of it."""

    request_id: str
    transcript: str


ServerMessage: TypeAlias = Connected | Start | Update | EagerEnd | Resume | End | Error | Unknown

_server: Final = msgspec.json.Decoder(Connected | Start | Update | EagerEnd | Resume | End | Error)
_SERVER_KINDS: Final = frozenset(
    "connected turn.start turn.update turn.eager_end turn.resume turn.end error".split()
)
_client: Final = msgspec.json.Decoder(Close | Config)


def decode_server(text: str) -> ServerMessage:
    """What the server said. Raises `RemoteProtocolError`."""
    return frames.decode(_server, _SERVER_KINDS, text)


def decode_client(text: str) -> ClientMessage:
    """What a client said. Raises `RemoteProtocolError`."""
    return frames.decode(_client, frozenset({"close", "config"}), text)
