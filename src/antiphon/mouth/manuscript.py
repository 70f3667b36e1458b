"""A reply's text on its way to being spoken: where its markup and its clauses meet. Pure.

Text comes in as it streams, and what is made of it comes out: lines that are spoken in one go, and
the breaks and clips between them. A line ends where a clause does (segments.py), at a break or a
clip, and where the delivery changes. The texts that came out, joined, are the text of the reply:
without tags, nothing else lost or changed. How the text arrives makes no difference.
"""

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from antiphon.actions import Trust
from antiphon.mouth.markup import Break, Clip, Markup, Piece, Words
from antiphon.mouth.segments import Segmenter
from antiphon.mouth.speakable import Stretch
from antiphon.mouth.tags import PLAIN, Delivery

__all__ = ["Line", "Manuscript", "Part"]

_CLOSING: Final = re.compile(r"[.,;:!?…。，、；：！？)\]\"'”’]+")
"""Marks that belong to what went before: the comma after ``</prosody>``."""
_WHOLE: Final = "x"
"""Stands for each letter of a stretch that must not be cut."""


@dataclass(frozen=True, slots=True)
class Line:
    """A stretch of text that is said in one go, in one way."""

    text: str
    delivery: Delivery = PLAIN
    readings: tuple[Stretch, ...] = ()
    stressed: tuple[tuple[int, int], ...] = ()


Part: TypeAlias = Line | Break | Clip


class Manuscript:
    """One reply's text."""

    def __init__(self) -> None:
        self.text = ""
        """What has come of it, without tags; the last of it may be in no line yet."""
        self._markup = Markup()
        self._segmenter = Segmenter()
        self._cut = 0
        """How much of the text is in lines."""
        self._delivery = PLAIN
        self._readings: list[Stretch] = []
        self._stressed: list[tuple[int, int]] = []
        self._out: list[Part] = []

    @property
    def rest(self) -> str:
        """Words that came and wait for more."""
        return self._markup.rest

    def add(self, text: str, *, trust: Trust, last: bool) -> list[Part]:
        """More text; returns what is certain now."""
        for piece in self._markup.feed(text, trust=trust, last=last):
            self._take(piece)
        if last:
            self._seam()
        out, self._out = self._out, []
        return out

    def _take(self, piece: Piece) -> None:
        if isinstance(piece, Words):
            self._words(piece)
            return
        self._seam()
        if isinstance(piece, Clip):
            self.text += piece.text
            self._cut = len(self.text)
        self._out.append(piece)

    def _words(self, words: Words) -> None:
        text = words.text
        if words.delivery != self._delivery:
            follows = self._segmenter.rest and words.reading is None
            closing = _CLOSING.match(text) if follows else None
            ends = closing.end() if closing else 0
            self._feed(text[:ends], whole=False)
            text = text[ends:]
            if not text:
                return
            self._seam()
            self._delivery = words.delivery
        at, end = len(self.text), len(self.text) + len(text)
        if words.reading:
            self._readings.append((at, end, words.reading))
        if words.stressed:
            blank = len(text) - len(text.lstrip())
            self._stressed.append((at + blank, at + len(text.rstrip())))
        self._feed(text, whole=words.reading is not None)

    def _feed(self, text: str, *, whole: bool) -> None:
        self.text += text
        self._lines(self._segmenter.feed(_WHOLE * len(text) if whole else text))

    def _seam(self) -> None:
        self._lines(self._segmenter.close())

    def _lines(self, clauses: list[str]) -> None:
        for clause in clauses:
            start, end = self._cut, self._cut + len(clause)
            readings = tuple(
                (max(a, start) - start, min(b, end) - start, how)
                for a, b, how in self._readings
                if a < end and start < b
            )
            stressed = tuple(
                (max(a, start) - start, min(b, end) - start)
                for a, b in self._stressed
                if a < end and start < b
            )
            self._out.append(Line(self.text[start:end], self._delivery, readings, stressed))
            self._cut = end
        if clauses:
            self._readings = [each for each in self._readings if each[1] > self._cut]
            self._stressed = [each for each in self._stressed if each[1] > self._cut]
