"""Voices that a vendor trains: recordings are sent, the person proves who they are, and some hours
later there is a voice.

    voice = await clone(trainer, wanted, Path("consents.jsonl"))      # of antiphon.net.cloning
    challenge = await trainer.challenge(voice.id)                     # what the person reads aloud
    await verify(trainer, voice.id, recording, Path("consents.jsonl"))
    await trainer.train(voice.id, "eleven_multilingual_v2")
    progress = await trainer.progress(voice.id)

Lives here, for every vendor: the port `Trainer`, and the note of what a person read aloud, written
before it is sent. Must not live here: any vendor's requests, and the consent itself
(`antiphon.net.cloning`), without which nothing is begun.
"""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from antiphon.net.cloning import Maker, Recording, note

__all__ = ["Challenge", "Progress", "Trained", "Trainer", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What the person is to read aloud, so that the vendor hears whose voice it is."""

    data: bytes = field(repr=False)
    """A picture of it, or a recording to repeat."""
    kind: str
    """How its file's name ends: ``png``, ``jpg``, ``mp3``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """How far one of the vendor's models has come with a voice."""

    model: str
    state: str
    """In the vendor's own words: ``queued``, ``fine_tuning``, ``fine_tuned``, ``failed``."""
    share: float | None = None
    """Of the work that is done, from 0 to 1; None where the vendor does not say."""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a voice has come."""

    name: str
    samples: int
    """Recordings the vendor has of it."""
    seconds: float | None
    """Of speech in them; None where the vendor does not say."""
    verified: bool
    failures: tuple[str, ...] = ()
    """Why the person was not recognised, in the vendor's words."""
    models: tuple[Trained, ...] = ()


class Trainer(Maker, Protocol):
    """A vendor that trains voices. Its ``clone`` begins one: it has recordings then, and is not
    fit to speak before all the steps below."""

    async def challenge(self, voice_id: str) -> Challenge:
        """What is to be read aloud; another one each time. Raises a `ProviderError`."""
        ...

    async def verify(self, voice_id: str, reading: Recording) -> None:
        """Send the reading. Call `antiphon.net.training.verify` instead, which notes it. Raises a
        `ProviderError`: `Rejected` where the vendor hears somebody else, or other words."""
        ...

    async def train(self, voice_id: str, model: str) -> None:
        """Begin; it takes hours. Raises a `ProviderError`: `Rejected` where nobody was verified."""
        ...

    async def progress(self, voice_id: str) -> Progress:
        """How far it is. Raises a `ProviderError`."""
        ...

    async def aclose(self) -> None:
        """Give everything back."""
        ...


async def verify(trainer: Trainer, voice_id: str, reading: Recording, consents: Path) -> None:
    """Send what the person read aloud. That it leaves this machine is a line of ``consents``
    before it does, and that the vendor took it another one. Raises `ConfigError` where the file
    cannot be written, a `ProviderError` where the vendor does not take it."""
    about = {"provider": trainer.name, "voice_id": voice_id, "recording_sha256": [reading.sha256]}
    await asyncio.to_thread(note, consents, {"event": "read aloud", **about})
    await trainer.verify(voice_id, reading)
    await asyncio.to_thread(note, consents, {"event": "verified", **about})
