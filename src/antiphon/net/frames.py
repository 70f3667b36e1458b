"""JSON text frames to messages and back, for protocols that name each message by a ``type``.

Pure, and strict in one point only: a field we rely on must be there and be what it should be.
Fields nobody told us of are ignored, and so are whole messages of a kind we do not know: vendors
add both without notice.
"""

from typing import Final, TypeVar

import msgspec

from antiphon.errors import LocalProtocolError, RemoteProtocolError

__all__ = ["Unknown", "decode", "decode_as", "encode"]

M = TypeVar("M")


class Unknown(msgspec.Struct, frozen=True):
    """A message of a kind that is not in the protocol as we know it."""

    type: str


_unknown: Final = msgspec.json.Decoder(Unknown)
_encoder: Final = msgspec.json.Encoder()


def encode(message: msgspec.Struct) -> str:
    """A message as the text of one frame. Raises `LocalProtocolError`."""
    try:
        return _encoder.encode(message).decode()
    except UnicodeEncodeError:
        raise LocalProtocolError("text with a lone surrogate cannot be sent") from None


def decode(
    decoder: msgspec.json.Decoder[M], kinds: frozenset[str], text: str | bytes
) -> M | Unknown:
    """A message from the text of one frame. Raises `RemoteProtocolError`."""
    kind = decode_as(_unknown, text)
    return decode_as(decoder, text) if kind.type in kinds else kind


def decode_as(decoder: msgspec.json.Decoder[M], text: str | bytes) -> M:
    """Text that must be what the decoder says. Raises `RemoteProtocolError`."""
    try:
        return decoder.decode(text)
    except msgspec.DecodeError as error:
        raise RemoteProtocolError(str(error)) from None
    except UnicodeError:
        raise RemoteProtocolError("not valid Unicode") from None
    except RecursionError:
        raise RemoteProtocolError("nested too deeply") from None
