"""One call's ear towards a recogniser, kept open whatever happens to the recogniser.

A recognition that dies is opened again and hears once more what no final reading covers yet, so
that no word is lost; what it says then replaces what the dead one had guessed, so that none is
told twice. Its positions and segments start from zero; here they are put on the call's own line,
and nobody else notices.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from antiphon.call.kept import KeptAudio
from antiphon.errors import ProviderError, Unavailable
from antiphon.events import EndpointHinted, SpeechStarted, SpeechStopped, TranscriptChanged, Word
from antiphon.ports.clock import Clock
from antiphon.ports.stt import Heard, Hearing, Recogniser, Recognition

__all__ = ["OpenEar"]

RATE_HZ: Final = 16_000
KEPT_S: Final = 20.0
"""Enough to hear the current utterance again; the oldest goes first."""
QUIET_KEPT_S: Final = 2.0
"""The same while nobody speaks: the beginning of speech is noticed late."""
WAITS_S: Final = (0.0, 0.2, 0.5, 1.0, 2.0)
"""A recogniser that keeps dying is tried again after these, then after every last of them."""
GOOD_S: Final = 10.0
"""So much audio heard without trouble makes up for any number of failures."""
BLUR_S: Final = 0.15
"""Recognisers place words to within about this."""


@dataclass(slots=True)
class _Listening:
    """One recognition, and where its zeros lie on the call's line."""

    origin_s: float
    first_segment: int
    recognition: Recognition | None = None


