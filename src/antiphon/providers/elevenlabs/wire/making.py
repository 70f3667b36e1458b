"""``/v1/text-to-voice`` and ``/v1/voices/pvc``: voices from words, and voices that are trained.

Pure, and both ends. The shapes are those of the vendor's published client (version 2.78). What is
read aloud (``captcha``) has no shape there: the vendor's guide takes it for a picture in base64,
and somebody else met a recording, so all of these are read. Recordings come as forms, which is
HTTP's matter.
"""

import base64
import binascii
from typing import Final
from urllib.parse import quote

import msgspec
from msgspec import Struct

from antiphon.errors import RemoteProtocolError
from antiphon.providers.elevenlabs.wire import codec
from antiphon.providers.elevenlabs.wire.codec import encode

__all__ = [
    "DESCRIPTION_LETTERS",
    "TEXT_LETTERS",
    "Begun",
    "Design",
    "Designed",
    "Done",
    "Keep",
    "NewProfessional",
    "Preview",
    "Train",
    "captcha_path",
    "decode_begun",
    "decode_captcha",
    "decode_design",
    "decode_designed",
    "decode_keep",
    "decode_professional",
    "decode_train",
    "encode",
    "encode_captcha",
    "professional_path",
]

DESCRIPTION_LETTERS: Final = (20, 1000)
"""Third parties; the vendor's client has only that of the text."""
TEXT_LETTERS: Final = (100, 1000)
MAGIC: Final = {
    b"\x89PNG": "png",
    b"\xff\xd8\xff": "jpg",
    b"ID3": "mp3",
    b"\xff\xfb": "mp3",
    b"RIFF": "wav",
}
"""How files begin that somebody can look at or listen to, and how their names end."""


class Design(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Voices of this description, please. How they sound is in the query: ``output_format``."""

    voice_description: str
    model_id: str = "eleven_multilingual_ttv_v2"
    """Or ``eleven_ttv_v3``. Which is taken where none is named is not said."""
    text: str | None = None
    auto_generate_text: bool = False
    stream_previews: bool = False
    """No sound in the answer, only ids."""


class Preview(Struct, frozen=True, kw_only=True):
    """One of them."""

    audio_base_64: bytes
    generated_voice_id: str
    media_type: str
    duration_secs: float
    language: str | None = None


class Designed(Struct, frozen=True, kw_only=True):
    """All of them, saying the same."""

    previews: tuple[Preview, ...]
    text: str


class Keep(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Make this preview a voice. Those that were heard and not wanted could be told too, from which
    the vendor would learn; nothing here does."""

    voice_name: str
    voice_description: str
    generated_voice_id: str
    labels: dict[str, str] | None = None


class NewProfessional(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A voice that has nothing but a name yet."""

    name: str
    language: str
    description: str | None = None
    labels: dict[str, str] | None = None


class Begun(Struct, frozen=True):
    """It has an id. Nothing is said of a verification, as it is of an instant clone."""

    voice_id: str


class Train(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Begin."""

    model_id: str | None = None


class Done(Struct, frozen=True):
    """It is."""

    status: str = "ok"


_design: Final = msgspec.json.Decoder(Design)
_designed: Final = msgspec.json.Decoder(Designed)
_keep: Final = msgspec.json.Decoder(Keep)
_professional: Final = msgspec.json.Decoder(NewProfessional)
_begun: Final = msgspec.json.Decoder(Begun)
_train: Final = msgspec.json.Decoder(Train)


def professional_path(voice_id: str, what: str) -> str:
    """Where ``samples`` go, and where ``train`` begins."""
    return f"/v1/voices/pvc/{quote(voice_id, safe='')}/{what}"


def captcha_path(voice_id: str) -> str:
    """Where what is to be read aloud comes from, and the reading goes to."""
    return professional_path(voice_id, "captcha")


def decode_design(body: bytes) -> Design:
    """Raises `RemoteProtocolError`."""
    return codec.decode(_design, body)


def decode_designed(body: bytes) -> Designed:
    """Raises `RemoteProtocolError`."""
    return codec.decode(_designed, body)


def decode_keep(body: bytes) -> Keep:
    """Raises `RemoteProtocolError`."""
    return codec.decode(_keep, body)


def decode_professional(body: bytes) -> NewProfessional:
    """Raises `RemoteProtocolError`."""
    return codec.decode(_professional, body)


def decode_begun(body: bytes) -> Begun:
    """Raises `RemoteProtocolError`."""
    return codec.decode(_begun, body)


def decode_train(body: bytes) -> Train:
    """Raises `RemoteProtocolError`."""
    return codec.decode(_train, body or b"{}")


def encode_captcha(picture: bytes) -> bytes:
    """As the vendor's guide reads it, in JSON's quotes."""
    return b'"' + base64.b64encode(picture) + b'"'


def decode_captcha(body: bytes) -> tuple[bytes, str]:
    """What is to be read aloud or repeated, and how its file's name ends. Raises
    `RemoteProtocolError` where it is nothing that can be looked at or listened to."""
    data = body
    if not _kind(data):
        try:
            data = base64.b64decode(body.strip().strip(b'"'), validate=True)
        except binascii.Error:
            raise RemoteProtocolError("neither a picture nor base64") from None
    kind = _kind(data)
    if not kind:
        raise RemoteProtocolError("neither a picture nor a recording")
    return data, kind


def _kind(data: bytes) -> str:
    return next((kind for begins, kind in MAGIC.items() if data.startswith(begins)), "")
