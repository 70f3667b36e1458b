"""Clauses on their way to a vendor's voice, and sound on its way back. Pure.

Lives here: what every hosted voice does to text and to PCM16, whichever protocol it speaks. Must
not live here: how text is written for the ear (`antiphon.mouth`), and any vendor's limits.
"""

import re
from collections.abc import Callable, Collection

__all__ = ["pieces", "speakable", "stressed", "whole_samples"]


def speakable(text: str) -> bool:
    """Whether there is anything in it to be said. Vendors refuse dots, dashes and nothing at all,
    or charge for them and send silence."""
    return any(letter.isalnum() for letter in text)


def pieces(clause: str, letters: int) -> list[str]:
    """A clause in pieces of at most so many letters, cut between words where it has any. Always
    at least one."""
    found: list[str] = []
    while len(clause) > letters:
        cut = clause.rfind(" ", 1, letters)
        cut = cut if cut > 0 else letters
        found.append(clause[:cut])
        clause = clause[cut:].lstrip()
    return [*found, clause]


def stressed(text: str, stress: Collection[int], mark: Callable[[str], str]) -> str:
    """A text with some of its words, by number, marked."""
    words = list(re.finditer(r"\S+", text)) if stress else []
    for number in sorted(stress, reverse=True):
        if number < len(words):
            start, end = words[number].span()
            text = text[:start] + mark(text[start:end]) + text[end:]
    return text


def whole_samples(data: bytes) -> tuple[bytes, bytes]:
    """The part that is whole samples, and the half one that may be left."""
    whole = len(data) - len(data) % 2
    return data[:whole], data[whole:]
