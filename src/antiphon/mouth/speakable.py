"""Writing a clause for the ear, and remembering which original word each sound belongs to.

Models write for the eye: markdown, emoji, digits, addresses. The voice gets none of it. What the
caller heard is still reported in the model's own words, so every word of the original keeps a
share of the spoken form: exact where the engine gives word times, by length where it does not.

Pure. What a date sounds like is english.py's matter; other languages get only what is the same
everywhere.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Final, TypeAlias

from antiphon.mouth.english import RULES, Rule
from antiphon.mouth.markup import Reading
from antiphon.mouth.spelt import spelt

__all__ = ["Speakable", "Stretch", "WrittenWord", "speakable", "stressed"]


@dataclass(frozen=True, slots=True)
class WrittenWord:
    """A word of the original text."""

    end: int
    """Where it ends in the clause."""
    weight: float
    """Its share of the time the clause takes, by letters of its spoken form."""
    tokens: int
    """How many words of the spoken form are its own."""


@dataclass(frozen=True, slots=True)
class Speakable:
    """A clause as a voice should read it; ``text`` is empty where there is nothing to say."""

    text: str
    words: tuple[WrittenWord, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of the original and how it is read."""

    start: int
    end: int
    text: str
    settled: bool = False
    """No later rule may touch it."""


def _nothing(_: re.Match[str]) -> str:
    return ""


def _space(_: re.Match[str]) -> str:
    return " "


_MARKUP: Final[tuple[Rule, ...]] = (
    (re.compile(r"```[\w-]*|`+"), _nothing),
    (re.compile(r"!?\[(?=[^\]]*\]\()"), _nothing),
    (re.compile(r"\]\([^)\s]*(?:\s+\"[^\"]*\")?\)"), _nothing),
    (re.compile(r"^[ \t]*(?:#{1,6}|>+|[-*+•‣·])[ \t]+", re.MULTILINE), _nothing),
    (re.compile(r"^[ \t]*(?:[-*_=][ \t]*){3,}$", re.MULTILINE), _nothing),
    (re.compile(r"\*+|~~|(?<!\w)_+|_+(?!\w)"), _nothing),
)
_MARKS: Final[Rule] = (
    re.compile(r"[\[\](){}<>|\\^\"“”„«»「」『』（）]|(?<!\w)['‘]|['’](?!\w)"),
    _space,
)
"""Brackets and quotes; after the rules that read a number in brackets."""
_IDEOGRAPH: Final = r"[\u3040-\u30ff\u3400-\u9fff]"
_WORD: Final = re.compile(rf"{_IDEOGRAPH}[^\s\w]*|(?:(?!{_IDEOGRAPH})\S)+")


Stretch: TypeAlias = tuple[int, int, Reading]
"""From which letter to which, and how it is read."""


def speakable(
    text: str,
    *,
    language: str = "en",
    lexicon: Mapping[str, str] | None = None,
    readings: Sequence[Stretch] = (),
) -> Speakable:
    """The clause for the voice. Text that has words is never made empty. ``readings``, in order,
    are stretches that are read in a way of their own."""
    pieces = list(_given(text, readings, language, lexicon))
    pieces = _apply(pieces, _without_pictures)
    for rule in _rules(language, tuple((lexicon or {}).items())):
        pieces = _apply(pieces, rule)
    spoken = _tidy("".join(piece.text for piece in pieces))
    if not _has_word(spoken):
        spoken = _tidy("".join(letter if letter.isalnum() else " " for letter in text))
        pieces = [_Piece(0, len(text), text)]
    return Speakable(spoken, tuple(_share(text, spoken, pieces)))


