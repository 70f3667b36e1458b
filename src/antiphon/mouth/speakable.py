"""Writing a clause for the ear. PLACEHOLDER"""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WrittenWord:
    """A word of the original text and how long its spoken form is."""

    end: int
    weight: float
    tokens: int = 1


@dataclass(frozen=True, slots=True)
class Speakable:
    text: str
    words: tuple[WrittenWord, ...]


def speakable(
    text: str, *, language: str = "en", lexicon: Mapping[str, str] | None = None
) -> Speakable:
    words = tuple(WrittenWord(m.end(), 1.0 + len(m[0])) for m in re.finditer(r"\S+", text))
    return Speakable(text.strip() if any(map(str.isalnum, text)) else "", words)
