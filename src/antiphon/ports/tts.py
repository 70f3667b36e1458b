"""Text to speech, as the mouth sees it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenWord:
    """A word and where its sound lies, in samples since the first sample of its clause."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A piece of speech: PCM16 mono at the voice's rate."""

    pcm: bytes
    clause: int
    """Which clause it belongs to, counted from 0 in the order they were said."""
    words: tuple[SpokenWord, ...] = ()
    """Word times the engine knows; empty where it does not."""
    last: bool = False
    """The clause is complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaking:
    """How an utterance is to sound."""

    voice: str = ""
    """Empty: the engine's default."""
    speed: float = 1.0
    language: str = "en"
    style: str = ""
    """One of the engine's own words for it, such as ``calm``; empty, or one that it does not know:
    its usual way."""
    pitch_semitones: float = 0.0
    """Above its usual pitch. An engine that cannot change it leaves it."""


class Utterance(Protocol):
    """One reply being synthesised. Say its clauses as they become known, then end it."""

    def say(self, clause: str, stress: tuple[int, ...] = ()) -> None:
        """Append a clause. ``stress`` are the words to be stressed, by number from 0, for an
        engine that can. Never blocks."""
        ...

    def end(self) -> None:
        """No more clauses will come."""
        ...

    def audio(self) -> AsyncIterator[Spoken]:
        """The speech, clause after clause, until `end` and all of it is made. Closing the
        iterator cancels the engine's work. Raises `ProviderError`."""
        ...


class Synthesiser(Protocol):
    """A voice engine or vendor, shared by all calls of a process."""

    name: str
    rate_hz: int
    """Of the PCM it makes."""
    fingerprint: str
    """Everything that changes the sound besides text and `Speaking`: engine, version, weights.
    Part of the phrase cache's key."""

    async def start(self) -> None:
        """Load, connect, warm up. Once, before the first call."""
        ...

    def utter(self, speaking: Speaking) -> Utterance:
        """Begin an utterance."""
        ...

    async def aclose(self) -> None:
        """Give everything back."""
        ...
