"""Which of the caller's words belong where, by where they lie in the audio.

Recognisers revise: a segment is told again and again, each time replacing itself. This keeps
the newest reading of every segment that may still matter, and gives the words of any range.
"""

import math
from dataclasses import dataclass, field

from antiphon.events import TranscriptChanged, Word
from antiphon.turns.words import words_of

__all__ = ["BLUR_S", "Transcript"]

# Recognisers place words to within about this: borders are that soft.
BLUR_S = 0.15
# Segments may begin a little before their first word.
_LEAD_S = 0.05


@dataclass(slots=True)
class Transcript:
    """The newest reading of the caller's audio."""

    final_until_s: float = -math.inf
    """The recogniser has heard everything up to here."""
    settled_s: float = 0.0
    """Words before this in the audio are dealt with."""
    _segments: dict[int, TranscriptChanged] = field(default_factory=dict)
    _cuts: tuple[tuple[float, float], ...] = ()
    """What was said there is nobody's any more."""

    def change(self, heard: TranscriptChanged) -> None:
        """Take a new reading of a segment. A guess never replaces a final of the same audio."""
        known = self._segments.get(heard.segment)
        if known and known.final and not heard.final and heard.end_s <= known.end_s + BLUR_S:
            return
        self._segments[heard.segment] = heard
        if heard.final:
            self.final_until_s = max(self.final_until_s, heard.end_s)

    def text(self, from_s: float, until_s: float = math.inf) -> str:
        """The words said in a range of audio, segment after segment."""
        parts = (self._part(self._segments[key], from_s, until_s) for key in sorted(self._segments))
        return " ".join(text for text, _, _ in parts if text)

    def span(self, from_s: float, until_s: float = math.inf) -> tuple[float, float] | None:
        """From where to where the words of `text` lie; None where there are none."""
        parts = [self._part(segment, from_s, until_s) for segment in self._segments.values()]
        spans = [(begin, end) for text, begin, end in parts if words_of(text)]
        return (min(spans)[0], max(end for _, end in spans)) if spans else None

    def said(self, until_s: float = math.inf) -> str:
        """The words not dealt with yet; empty where there are none, punctuation or not."""
        text = self.text(self.settled_s, until_s)
        return text if words_of(text) else ""

    def open(self, from_s: float = 0.0) -> tuple[float, float] | None:
        """Where those words lie, or the later ones of them."""
        return self.span(max(self.settled_s, from_s))

    def settle(self, until_s: float, keep_s: float | None = None) -> None:
        """What was said before this is dealt with; readings from ``keep_s`` on may still matter.
        The rest is forgotten."""
        self.settled_s = max(self.settled_s, until_s)
        before_s = self.settled_s if keep_s is None else min(keep_s, self.settled_s)
        self._segments = {k: seg for k, seg in self._segments.items() if seg.end_s > before_s}
        self._cuts = tuple(cut for cut in self._cuts if cut[1] > before_s)

    def cut(self, from_s: float, until_s: float) -> None:
        """What was said in this range is dealt with; what is around it is not."""
        self._cuts = (*self._cuts, (from_s, until_s))

    def is_final(self, until_s: float) -> bool:
        """Whether the recogniser has heard everything up to ``until_s``."""
        return self.final_until_s >= until_s - BLUR_S

    def _part(
        self, heard: TranscriptChanged, from_s: float, until_s: float
    ) -> tuple[str, float, float]:
        """The words of one segment that lie in the range, and where they begin and end."""
        if not heard.words:
            inside = self._inside(_place(heard), from_s, until_s)
            return heard.text if inside else "", heard.start_s, heard.end_s
        words = [word for word in heard.words if self._inside(_middle(word), from_s, until_s)]
        if not words:
            return "", heard.start_s, heard.end_s
        whole = len(words) == len(heard.words)
        text = heard.text if whole else " ".join(word.text for word in words)
        return text, words[0].start_s, words[-1].end_s

    def _inside(self, at_s: float, from_s: float, until_s: float) -> bool:
        return from_s <= at_s < until_s and not any(a <= at_s < b for a, b in self._cuts)


def _middle(piece: Word | TranscriptChanged) -> float:
    """A word belongs where its middle lies."""
    return (piece.start_s + piece.end_s) / 2


def _place(segment: TranscriptChanged) -> float:
    """A segment that cannot be cut belongs where it begins, so that it stays there while it
    grows."""
    return min(_middle(segment), segment.start_s + _LEAD_S)
