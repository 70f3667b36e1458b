"""What of one caller's speech is not dealt with: where it is, how it was read, and what is to be
heard again by a recogniser that takes over. Pure; all of it in the call's own time."""

from collections import deque
from dataclasses import replace
from typing import Final

from antiphon.events import SpeechStarted, SpeechStopped, TranscriptChanged

__all__ = ["OpenSpeech"]

BLUR_S: Final = 0.15
"""Recognisers place words to within about this."""


class OpenSpeech:
    """True while somebody speaks, or said something that is not dealt with."""

    def __init__(self) -> None:
        self.owed_s: float | None = None
        """A final reading up to here was asked for and has not come."""
        self._edges: deque[SpeechStarted | SpeechStopped] = deque(maxlen=256)
        self._told: dict[int, TranscriptChanged] = {}
        """The newest reading of every segment that is not dealt with."""
        self._segments = 0
        self._settled_s = 0.0
        self.unread: tuple[float, float] | None = None
        """Settled before it was read to its end: up to where a final is owed, and up to where it
        is settled. Whoever takes over hears it again, so that the turn can still be amended."""

    def __bool__(self) -> bool:
        settled_s = self.unread[1] if self.unread else self._settled_s
        told = any(told.end_s > settled_s for told in self._told.values())
        return told or self.owed_s is not None or self._speaking_since is not None

    @property
    def begins_s(self) -> float | None:
        """Where the first of it begins; None where there is nothing."""
        edges = self.edges_after(self._settled_s)
        starts = [edge.at_s for edge in edges if isinstance(edge, SpeechStarted)]
        starts += [told.start_s for told in self._told.values()]
        if self.owed_s is not None:
            starts.append(self.owed_s)
        return min(starts, default=None)

    def edge(self, edge: SpeechStarted | SpeechStopped) -> None:
        """Speech began or ended."""
        self._edges.append(edge)

    def read(self, told: TranscriptChanged) -> None:
        """A segment was read, or read again."""
        self._segments = max(self._segments, told.segment + 1)
        if told.end_s > self._settled_s:
            self._told[told.segment] = told
        if told.final and self.owed_s is not None and told.end_s >= self.owed_s - BLUR_S:
            self.owed_s = None
        if told.final and self.unread and told.end_s >= self.unread[0] - BLUR_S:
            self._forget(self.unread[1])

    def settle(self, until_s: float) -> None:
        """Words up to here are dealt with."""
        if self.owed_s is not None and self.owed_s <= until_s + BLUR_S:
            self.unread, self.owed_s = (self.owed_s, until_s), None
        else:
            self._forget(until_s)

    def _forget(self, until_s: float) -> None:
        self.unread = None
        self._settled_s = max(self._settled_s, until_s)
        self._told = {n: told for n, told in self._told.items() if told.end_s > until_s}
        # The last edge before says whether somebody was speaking.
        while len(self._edges) > 1 and self._edges[1].at_s <= until_s:
            self._edges.popleft()

    def edges_after(self, origin_s: float) -> list[SpeechStarted | SpeechStopped]:
        """Where speech begins and ends from there on."""
        after = [edge for edge in self._edges if edge.at_s > origin_s]
        before = [edge for edge in self._edges if edge.at_s <= origin_s]
        if before and isinstance(before[-1], SpeechStarted):
            after.insert(0, SpeechStarted(at_s=origin_s))
        return after

    def resume(self, first_s: float) -> tuple[float, int, list[TranscriptChanged]]:
        """Where to hear again from, the number of the first segment found there, and what changes
        in the segments before. ``first_s`` is where the audio begins that is still there."""
        if self.unread and self.unread[0] <= first_s:
            self._forget(self.unread[1])  # it is gone
        guessed = [told for told in self._told.values() if not self._is_done(told)]
        done_s = max((t.end_s for t in self._told.values() if self._is_done(t)), default=0.0)
        origin_s = max(self._settled_s, done_s, first_s)
        changed = [
            self._shortened(told, origin_s)
            for told in guessed
            if told.words and told.start_s < origin_s - BLUR_S
        ]
        again = sorted(t.segment for t in guessed if t.start_s >= origin_s - BLUR_S)
        # What is heard now takes the place of the first guess; the others are withdrawn.
        withdrawn = [self._told.pop(number) for number in again[1:]]
        changed += [replace(told, text="", words=(), final=False) for told in withdrawn]
        return origin_s, again[0] if again else self._segments, changed

    def _shortened(self, told: TranscriptChanged, until_s: float) -> TranscriptChanged:
        """What follows in it is heard again, as words of another segment."""
        words = tuple(word for word in told.words if word.end_s <= until_s + BLUR_S)
        del self._told[told.segment]
        text = " ".join(word.text for word in words)
        return replace(told, text=text, words=words, end_s=until_s, final=True)

    def _is_done(self, told: TranscriptChanged) -> bool:
        """It was heard to its end: nothing said since belongs to it. A final that was told amid
        speech may have ended within a word."""
        return told.final and not self._amid_speech(told.end_s)

    def _amid_speech(self, at_s: float) -> bool:
        since_s: float | None = None
        for edge in self._edges:
            if isinstance(edge, SpeechStarted):
                since_s = edge.at_s
            elif since_s is not None and since_s < at_s < edge.at_s - BLUR_S:
                return True
            else:
                since_s = None
        return since_s is not None and since_s < at_s

    @property
    def _speaking_since(self) -> float | None:
        """When the speech began that goes on now."""
        last = self._edges[-1] if self._edges else None
        return last.at_s if isinstance(last, SpeechStarted) else None
