"""``/v1/voices``: the voices of an account, as the vendor and its clients write them.

Pure, and both ends. The shapes are those of the vendor's published client (version 2.78); a voice
has many more fields that nothing here needs. A new one comes as a form, which is HTTP's matter.
"""

from typing import Final
from urllib.parse import quote

import msgspec
from msgspec import Struct

from antiphon.providers.elevenlabs.wire import codec
from antiphon.providers.elevenlabs.wire.codec import encode

__all__ = ["Added", "Deleted", "Voice", "Voices", "decode_added", "decode_voices", "encode", "path"]


class Voice(Struct, frozen=True, kw_only=True):
    """One of them."""

    voice_id: str
    name: str | None = None
    category: str | None = None
    """``premade``, ``cloned``, ``generated``, ``professional`` and others."""
    labels: dict[str, str] | None = None
    description: str | None = None


class Voices(Struct, frozen=True):
    """All of them."""

    voices: tuple[Voice, ...]


class Added(Struct, frozen=True):
    """A new one."""

    voice_id: str
    requires_verification: bool = False


class Deleted(Struct, frozen=True):
    """One less."""

    status: str = "ok"


_voices: Final = msgspec.json.Decoder(Voices)
_added: Final = msgspec.json.Decoder(Added)


def path(voice_id: str) -> str:
    """Where one voice is."""
    return f"/v1/voices/{quote(voice_id, safe='')}"


def decode_voices(body: bytes) -> Voices:
    """Raises `RemoteProtocolError`."""
    return codec.decode(_voices, body)


def decode_added(body: bytes) -> Added:
    """Raises `RemoteProtocolError`."""
    return codec.decode(_added, body)
