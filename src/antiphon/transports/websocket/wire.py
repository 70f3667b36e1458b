"""The ``antiphon.1`` wire: messages to text frames, audio to binary frames, and back.

Pure, and both ends: the server uses one half, the client and the page's tests the other. Nothing
here sends anything, and nothing here decides whether a message fits the moment.

Whatever the peer sends, the only error is `RemoteProtocolError`. What our own side gets wrong is
`LocalProtocolError`. What a client sends is read strictly; a client ignores fields it does not
know, so the server may grow.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, Struct

from antiphon.errors import LocalProtocolError, RemoteProtocolError

__all__ = [
    "CLOSE_CODES",
    "SUBPROTOCOL",
    "VERSION",
    "AgentAudio",
    "Bye",
    "ClientMessage",
    "Digit",
    "Ended",
    "Error",
    "Flush",
    "Flushed",
    "Gain",
    "Hello",
    "Latency",
    "Notice",
    "Ping",
    "Played",
    "Pong",
    "ServerMessage",
    "Speech",
    "State",
    "Stopped",
    "Transcript",
    "Transfer",
    "TransferFailed",
    "Transferred",
    "Welcome",
    "decode_audio",
    "decode_client",
    "decode_server",
    "encode",
    "encode_audio",
    "notice",
]

VERSION: Final = 1
SUBPROTOCOL: Final = f"antiphon.{VERSION}"

Encoding: TypeAlias = Literal["pcm16", "mulaw"]
Samples: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]

CLOSE_CODES: Final[dict[str, int]] = {
    "bad_message": 1007,
    "bad_audio": 1007,
    "unsupported_version": 1008,
    "unsupported_format": 1008,
    "hello_expected": 1008,
    "unauthorised": 1008,
    "flooding": 1008,
    "too_slow": 1008,
    "too_big": 1009,
    "going_away": 1001,
    "internal": 1011,
    "full": 1013,
}
"""Every error code of the protocol, and the WebSocket close code that follows it."""


# --- from the client -------------------------------------------------------------------------


class Hello(Struct, frozen=True, tag="hello", tag_field="type", forbid_unknown_fields=True):
    """The first message. Audio may follow at once."""

    version: int
    rate_hz: int
    """Of the audio in both directions."""
    encoding: Encoding = "pcm16"
    """Of the audio in both directions."""
    token: Annotated[str, Meta(max_length=4096)] = ""
    """Where the server wants one and an Authorization header cannot be set."""
    client: Annotated[str, Meta(max_length=200)] = ""
    """What is calling, for the server's log."""
    transfers: bool = False
    """Whether the client answers `Transfer`."""


class Played(Struct, frozen=True, tag="played", tag_field="type", forbid_unknown_fields=True):
    """The caller has heard the agent's audio up to this sample."""

    samples: Samples


class Flushed(Struct, frozen=True, tag="flushed", tag_field="type", forbid_unknown_fields=True):
    """The answer to `Flush`: nothing between this sample and the flush will be heard."""

    samples: Samples


class Digit(Struct, frozen=True, tag="digit", tag_field="type", forbid_unknown_fields=True):
    """A key of the keypad."""

    digit: Annotated[str, Meta(pattern="^[0-9*#A-D]$", max_length=1)]


class Transferred(
    Struct, frozen=True, tag="transferred", tag_field="type", forbid_unknown_fields=True
):
    """The answer to `Transfer`: the caller is in other hands. The call ends."""


class TransferFailed(
    Struct, frozen=True, tag="transfer_failed", tag_field="type", forbid_unknown_fields=True
):
    """The answer to `Transfer`: the caller is still here."""

    reason: Annotated[str, Meta(max_length=200)] = ""
    """For the call log; the caller is not told it."""


class Bye(Struct, frozen=True, tag="bye", tag_field="type", forbid_unknown_fields=True):
    """The caller hangs up."""


# --- from either -----------------------------------------------------------------------------


class Ping(Struct, frozen=True, tag="ping", tag_field="type", forbid_unknown_fields=True):
    """Are you there? Answered by `Pong` with the same number."""

    id: Count


class Pong(Struct, frozen=True, tag="pong", tag_field="type", forbid_unknown_fields=True):
    """I am."""

    id: Count


# --- from the server -------------------------------------------------------------------------


class Welcome(Struct, frozen=True, tag="welcome", tag_field="type"):
    """The answer to `Hello`: the call has begun."""

    call: str
    version: int
    rate_hz: int
    encoding: Encoding
    heartbeat_s: float
    """How often the server sends `Ping`."""
    gone_s: float
    """A side that hears nothing for so long may take the other for gone."""
    max_message_bytes: int


class State(Struct, frozen=True, tag="state", tag_field="type"):
    """What the agent is doing."""

    state: Literal["listening", "hearing", "thinking", "speaking", "ducked"]


class Transcript(Struct, frozen=True, tag="transcript", tag_field="type"):
    """What the recogniser makes of a stretch of the caller's speech; a later one with the same
    ``segment`` replaces it."""

    segment: int
    text: str
    final: bool


