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


@dataclass(slots=True)
class Transcript:
    """The newest reading of the caller's audio."""

    final_until_s: float = -math.inf
    """The recogniser has heard everything up to here."""
    _segments: dict[int, TranscriptChanged] = field(default_factory=dict)

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
        parts = (_within(self._segments[key], from_s, until_s) for key in sorted(self._segments))
        return " ".join(part for part in parts if part)

    def span(self, from_s: float, until_s: float = math.inf) -> tuple[float, float] | None:
        """From where to where the words of `text` lie; None where there are none."""
        spans = [
            _span(segment, from_s, until_s)
            for segment in self._segments.values()
            if words_of(_within(segment, from_s, until_s))
        ]
        return (min(spans)[0], max(end for _, end in spans)) if spans else None

    def is_final(self, until_s: float) -> bool:
        """Whether the recogniser has heard everything up to ``until_s``."""
        return self.final_until_s >= until_s - BLUR_S

    def forget(self, before_s: float) -> None:
        """Drop what ended before this; nobody will ask for it again."""
        self._segments = {k: seg for k, seg in self._segments.items() if seg.end_s > before_s}


def _inside(piece: Word | TranscriptChanged, from_s: float, until_s: float) -> bool:
    """A word belongs where its middle lies. A segment that cannot be cut belongs where it
    begins, so that it stays there while it grows."""
    middle_s = (piece.start_s + piece.end_s) / 2
    at_s = middle_s if isinstance(piece, Word) else min(middle_s, piece.start_s + BLUR_S)
    return from_s <= at_s < until_s


def _within(heard: TranscriptChanged, from_s: float, until_s: float) -> str:
    """The words of one segment that lie in the range."""
    if not heard.words:
        return heard.text if _inside(heard, from_s, until_s) else ""
    words = [word.text for word in heard.words if _inside(word, from_s, until_s)]
    return heard.text if len(words) == len(heard.words) else " ".join(words)


def _span(heard: TranscriptChanged, from_s: float, until_s: float) -> tuple[float, float]:
    """Where those words begin and end."""
    inside: list[Word | TranscriptChanged]
    inside = [word for word in heard.words if _inside(word, from_s, until_s)] or [heard]
    return inside[0].start_s, inside[-1].end_s
