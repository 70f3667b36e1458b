"""What a child process and its parent say to each other, as bytes and back.

Lives here: the messages and their framing (two lengths, a JSON header, a raw payload), so simple
that a program with nothing of Antiphon's around it can speak it too. Must not live here: processes,
sockets, what an engine does.
"""

import struct
from typing import Any, Final, Literal, TypeAlias

import msgspec

from antiphon.errors import RemoteProtocolError

__all__ = [
    "Begin",
    "CancelJob",
    "DoJob",
    "Done",
    "Failed",
    "FrameReader",
    "Message",
    "MoreWork",
    "Piece",
    "Ready",
    "Refused",
    "frame",
]

# A 12 s utterance is 400 kB, a very long clause of speech 3 MB; beyond this it is garbage.
MAX_FRAME_BYTES: Final = 64 * 1024 * 1024
_LENGTHS = struct.Struct(">II")


class Begin(msgspec.Struct, frozen=True, tag=True):
    """Parent, first of all: how to run before anything heavy is imported."""

    settings: dict[str, Any]
    environment: dict[str, str]
    nice: int
    lanes: int


class DoJob(msgspec.Struct, frozen=True, tag=True):
    """Parent: work on this; the payload is the job's bytes."""

    job: int
    fields: dict[str, Any]


class MoreWork(msgspec.Struct, frozen=True, tag=True):
    """Parent: more for a job that takes what it works on piece by piece; the payload is bytes."""

    job: int
    fields: dict[str, Any]


class CancelJob(msgspec.Struct, frozen=True, tag=True):
    """Parent: nobody waits for this any more. `Done` or `Failed` still follows."""

    job: int


class Ready(msgspec.Struct, frozen=True, tag=True):
    """Child: loaded and warm. ``facts`` is what the engine tells of itself."""

    facts: dict[str, Any]


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Child: it cannot start because something is not installed."""

    what: str
    fix: str


class Piece(msgspec.Struct, frozen=True, tag=True):
    """Child: part of a job's result; the payload is its bytes."""

    job: int
    fields: dict[str, Any]


class Done(msgspec.Struct, frozen=True, tag=True):
    """Child: a job is over and its lane free."""

    job: int


class Failed(msgspec.Struct, frozen=True, tag=True):
    """Child: a job is over without its result, and its lane free."""

    job: int
    kind: Literal["Unavailable", "TimedOut", "AtCapacity", "Rejected"]
    what: str


Message: TypeAlias = Begin | DoJob | MoreWork | CancelJob | Ready | Refused | Piece | Done | Failed

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Message)


def frame(message: Message, payload: bytes = b"") -> bytes:
    """The bytes of one message."""
    header = _ENCODER.encode(message)
    return b"".join((_LENGTHS.pack(len(header), len(payload)), header, payload))


class FrameReader:
    """Bytes in, however they were cut; messages out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[Message, bytes]]:
        """Everything that is complete by now. Raises `RemoteProtocolError` on garbage."""
        buffer = self._buffer
        buffer += data
        found: list[tuple[Message, bytes]] = []
        begin = 0
        while len(buffer) - begin >= _LENGTHS.size:
            header, payload = _LENGTHS.unpack_from(buffer, begin)
            if header + payload > MAX_FRAME_BYTES:
                raise RemoteProtocolError(f"a frame of {header + payload} bytes")
            middle = begin + _LENGTHS.size + header
            end = middle + payload
            if len(buffer) < end:
                break
            found.append(
                (self._message(buffer, middle - header, middle), bytes(buffer[middle:end]))
            )
            begin = end
        del buffer[:begin]
        return found

    def _message(self, buffer: bytearray, begin: int, end: int) -> Message:
        try:
            message: Message = _DECODER.decode(bytes(buffer[begin:end]))
        except msgspec.DecodeError as error:
            raise RemoteProtocolError(f"not a message: {error}") from None
        return message
