"""Voices made from words: a description goes in, previews come out, and one of them is kept.

    wanted = Brief(description="A calm elderly Irish woman, warm and unhurried.")
    previews = await designer.design(wanted)
    voice = await designer.keep(wanted, previews[1].id, name="maeve")

Lives here, for every vendor: the port `Designer`, and what goes through it. Must not live here: any
vendor's requests, and voices made from recordings (`antiphon.net.cloning`), which are somebody's
and need a consent; these are nobody's.
"""

from dataclasses import dataclass, field
from typing import Protocol

from antiphon.net.cloning import KnownVoice

__all__ = ["Bounds", "Brief", "Designer", "Preview"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What a voice is to be like."""

    description: str
    """Age, accent, sex, pitch, pace and mood, in words."""
    text: str = ""
    """What previews say; empty: something that the vendor finds fitting."""
    language: str = ""
    """Noted beside the voice that is kept; empty: nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A voice that could be kept, speaking. No vendor says for how long it can be."""

    id: str
    """What `Designer.keep` is told."""
    data: bytes = field(repr=False)
    """A file that can be played."""
    kind: str
    """How its name ends: ``mp3``, ``wav``."""
    seconds: float | None = None
    """None where the vendor does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a vendor designs a voice from, and under what terms."""

    description_letters: tuple[int, int]
    """From shortest to longest."""
    text_letters: tuple[int, int]
    """The same of what previews say."""
    rights: str
    """Whose the voice is, or where the vendor says so."""


class Designer(Protocol):
    """A vendor that makes voices from words."""

    @property
    def name(self) -> str:
        """The vendor's, for errors."""
        ...

    async def design(self, brief: Brief) -> tuple[Preview, ...]:
        """Some voices of that description; usually paid for. Raises a `ProviderError`."""
        ...

    async def keep(self, brief: Brief, preview_id: str, *, name: str) -> KnownVoice:
        """Make a voice of the account out of a preview. Raises a `ProviderError`: `Rejected`
        where there is no such preview."""
        ...

    async def aclose(self) -> None:
        """Give everything back."""
        ...
