"""Text to messages and back, the same way for each of the vendor's protocols.

Pure. A field we rely on must be what it should be; fields nobody told us of are ignored.
"""

from typing import Final, TypeVar

import msgspec

from antiphon.errors import LocalProtocolError, RemoteProtocolError

__all__ = ["decode", "encode"]

M = TypeVar("M")

_encoder: Final = msgspec.json.Encoder()


def encode(message: msgspec.Struct) -> str:
    """A message as the text of one frame or line. Raises `LocalProtocolError`."""
    try:
        return _encoder.encode(message).decode()
    except UnicodeEncodeError:
        raise LocalProtocolError("text with a lone surrogate cannot be sent") from None


def decode(decoder: msgspec.json.Decoder[M], text: str | bytes) -> M:
    """A message from one frame or line. Raises `RemoteProtocolError`."""
    try:
        return decoder.decode(text)
    except msgspec.DecodeError as error:
        raise RemoteProtocolError(str(error)) from None
    except UnicodeError:
        raise RemoteProtocolError("not valid Unicode") from None
    except RecursionError:
        raise RemoteProtocolError("nested too deeply") from None
