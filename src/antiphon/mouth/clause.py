"""One clause: its text, its spoken form, and where its words lie in its audio. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from antiphon.audio.words import SpokenWord
from antiphon.mouth.phrases import Phrase
from antiphon.mouth.speakable import Speakable
from antiphon.mouth.tags import PLAIN, Delivery
from antiphon.ports.tts import SpokenWord as EngineWord

__all__ = ["LETTERS_PER_S", "Clause", "pause_s", "words_of"]

LETTERS_PER_S: Final = 15.0
"""How fast a voice speaks, for audio that does not exist yet."""
PAUSES_S: Final = dict.fromkeys(".!?。！？…", 0.18) | dict.fromkeys(":;：；—–-", 0.14)
"""Between clauses, by what the first one ends with: the pauses of an unhurried speaker."""
PAUSE_S: Final = 0.07
"""After anything else: a comma, or no mark at all."""
LINE_PAUSE_S: Final = 0.25
"""Between two lines: items of a list, paragraphs."""
_CLOSING: Final = " \t\n\"'”’)]*_」』）"


@dataclass(slots=True, eq=False)
class Clause:
    """A stretch of text that is synthesised in one go."""

    text: str
    spoken: Speakable
    delivery: Delivery = PLAIN
    """How it is said; its manner is named."""
    stress: tuple[int, ...] = ()
    """Words of the spoken form to be stressed, by number."""
    volume_db: float = 0.0
    """What is added to the level of the voice."""
    ready: Phrase | None = None
    """Its audio, where nobody has to make it: a clip, or silence."""
    breaks: bool = False
    """It is a silence that was asked for."""
    said: bool = False
    """Given to the voice, or found in the cache."""
    complete: bool = False
    """All of its audio is here."""
    start: int = 0
    """Where its audio begins in the reply's."""
    made: int = 0
    """Samples of audio so far."""
    inserted: int = 0
    """Samples of silence put inside it because more did not come in time."""
    times: list[EngineWord] = field(default_factory=list)
    """What the engine says of its words, in samples since ``start``."""


def pause_s(before: str, after: str) -> float:
    """The silence between two clauses of one reply."""
    if after.lstrip(" \t").startswith("\n"):
        return LINE_PAUSE_S
    mark = before.rstrip(_CLOSING)[-1:]
    return PAUSES_S.get(mark, PAUSE_S)


def words_of(clause: Clause, rate_hz: int) -> Iterator[tuple[int, SpokenWord]]:
    """Each original word of a clause: where it ends in the text, and when it is heard."""
    written = clause.spoken.words
    if not clause.made:
        # Nothing to hear in it (an emoji, a rule): it goes with what was heard before it.
        for word in written:
            yield word.end, SpokenWord("-", clause.start, clause.start)
        return
    length = clause.made
    if not clause.complete:
        length = max(length, round(len(clause.spoken.text) / LETTERS_PER_S * rate_hz))
    scale = length / max(1e-9, sum(word.weight for word in written))
    starts = [time.start for time in clause.times]
    known = clause.times if len(starts) == sum(word.tokens for word in written) else []
    at, token = 0.0, 0
    for word in written:
        begin, at = at, at + word.weight * scale
        first, last = round(begin), round(at)
        if known and word.tokens:
            first, last = known[token].start, known[token + word.tokens - 1].end
        token += word.tokens
        yield word.end, SpokenWord("-", clause.start + first, clause.start + last)
