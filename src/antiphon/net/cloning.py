"""Voices made from recordings of a person, and the consent without which there are none.

    consent = Consent.to([sample], who="Ann Lee", when=now, purpose="our shop's telephone agent")
    wanted = NewVoice(name="ann", recordings=(sample,), consent=consent)
    voice = await clone(cloner, wanted, Path("consents.jsonl"))

Lives here, for every vendor: the ports `VoiceList` and `Cloner`, the consent, and the file that
consents are written to, before anything is uploaded. Must not live here: any vendor's requests.
Who may clone whom is the user's to know; what this keeps is that nobody is cloned without a name
under it.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol, Self

from antiphon.errors import ConfigError

__all__ = [
    "Clips",
    "Cloner",
    "Consent",
    "KnownVoice",
    "Maker",
    "NamedVoices",
    "NewVoice",
    "Recording",
    "VoiceList",
    "clone",
    "note",
]

CONSENTS_MODE: Final = 0o600
"""Names of people are in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A person's voice, as a file."""

    filename: str
    """``ann.wav``; vendors look at its ending."""
    data: bytes = field(repr=False)
    content_type: str = "audio/wav"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A person agreed that their voice be made into a synthetic one."""

    who: str
    """Whose voice it is, so that they can be found and asked."""
    when: datetime
    """When they agreed, with its time zone."""
    recording_sha256: tuple[str, ...]
    """Of each recording they agreed to; no other may be used."""
    purpose: str
    """What for, in words they would recognise."""

    def __post_init__(self) -> None:
        if not self.who.strip() or not self.purpose.strip():
            raise ConfigError("a consent says who agreed and to what purpose")
        if self.when.tzinfo is None:
            raise ConfigError("a consent's time has a time zone")
        if not self.recording_sha256:
            raise ConfigError("a consent names the recordings it is for")

    @classmethod
    def to(cls, recordings: Sequence[Recording], *, who: str, when: datetime, purpose: str) -> Self:
        """To the use of these. Raises `ConfigError` where something is missing."""
        digests = tuple(recording.sha256 for recording in recordings)
        return cls(who=who, when=when, recording_sha256=digests, purpose=purpose)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVoice:
    """A voice to be made. There is none without recordings and a consent to every one of them:
    making this raises `ConfigError`."""

    name: str
    recordings: tuple[Recording, ...]
    consent: Consent
    language: str = "en"
    description: str = ""

    def __post_init__(self) -> None:
        if not self.recordings or not all(recording.data for recording in self.recordings):
            raise ConfigError("a voice is cloned from recordings: there are none, or empty ones")
        for recording in self.recordings:
            if recording.sha256 not in self.consent.recording_sha256:
                raise ConfigError(
                    f"{self.consent.who} has not consented to {recording.filename}",
                    fix="record a consent that names this very file",
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVoice:
    """A voice an account may use."""

    id: str
    """What an agent file's ``mouth.voice`` says."""
    name: str
    language: str = ""
    """Empty where the vendor does not say."""
    cloned: bool = False
    """Made by this account, and so its to delete."""


class VoiceList(Protocol):
    """Voices at a vendor, or beside a local engine."""

    @property
    def name(self) -> str:
        """The vendor's, for errors and for the consents."""
        ...

    async def list(self) -> tuple[KnownVoice, ...]:
        """Every voice the account may use. Raises a `ProviderError`."""
        ...

    async def aclose(self) -> None:
        """Give everything back."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedVoices:
    """A `VoiceList` that asks nobody: what a vendor has written down."""

    name: str
    known: tuple[KnownVoice, ...]

    async def list(self) -> tuple[KnownVoice, ...]:
        return self.known

    async def aclose(self) -> None:
        """There is nothing to give back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clips:
    """What recordings a voice is made from, as far as anybody knows."""

    most: int = 1
    kinds: tuple[str, ...] = ("wav",)
    """How their files' names may end."""
    shortest_s: float
    largest_mb: float | None = None
    advice: str
    """What makes a good one, and who says all this; ``unconfirmed`` where the vendor does not."""


class Maker(Protocol):
    """Somebody who makes voices out of recordings."""

    @property
    def name(self) -> str:
        """The vendor's, for errors and for the consents."""
        ...

    async def clone(self, wanted: NewVoice) -> KnownVoice:
        """Make one. Call `antiphon.net.cloning.clone` instead, which writes the consent down.
        Raises a `ProviderError`."""
        ...


class Cloner(VoiceList, Maker, Protocol):
    """Voices that can be added to."""

    async def delete(self, voice_id: str) -> None:
        """Forget one. Raises a `ProviderError`: `Rejected` where there is none."""
        ...


async def clone(cloner: Maker, wanted: NewVoice, consents: Path) -> KnownVoice:
    """Make a voice. The consent is a line of ``consents`` before anything leaves this machine,
    and once more with the voice's id when there is one. Raises `ConfigError` where the file
    cannot be written, a `ProviderError` where the vendor does not make it."""
    said = _as_json(cloner, wanted)
    await asyncio.to_thread(note, consents, {"event": "consented", **said})
    voice = await cloner.clone(wanted)
    await asyncio.to_thread(note, consents, {"event": "cloned", **said, "voice_id": voice.id})
    return voice


def _as_json(cloner: Maker, wanted: NewVoice) -> dict[str, Any]:
    consent = wanted.consent
    return {
        "provider": cloner.name,
        "name": wanted.name,
        "who": consent.who,
        "when": consent.when.isoformat(),
        "purpose": consent.purpose,
        "recording_sha256": [recording.sha256 for recording in wanted.recordings],
    }


def note(path: Path, line: dict[str, Any]) -> None:
    """Add a line to the file of consents: one write at its end, so that two processes' lines stay
    whole, and on the disk when this returns. Raises `ConfigError` where that cannot be."""
    data = (json.dumps(line, ensure_ascii=False) + "\n").encode(errors="replace")
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, CONSENTS_MODE)
        try:
            written = os.write(file, data)
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        raise ConfigError(f"{path}: the consent cannot be written: {error.strerror}") from None
    if written != len(data):
        raise ConfigError(f"{path}: the consent cannot be written: the disk is full")
