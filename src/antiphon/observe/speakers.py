"""Who said which part of a turn, where the recogniser was asked to tell. Pure."""

from collections.abc import Iterable
from itertools import groupby

from antiphon.actions import Answer
from antiphon.events import Word
from antiphon.turns.words import same_words

__all__ = ["by_speakers"]


def by_speakers(turn: Answer, words: Iterable[Word]) -> str:
    """The turn's text with a mark wherever another voice begins; as it is where none was told, or
    the words found at its place are not its own."""
    within = [word for word in words if turn.start_s <= (word.start_s + word.end_s) / 2]
    within = [word for word in within if (word.start_s + word.end_s) / 2 <= turn.end_s]
    told = " ".join(word.text for word in within)
    if all(word.speaker is None for word in within) or not same_words(told, turn.text):
        return turn.text
    return " ".join(
        " ".join([*_mark(speaker), *(word.text for word in run)])
        for speaker, run in groupby(within, key=lambda word: word.speaker)
    )


def _mark(speaker: int | None) -> list[str]:
    return [] if speaker is None else [f"[speaker {speaker}]"]
