"""``/audio/voices``: which voices a server has. OpenAI has no such list; others who take its speech
requests do, in the two shapes that are read here (Kokoro-FastAPI's, before and since its 0.3).

Pure, and both ends.
"""

from typing import Final

import msgspec
from msgspec import Struct

from antiphon.net import frames
from antiphon.net.frames import encode

__all__ = ["Voice", "Voices", "decode", "encode"]


class Voice(Struct, frozen=True):
    """One of them."""

    id: str
    name: str | None = None


class Voices(Struct, frozen=True):
    """All of them."""

    voices: tuple[str | Voice, ...]


_voices: Final = msgspec.json.Decoder(Voices)


def decode(body: bytes) -> tuple[Voice, ...]:
    """Raises `RemoteProtocolError`."""
    found = frames.decode_as(_voices, body).voices
    return tuple(Voice(each, each) if isinstance(each, str) else each for each in found)
