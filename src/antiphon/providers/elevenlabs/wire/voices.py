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

__all__ = [
    "Added",
    "Attempt",
    "Deleted",
    "Sample",
    "Training",
    "Verification",
    "Voice",
    "Voices",
    "decode_added",
    "decode_voice",
    "decode_voices",
    "encode",
    "path",
]


class Sample(Struct, frozen=True, kw_only=True):
    """A recording that a voice was made from, or is to be."""

    sample_id: str | None = None
    file_name: str | None = None
    mime_type: str | None = None
    size_bytes: int | None = None
    hash: str | None = None
    duration_secs: float | None = None


class Attempt(Struct, frozen=True, kw_only=True):
    """Somebody read aloud what they were shown."""

    text: str
    date_unix: int
    accepted: bool
    similarity: float
    levenshtein_distance: float


class Training(Struct, frozen=True, kw_only=True):
    """How far a professional voice is, by model."""

    state: dict[str, str] | None = None
    """``not_started``, ``queued``, ``fine_tuning``, ``fine_tuned``, ``failed``, ``delayed``."""
    progress: dict[str, float | None] | None = None
    """From 0 to 1 (third parties)."""
    message: dict[str, str | None] | None = None
    verification_failures: tuple[str, ...] | None = None
    verification_attempts: tuple[Attempt, ...] | None = None
    dataset_duration_seconds: float | None = None


class Verification(Struct, frozen=True, kw_only=True):
    """Whether the vendor knows whose voice it is."""

    requires_verification: bool
    is_verified: bool
    verification_failures: tuple[str, ...] = ()
    verification_attempts_count: int = 0


class Voice(Struct, frozen=True, kw_only=True):
    """One of them."""

    voice_id: str
    name: str | None = None
    category: str | None = None
    """``premade``, ``cloned``, ``generated``, ``professional`` and others."""
    labels: dict[str, str] | None = None
    description: str | None = None
    is_owner: bool | None = None
    samples: tuple[Sample, ...] | None = None
    fine_tuning: Training | None = None
    voice_verification: Verification | None = None


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
_voice: Final = msgspec.json.Decoder(Voice)
_added: Final = msgspec.json.Decoder(Added)


def path(voice_id: str) -> str:
    """Where one voice is."""
    return f"/v1/voices/{quote(voice_id, safe='')}"


def decode_voices(body: bytes) -> Voices:
    """Raises `RemoteProtocolError`."""
    return codec.decode(_voices, body)


def decode_voice(body: bytes) -> Voice:
    """Raises `RemoteProtocolError`."""
    return codec.decode(_voice, body)


def decode_added(body: bytes) -> Added:
    """Raises `RemoteProtocolError`."""
    return codec.decode(_added, body)
