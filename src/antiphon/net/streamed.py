"""What a streaming recogniser over the network needs: its audio cut and counted, its words kept.

Lives here, for every vendor: `AudioFeed` (what is fed becomes frames, and the vendor's clock is
mapped back to what was fed) and `Segments` (the pieces a vendor tells become a call's segments).
Pure but for the queue. Must not live here: messages, sockets, what a vendor's event means.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from antiphon.audio import g711
from antiphon.events import TranscriptChanged, Word
from antiphon.net.outgoing import Item, Outgoing
from antiphon.ports.stt import Encoding, Heard

__all__ = ["WIRE_NAMES", "AudioFeed", "Piece", "Segments"]

KEPT_S: Final = 30.0
"""Audio that waits for a slow connection. A reopened ear is fed up to 20 s at once."""
TIMES_FASTER: Final = 4
"""Audio that waits is read at least so many times faster than it was spoken."""
BREAKS: Final = 512
"""Remembered gaps between what was fed and what was sent; the oldest are forgotten."""
SEGMENT_S: Final = 12.0
SEGMENT_LETTERS: Final = 1000
"""A segment longer than either ends where the vendor closes a piece."""


WIRE_NAMES: Final[Mapping[Encoding, str]] = {
    "pcm16": "linear16",
    "mulaw": "mulaw",
    "alaw": "alaw",
}
"""What most vendors call them."""
ENCODERS: Final[Mapping[Encoding, Callable[[bytes], bytes]]] = {
    "pcm16": lambda pcm: pcm,
    "mulaw": g711.encode_mulaw,
    "alaw": g711.encode_alaw,
}


class AudioFeed:
    """PCM16 in, frames of ``frame_s`` in the line's own encoding out, and where each sent sample
    was fed."""

    def __init__(
        self, rate_hz: int, frame_s: float, provider: str = "", encoding: Encoding = "pcm16"
    ) -> None:
        self._encode = ENCODERS[encoding]
        self._rate_hz = rate_hz
        self._frame_bytes = 2 * round(frame_s * rate_hz)
        self._rest = b""
        self._fed = 0
        """Samples handed to the queue."""
        self.outgoing = Outgoing(round(KEPT_S * rate_hz), provider)
        self._sent = 0
        # Of each stretch sent without a break: the vendor's first sample, and the one fed.
        self._vendor = [0]
        self._ours: list[int] = [0]
        self._next: int | None = 0

    @property
    def fed_s(self) -> float:
        return (self._fed + len(self._rest) // 2) / self._rate_hz

    @property
    def vendor_until_s(self) -> float:
        """Where the vendor will be, in its seconds, when it has all that waits."""
        return (self._sent + self.outgoing.samples) / self._rate_hz

    @property
    def behind_s(self) -> float:
        """How much longer the vendor may take, for what waits: a reopened ear has much."""
        return self.outgoing.samples / self._rate_hz / TIMES_FASTER

    def feed(self, pcm: bytes) -> None:
        """More caller audio."""
        pcm, size = self._rest + pcm, self._frame_bytes
        whole = len(pcm) - len(pcm) % size
        for at in range(0, whole, size):
            self._queue(pcm[at : at + size])
        self._rest = pcm[whole:]

    def flush(self, least_s: float = 0.0) -> None:
        """What is left goes at once: somebody waits for it. Half a sample stays. A vendor that
        takes no frame shorter than ``least_s`` gets silence after it."""
        whole = len(self._rest) - len(self._rest) % 2
        rest, self._rest = self._rest[:whole], self._rest[whole:]
        if rest:
            self._queue(rest, bytes(max(0, 2 * round(least_s * self._rate_hz) - whole)))

    def silence(self, seconds: float) -> None:
        """Silence that nobody fed, for a vendor that must not be left without audio."""
        samples = round(seconds * self._rate_hz)
        self.outgoing.add_audio(self._encode(bytes(2 * samples)), None, samples)

    def sent(self, item: Item) -> None:
        """To be told of every item that was sent, in order."""
        if not item.samples:
            return
        if item.at is None or item.at != self._next:
            self._vendor.append(self._sent)
            self._ours.append(-1 if item.at is None else item.at)
            del self._vendor[:-BREAKS], self._ours[:-BREAKS]
        self._sent += item.samples
        self._next = None if item.at is None else item.at + item.samples

    def fed_at_s(self, vendor_s: float) -> float:
        """The vendor's seconds as seconds since the first sample fed."""
        sample = round(vendor_s * self._rate_hz)
        stretch = max(0, bisect_right(self._vendor, sample) - 1)
        while stretch and self._ours[stretch] < 0:
            # In silence of ours: where the audio before it ended.
            sample = self._vendor[stretch]
            stretch -= 1
        ours = max(self._ours[stretch], 0) + sample - self._vendor[stretch]
        return min(max(ours, 0) / self._rate_hz, self.fed_s)

    def _queue(self, frame: bytes, padding: bytes = b"") -> None:
        sent = frame + padding
        self.outgoing.add_audio(self._encode(sent), self._fed, len(sent) // 2)
        self._fed += len(frame) // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What a vendor makes of a stretch of audio, in seconds since the first sample fed."""

    start_s: float
    end_s: float
    text: str = ""
    words: tuple[Word, ...] = ()
    confidence: float = 1.0
    language: str = ""
    """As the vendor names it; empty: not told."""

    def after(self, floor_s: float) -> "Piece":
        """The part that lies after a moment, by the middle of each word."""
        return self._part(lambda at_s: at_s > floor_s)

    def until(self, floor_s: float) -> "Piece":
        """The part before it."""
        return self._part(lambda at_s: at_s <= floor_s)

    def _part(self, belongs: Callable[[float], bool]) -> "Piece":
        if not self.words:
            whole = belongs((self.start_s + self.end_s) / 2)
            return self if whole else replace(self, text="")
        words = tuple(w for w in self.words if belongs((w.start_s + w.end_s) / 2))
        if len(words) == len(self.words):
            return self  # the vendor's own text: not every language parts words by spaces
        return replace(self, words=words, text=" ".join(word.text for word in words))


class _Segment:
    def __init__(self, number: int) -> None:
        self.number = number
        self.closed: list[Piece] = []
        self.open: Piece | None = None

    @property
    def pieces(self) -> list[Piece]:
        both = [*self.closed, *([self.open] if self.open else [])]
        return [piece for piece in both if piece.text]

    def put(self, piece: Piece, closed: bool) -> None:
        self.open = None if closed else piece
        if closed and piece.text:
            self.closed.append(piece)


class Segments:
    """A call's segments, made of the pieces one recognition tells."""

    def __init__(self, tell: Callable[[Heard], None]) -> None:
        self._tell = tell
        self._floor_s = 0.0
        self._segment = _Segment(0)
        self._late: _Segment | None = None
        """Forgotten while a final of it was still owed."""
        self._told: TranscriptChanged | None = None

    @property
    def undecided(self) -> bool:
        """Words were told that the vendor may still change."""
        return bool(self._segment.open and self._segment.open.text)

    def heard(self, piece: Piece, *, closed: bool) -> None:
        """A reading; one that is not closed is replaced by the next."""
        if self._late is not None:
            self._late.put(piece.until(self._floor_s), closed)
        segment = self._segment
        segment.put(piece.after(self._floor_s), closed)
        self._say(segment, final=False)
        if closed and _is_long(segment):
            self._say(segment, final=True)
            self._segment = _Segment(segment.number + 1)

    def final(self, until_s: float) -> None:
        """Everything up to here has been heard: tell it, whatever was told before."""
        segment, self._late = self._late or self._segment, None
        self._say(segment, final=True, until_s=until_s, again=True)

    def settled(self) -> None:
        """The vendor believes that what it told of this segment is complete."""
        if self._segment.pieces:
            self._say(self._segment, final=True)

    def forget(self, until_s: float, *, owed: bool) -> None:
        """See `Recognition.forget`; ``owed`` says that a final up to here is still to come."""
        segment = self._segment
        early = [piece.until(until_s) for piece in segment.pieces]
        ends = [word.end_s for piece in early for word in piece.words]
        self._floor_s = max(self._floor_s, until_s, *ends)
        fresh = _Segment(segment.number + 1)
        fresh.closed = [p for p in (piece.after(until_s) for piece in segment.closed) if p.text]
        fresh.open = segment.open.after(until_s) if segment.open else None
        if owed and self._late is None:
            segment.closed = [p.until(until_s) for p in segment.closed]
            segment.open = segment.open.until(until_s) if segment.open else None
            self._late = segment
        self._segment = fresh
        self._told = None
        if fresh.pieces:
            self._say(fresh, final=False)

    def _say(
        self, segment: _Segment, *, final: bool, until_s: float | None = None, again: bool = False
    ) -> None:
        pieces = segment.pieces
        if not pieces and not again:
            return
        told = _event(segment.number, pieces, final=final, until_s=until_s)
        before, self._told = self._told, told
        same = before is not None and before.segment == told.segment and before.text == told.text
        if again or not same or (final and before is not None and not before.final):
            self._tell(told)


def _event(
    number: int, pieces: list[Piece], *, final: bool, until_s: float | None
) -> TranscriptChanged:
    words = tuple(word for piece in pieces for word in piece.words)
    starts = [word.start_s for word in words] or [piece.start_s for piece in pieces]
    ends = [word.end_s for word in words] or [piece.end_s for piece in pieces]
    end_s = max([*ends, *([until_s] if until_s is not None else [])])
    return TranscriptChanged(
        segment=number,
        text=" ".join(piece.text for piece in pieces),
        start_s=min([*starts, end_s]),
        end_s=end_s,
        final=final,
        words=words,
        confidence=min((piece.confidence for piece in pieces), default=1.0),
        language=next((piece.language for piece in reversed(pieces) if piece.language), ""),
    )


def _is_long(segment: _Segment) -> bool:
    pieces = segment.pieces
    if not pieces:
        return False
    letters = sum(len(piece.text) for piece in pieces)
    return pieces[-1].end_s - pieces[0].start_s > SEGMENT_S or letters > SEGMENT_LETTERS