class OpenEar:
    """Feeds a recognition and tells what it hears in the call's own time. `run` it in the call's
    task group; what comes before that is kept for it."""

    def __init__(
        self,
        recogniser: Recogniser,
        *,
        language: str,
        keyterms: tuple[str, ...],
        tell: Callable[[Heard], None],
        lost: Callable[[ProviderError], None],
        clock: Clock,
    ) -> None:
        self._recogniser = recogniser
        self._hearing = Hearing(rate_hz=RATE_HZ, language=language, keyterms=keyterms)
        self._tell = tell
        self._lost = lost
        self._clock = clock
        self._audio = KeptAudio(RATE_HZ)
        self._edges: deque[SpeechStarted | SpeechStopped] = deque(maxlen=256)
        self._told: dict[int, TranscriptChanged] = {}
        """The newest reading of every segment that is not dealt with."""
        self._segments = 0
        self._settled_s = 0.0
        self._owed_s: float | None = None
        """A final reading up to here was asked for and has not come."""
        self._now: _Listening | None = None

    def feed(self, pcm: bytes) -> None:
        """Caller audio at 16 kHz, in order."""
        self._audio.feed(pcm, KEPT_S if self._unsettled else QUIET_KEPT_S)
        if self._now and self._now.recognition:
            self._now.recognition.feed(pcm)

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        """An edge of voice activity, in the call's audio time."""
        self._edges.append(edge)
        if self._now and self._now.recognition:
            self._now.recognition.voice(replace(edge, at_s=edge.at_s - self._now.origin_s))

    def finalise(self, until_s: float) -> None:
        """Ask for a final reading of everything so far."""
        self._owed_s = until_s
        if self._now and self._now.recognition:
            self._now.recognition.finalise(until_s - self._now.origin_s)

    def settle(self, until_s: float) -> None:
        """Words up to here are dealt with."""
        self._settled_s = max(self._settled_s, until_s)
        self._told = {n: told for n, told in self._told.items() if told.end_s > until_s}
        # The last edge before says whether somebody was speaking.
        while len(self._edges) > 1 and self._edges[1].at_s <= until_s:
            self._edges.popleft()
        if self._owed_s is not None and self._owed_s <= until_s + BLUR_S:
            self._owed_s = None
        if self._now and self._now.recognition:
            self._now.recognition.forget(until_s - self._now.origin_s)

    async def run(self) -> None:
        """Keep a recognition running until cancelled."""
        failures = 0
        while True:
            fed_before = self._audio.fed_samples
            try:
                await self._open().run()
                raise Unavailable("stopped listening", provider=self._recogniser.name)
            except ProviderError as error:
                self._now = None
                self._lost(error)
            lasted = self._audio.fed_samples - fed_before > GOOD_S * RATE_HZ
            failures = 1 if lasted else failures + 1
            wait_s = WAITS_S[min(failures, len(WAITS_S)) - 1]
            await self._clock.sleep_until(self._clock.now() + wait_s)

    # --- opening again -----------------------------------------------------------------------

    @property
    def _unsettled(self) -> bool:
        """Somebody speaks, or said something that is not dealt with."""
        return bool(self._told) or self._owed_s is not None or self._speaking_since is not None

    @property
    def _speaking_since(self) -> float | None:
        """When the speech began that goes on now."""
        last = self._edges[-1] if self._edges else None
        return last.at_s if isinstance(last, SpeechStarted) else None

    def _open(self) -> Recognition:
        """A recognition that hears again what no final reading covers."""
        origin_s, segment = self._resume()
        now = self._now = _Listening(origin_s, segment)
        recognition = self._recogniser.listen(self._hearing, lambda heard: self._heard(heard, now))
        self._catch_up(recognition, origin_s)
        now.recognition = recognition
        return recognition

    def _catch_up(self, recognition: Recognition, origin_s: float) -> None:
        """Feed it what it missed, the edges of speech where they belong."""
        at_s = origin_s
        for edge in self._edges_after(origin_s):
            if edge.at_s > at_s:
                recognition.feed(self._audio.cut(at_s, edge.at_s))
                at_s = edge.at_s
            recognition.voice(replace(edge, at_s=edge.at_s - origin_s))
        if rest := self._audio.cut(at_s, self._audio.fed_s):
            recognition.feed(rest)
        if self._owed_s is not None:
            recognition.finalise(self._owed_s - origin_s)

    def _edges_after(self, origin_s: float) -> list[SpeechStarted | SpeechStopped]:
        after = [edge for edge in self._edges if edge.at_s > origin_s]
        before = [edge for edge in self._edges if edge.at_s <= origin_s]
        if before and isinstance(before[-1], SpeechStarted):
            after.insert(0, SpeechStarted(at_s=origin_s))
        return after

    def _resume(self) -> tuple[float, int]:
        """Where to hear again from, and the number of the first segment found there."""
        guessed = [told for told in self._told.values() if not self._is_done(told)]
        done_s = max((t.end_s for t in self._told.values() if self._is_done(t)), default=0.0)
        origin_s = max(self._settled_s, done_s, self._audio.first_s)
        again = sorted(t.segment for t in guessed if t.start_s >= origin_s - BLUR_S)
        # What is heard now takes the place of the first guess; the others are withdrawn.
        for number in again[1:]:
            empty = replace(self._told.pop(number), text="", words=(), final=False)
            self._tell(empty)
        return origin_s, again[0] if again else self._segments

    def _is_done(self, told: TranscriptChanged) -> bool:
        """It was heard to its end: nothing said since belongs to it."""
        since_s = self._speaking_since
        return told.final and (since_s is None or told.end_s <= since_s)

    # --- what is heard -----------------------------------------------------------------------

    def _heard(self, heard: Heard, by: _Listening) -> None:
        """Put what was heard on the call's line of time and of segments."""
        if by is not self._now:
            return  # a dead recognition: another hears the same again
        shift_s = by.origin_s
        if isinstance(heard, EndpointHinted):
            self._tell(replace(heard, at_s=heard.at_s + shift_s))
            return
        told = replace(
            heard,
            segment=heard.segment + by.first_segment,
            start_s=heard.start_s + shift_s,
            end_s=heard.end_s + shift_s,
            words=_shifted(heard, shift_s),
        )
        self._segments = max(self._segments, told.segment + 1)
        if told.end_s > self._settled_s:
            self._told[told.segment] = told
        if told.final and self._owed_s is not None and told.end_s >= self._owed_s - BLUR_S:
            self._owed_s = None
        self._tell(told)


def _shifted(heard: TranscriptChanged, shift_s: float) -> tuple[Word, ...]:
    if not shift_s:
        return heard.words
    return tuple(
        replace(word, start_s=word.start_s + shift_s, end_s=word.end_s + shift_s)
        for word in heard.words
    )
