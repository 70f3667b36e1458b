"""``/voices``: what a client and the server say of voices.

Pure, and both ends. The shapes are those of the vendor's published client (version 4.2); nobody
here has seen the live service.
"""

from typing import Final

import msgspec
from msgspec import Struct

from antiphon.net import frames

__all__ = ["Locale", "Page", "Voice", "decode_page", "decode_voice", "encode"]


class Locale(Struct, frozen=True):
    """A locale a voice speaks."""

    locale: str
    is_native: bool = False


class Voice(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A voice. Only its id and its name are relied on."""

    id: str
    name: str
    language: str = ""
    tagline: str | None = None
    description: str | None = None
    access: str | None = None
    """``private`` or ``public``."""
    visibility: str | None = None
    """``owner`` or ``all``."""
    created_at: str | None = None
    is_owner: bool | None = None
    """Listed voices say it; a cloned one says whose it is instead."""
    user_id: str | None = None
    locales: tuple[Locale, ...] | None = None


class Page(Struct, frozen=True):
    """Some voices; the next are asked for by the last one's id."""

    data: tuple[Voice, ...]
    has_more: bool | None = None


_voice: Final = msgspec.json.Decoder(Voice)
_page: Final = msgspec.json.Decoder(Page)
_encoder: Final = msgspec.json.Encoder()


def encode(message: Voice | Page) -> bytes:
    """As the body of an answer."""
    return _encoder.encode(message)


def decode_voice(body: bytes) -> Voice:
    """The answer to a clone. Raises `RemoteProtocolError`."""
    return frames.decode_as(_voice, body)


def decode_page(body: bytes) -> Page:
    """The answer to a list. Raises `RemoteProtocolError`."""
    return frames.decode_as(_page, body)