class Speech(Struct, frozen=True, tag="speech", tag_field="type"):
    """More text of what the agent says, and where in its audio it lies."""

    reply: int
    text: str
    """To be appended to what the same reply has said so far, after a space."""
    marks: tuple[tuple[int, int], ...] = ()
    """Pairs (characters, samples), both rising: once the caller has heard the call's agent audio
    up to ``samples``, the first ``characters`` of ``text`` are heard. Linear in between. Empty
    where that is not known yet; the text then begins with the next audio to be sent."""


class Stopped(Struct, frozen=True, tag="stopped", tag_field="type"):
    """A reply was cut off; the caller heard this much of its text."""

    reply: int
    heard: str


class Latency(Struct, frozen=True, tag="latency", tag_field="type"):
    """How long the caller waited for one answer, from their last speech sample."""

    turn: int
    total_ms: float
    parts_ms: dict[str, float] = {}
    """What it was made of, in order."""


class Gain(Struct, frozen=True, tag="gain", tag_field="type"):
    """Bring the agent's voice to this level, whatever of it is waiting to be heard."""

    decibels: float
    ramp_s: float


class Flush(Struct, frozen=True, tag="flush", tag_field="type"):
    """Forget the agent's audio that is not heard yet; answer with `Flushed`."""


class Transfer(Struct, frozen=True, tag="transfer", tag_field="type"):
    """Connect the caller to somebody else; answer with `Transferred` or `TransferFailed`. Only a
    client that said in `Hello` that it ``transfers`` is asked."""

    to: str
    """As the agent file names them: a number, an address, a name the client knows."""
    within_s: float
    """How long the answer is waited for."""


class Ended(Struct, frozen=True, tag="ended", tag_field="type"):
    """The agent's side ends the call."""

    reason: str


class Error(Struct, frozen=True, tag="error", tag_field="type"):
    """The server cannot go on with this connection and closes it."""

    code: str
    what: str


Notice: TypeAlias = State | Transcript | Speech | Stopped | Latency
"""What `Transport.tell` may show."""
ClientMessage: TypeAlias = (
    Hello | Played | Flushed | Digit | Transferred | TransferFailed | Bye | Ping | Pong
)
ServerMessage: TypeAlias = Notice | Welcome | Gain | Flush | Transfer | Ended | Error | Ping | Pong

M = TypeVar("M")
_client: Final[msgspec.json.Decoder[ClientMessage]] = msgspec.json.Decoder(ClientMessage)
_server: Final[msgspec.json.Decoder[ServerMessage]] = msgspec.json.Decoder(ServerMessage)
_encoder: Final = msgspec.json.Encoder()


def encode(message: ClientMessage | ServerMessage) -> str:
    """A message as the text of one frame."""
    return _encoder.encode(message).decode()


def decode_client(text: str) -> ClientMessage:
    """What a client said. Raises `RemoteProtocolError`."""
    return _decode(_client, text)


def decode_server(text: str) -> ServerMessage:
    """What a server said. Raises `RemoteProtocolError`."""
    return _decode(_server, text)


def notice(record: Mapping[str, object]) -> Notice:
    """A notice from plain values, its kind under ``type``. Raises `LocalProtocolError`."""
    try:
        return msgspec.convert(dict(record), Notice)  # type: ignore[no-any-return]
    except msgspec.ValidationError as error:
        raise LocalProtocolError(f"notice {record.get('type')!r}: {error}") from None


def _decode(decoder: msgspec.json.Decoder[M], text: str) -> M:
    try:
        return decoder.decode(text)
    except msgspec.DecodeError as error:
        raise RemoteProtocolError(str(error)) from None
    except UnicodeError:
        raise RemoteProtocolError("not valid Unicode") from None
    except RecursionError:
        raise RemoteProtocolError("nested too deeply") from None


# --- audio -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgentAudio:
    """A binary frame to the client."""

    start: int
    """Position of the first sample, counted from the call's first agent sample. A frame may
    start later than the one before it ended: what lies between will never come."""
    payload: bytes


_HEADER: Final = struct.Struct("<I")
MAX_POSITION: Final = 2**32 - 1
"""The header's 32 bits last for 24 hours at 48 kHz; a call ends long before."""


def encode_audio(audio: AgentAudio) -> bytes:
    """Agent audio as a binary frame: the start as 32 bits, little endian, then the payload.

    Raises `LocalProtocolError` when the start does not fit.
    """
    if not 0 <= audio.start <= MAX_POSITION:
        raise LocalProtocolError(f"agent audio cannot start at sample {audio.start}")
    return _HEADER.pack(audio.start) + audio.payload


def decode_audio(frame: bytes, encoding: Encoding) -> AgentAudio:
    """Agent audio from a binary frame. Raises `RemoteProtocolError` if it is torn."""
    payload = frame[_HEADER.size :]
    if not payload or (encoding == "pcm16" and len(payload) % 2):
        raise RemoteProtocolError(f"torn audio frame of {len(frame)} bytes", code="bad_audio")
    return AgentAudio(_HEADER.unpack_from(frame)[0], payload)
