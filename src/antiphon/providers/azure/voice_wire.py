"""``GET /cognitiveservices/voices/list``: the voices of a region, as the service writes them.

Pure, and the client's end; the sandbox's answer is a constant. The shape is that of the vendor's
documentation of its REST interface; nobody here has seen the live service.
"""

from typing import Final

import msgspec
from msgspec import Struct

from antiphon.errors import RemoteProtocolError

__all__ = ["Voice", "decode"]


class Voice(Struct, frozen=True, rename="pascal"):
    """A voice. There is more to one; nothing here needs it."""

    short_name: str
    """What a document calls it: ``en-US-AvaNeural``."""
    display_name: str = ""
    locale: str = ""


_voices: Final = msgspec.json.Decoder(tuple[Voice, ...])


def decode(body: bytes) -> tuple[Voice, ...]:
    """Raises `RemoteProtocolError`."""
    try:
        return _voices.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RemoteProtocolError(f"no list of voices: {error}") from None