def stressed(written: Speakable, stretches: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """Which words of the spoken form come from these stretches of the original, by number."""
    found: list[int] = []
    token = before = 0
    for word in written.words:
        if any(start < word.end and before < end for start, end in stretches):
            found += range(token, token + word.tokens)
        token, before = token + word.tokens, word.end
    return tuple(found)


def _given(
    text: str, readings: Sequence[Stretch], language: str, lexicon: Mapping[str, str] | None
) -> Iterator[_Piece]:
    at = 0
    for start, end, reading in readings:
        said: str | None = reading.detail
        if reading.how != "alias":
            english = language.lower().startswith("en")
            said = spelt(text[start:end], reading.how, reading.detail, english=english)
        elif said:
            said = speakable(said, language=language, lexicon=lexicon).text
        if not said:
            continue  # it is read as any other text
        yield _Piece(at, start, text[at:start])
        yield _Piece(start, end, said, settled=True)
        at = end
    yield _Piece(at, len(text), text[at:])


_Rewrite = Callable[[str], Iterator[tuple[int, int, str]]]


def _rewriting(rule: Rule) -> _Rewrite:
    pattern, read = rule

    def found(text: str) -> Iterator[tuple[int, int, str]]:
        for match in pattern.finditer(text):
            if (said := read(match)) is not None and match.end() > match.start():
                yield match.start(), match.end(), said

    return found


@lru_cache(maxsize=64)
def _rules(language: str, lexicon: tuple[tuple[str, str], ...]) -> tuple[_Rewrite, ...]:
    own = tuple(_entry(word, said) for word, said in lexicon)
    english = RULES if language.lower().startswith("en") else ()
    return tuple(map(_rewriting, (*own, *_MARKUP, *english, _MARKS)))


def _entry(word: str, said: str) -> Rule:
    pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
    return pattern, lambda _: said


def _without_pictures(text: str) -> Iterator[tuple[int, int, str]]:
    """Emoji, arrows, boxes: anything that is a picture and not a letter or a mark."""
    for index, letter in enumerate(text):
        if letter < "\u00a9" or letter in "°©€£¥−":
            continue
        kind = unicodedata.category(letter)
        if kind in {"So", "Sk", "Cf", "Co", "Cs", "Cn"} or letter in "\ufe0f\u20e3":
            yield index, index + 1, ""
        elif kind == "Sm":
            yield index, index + 1, " "


def _apply(pieces: list[_Piece], rewrite: _Rewrite) -> list[_Piece]:
    done: list[_Piece] = []
    for piece in pieces:
        if piece.settled:
            done.append(piece)
            continue
        at = 0
        for start, end, said in rewrite(piece.text):
            if start > at:
                done.append(_Piece(piece.start + at, piece.start + start, piece.text[at:start]))
            done.append(_Piece(piece.start + start, piece.start + end, said, settled=True))
            at = end
        if at == 0:
            done.append(piece)
        elif at < len(piece.text):
            done.append(_Piece(piece.start + at, piece.end, piece.text[at:]))
    return done


def _share(text: str, spoken: str, pieces: list[_Piece]) -> Iterator[WrittenWord]:
    """Give every original word the part of the spoken form that was made from it."""
    # Letters spoken up to each character of the original; what was read as a whole
    # ("March 3, 2027") is spread evenly over its characters.
    reach = [0.0]
    for piece in pieces:
        letters = len("".join(piece.text.split()))
        for index in range(piece.start, piece.end):
            even = letters / (piece.end - piece.start)
            reach.append(reach[-1] + (even if piece.settled else not text[index].isspace()))
    ends = [0.0, *accumulate(float(len(token)) for token in spoken.split())]
    scale = ends[-1] / reach[-1] if reach[-1] else 0.0
    # A token belongs to the word in which its middle lies.
    middles = [(start + end) / 2 for start, end in pairwise(ends)]
    done, begun = 0, 0.0
    for found in _WORD.finditer(text):
        upto = reach[found.end()]
        count = bisect_right(middles, upto * scale)
        yield WrittenWord(found.end(), upto - begun, count - done)
        done, begun = count, upto


def _tidy(text: str) -> str:
    text = " ".join(text.split())
    text = re.sub(r"\s+([,.;:!?…])", r"\1", text)
    return re.sub(r"([,;:])(?:\s*[,;:])+", r"\1", text).lstrip(",;:.!? ")


def _has_word(text: str) -> bool:
    return any(map(str.isalnum, text))
