"""Following a text through the audio made of it, by its letters. Pure.

The vendor does not say where the audio of a flushed clause ends; it says where characters lie.
What it calls the original text is not quite what was sent: spaces, hyphens and other marks come
and go, and characters may be told twice (third parties, from logs). So only letters and figures
are compared, without case and accents. Where they do not fit, nothing is concluded: the audio
still counts, the words are not told, and the end of the clause must be learned otherwise.
"""

import unicodedata
from collections.abc import Sequence
from typing import Final, TypeAlias

from antiphon.ports.tts import SpokenWord

__all__ = ["Clock", "Passage", "Placed", "Timed", "letters"]

Timed: TypeAlias = tuple[str, float, float]
"""A character, and where its sound begins and ends, in seconds."""
Placed: TypeAlias = tuple[str, int, int]
"""The same in samples since audio began to come."""
ABSOLUTE_S: Final = 0.5
"""So far into the audio, times that count from its beginning can be told from those that count
from their own message's."""
AHEAD_S: Final = 0.5
"""Characters that reach so far beyond the audio come before it, and not with it."""
BLUR_S: Final = 0.1
LEAST_RESTART: Final = 4
"""Fewer letters than these that do not follow are no sign that the vendor began again."""


def letters(text: str) -> str:
    """What is compared of a text."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


class Clock:
    """Where audio and characters are. The vendor's documentation counts a message's times from
    its own audio; that may be longer than what came with it, the rest follows without times
    (third parties). Some clients take them as counted from the beginning of it all: times that
    can only be meant so are taken so."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self.made = 0
        """Samples that came."""
        self._told = 0
        """How far characters reach."""

    def place(self, chars: Sequence[Timed]) -> list[Placed]:
        """The characters of a message; to be called before its audio counts as made."""
        if not chars:
            return []
        ahead = self._told - self.made > AHEAD_S * self._rate_hz
        base = self._told if ahead else self.made
        if base > ABSOLUTE_S * self._rate_hz and (chars[0][1] > base / self._rate_hz - BLUR_S):
            base = 0
        placed = [
            (char, base + self._at(start), base + self._at(end)) for char, start, end in chars
        ]
        self._told = max(self._told, placed[-1][2])
        return placed

    def _at(self, seconds: float) -> int:
        return max(0, round(seconds * self._rate_hz))


class Passage:
    """A clause or a piece of one, as it is being spoken."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._letters = letters(text)
        self._read = 0
        """Letters heard so far."""
        self._words: list[tuple[str, int]] = []
        """Each word, and how many letters there are up to its end."""
        upto = 0
        for word in text.split():
            upto += len(letters(word))
            self._words.append((word, upto))
        self._next = 0
        self._begun: int | None = None
        """Where the word begins that is being heard."""
        self._end = 0
        """Where the last one ended."""

    @property
    def complete(self) -> bool:
        """All its letters were heard of."""
        return self._read >= len(self._letters)

    def hear(self, chars: Sequence[Placed]) -> tuple[list[SpokenWord], int]:
        """More characters. Returns the words that end with them, and how many of the characters
        are this passage's: the rest belong to the next."""
        heard = [letters(char) for char, _, _ in chars]
        if self.complete:
            return [], next((number for number, each in enumerate(heard) if each), len(chars))
        skipped = self._skipped("".join(heard))
        if skipped is None or not chars:
            return [], len(chars)
        if not self._read:
            self._end = max(self._end, chars[0][1])
        words: list[SpokenWord] = []
        for number, (each, (_, start, end)) in enumerate(zip(heard, chars, strict=True)):
            if each and self._read >= len(self._letters):
                return words, number
            fresh = max(0, len(each) - skipped)
            skipped = max(0, skipped - len(each))
            if fresh:
                words += self._advance(fresh, start, end)
        return words, len(chars)

    def begins(self, chars: Sequence[Placed]) -> bool:
        """Whether these are the first of its letters."""
        heard = "".join(letters(char) for char, _, _ in chars)
        return bool(heard) and not self._read and _agree(heard, self._letters)

    def _skipped(self, heard: str) -> int | None:
        """How many of these letters were heard before; None where they are not ours."""
        ahead = self._letters[self._read :]
        if _agree(heard, ahead):
            return 0
        if len(heard) >= LEAST_RESTART:
            for read in range(self._read - 1, -1, -1):
                if _agree(heard, self._letters[read:]):
                    return self._read - read
        return None

    def _advance(self, fresh: int, start: int, end: int) -> list[SpokenWord]:
        self._read += fresh
        begun = max(start, self._end) if self._begun is None else self._begun
        self._begun = begun
        words: list[SpokenWord] = []
        while self._next < len(self._words) and self._words[self._next][1] <= self._read:
            word, upto = self._words[self._next]
            if (self._next and upto == self._words[self._next - 1][1]) or not upto:
                begun = self._end  # a mark without letters: it stands where the last word ended
            else:
                self._end = max(end, begun)
                self._begun = None
            words.append(SpokenWord(text=word, start=begun, end=self._end))
            begun = self._end
            self._next += 1
        return words


def _agree(heard: str, ahead: str) -> bool:
    """What was heard is what comes next, and may go on behind its end."""
    return ahead.startswith(heard) or (bool(ahead) and heard.startswith(ahead))
