"""A pretended caller, the detector that notices their voice, the recogniser that reads it."""

from functools import partial

from tests.properties.script import Bout, Call
from tests.properties.worldtime import Time

from antiphon.events import (
    DigitPressed,
    EndpointHinted,
    SpeechStarted,
    SpeechStopped,
    TranscriptChanged,
    Word,
)

__all__ = ["Caller"]


class Caller:
    """Speaks and presses keys; is read with partials, misreadings, late and repeated finals."""

    def __init__(self, call: Call, time: Time) -> None:
        self._call = call
        self._time = time
        self._dice = time.dice
        self._segments: list[list[Word]] = []
        self._read_until = 0
        """Segments before this are final."""
        self._fresh = True
        self.over = 0.0
        """When the last word is said."""

    def begin(self) -> None:
        for utterance in self._call.utterances:
            self.over += utterance.after_s
            if utterance.key:
                key = DigitPressed(digit=utterance.key)
                self._time.at(self.over, partial(self._time.tell, key, "keys"))
            for bout in utterance.bouts:
                self.over += bout.gap_s
                self.say(bout, self.over)
                self.over += bout.length_s

    def settle(self) -> None:
        """Later speech is a new segment."""
        self._fresh = True

    def finalise(self) -> None:
        """A reading of everything so far is wanted, and mostly comes."""
        if self._dice.happens(0.8):
            self._time.after(self._dice.between(0.05, 0.4), partial(self._read, -1, final=True))

    def say(self, bout: Bout, start: float) -> None:
        """Both edges of the voice, and what the recogniser makes of it."""
        end = start + bout.length_s
        if bout.voiced:
            noticed = start + min(self._dice.between(0.05, 0.15), bout.length_s)
            started, stopped = SpeechStarted(at_s=start), SpeechStopped(at_s=end)
            self._time.at(noticed, partial(self._time.tell, started, "voice"))
            quiet = end + self._dice.between(0.1, 0.25)
            self._time.at(quiet, partial(self._time.tell, stopped, "voice"))
        if bout.words:
            # Recognisers place words a little past the voice.
            step = (bout.length_s + self._dice.between(0, 0.06)) / len(bout.words)
            words = [
                Word(text=text, start_s=start + at * step, end_s=start + (at + 1) * step)
                for at, text in enumerate(bout.words)
            ]
            self._time.at(start, partial(self._hear, bout, words))

    def _hear(self, bout: Bout, words: list[Word]) -> None:
        if self._fresh or not self._call.word_times:
            self._segments.append([])
            self._fresh = False
        time, segment = self._time, len(self._segments) - 1
        end = time.now + bout.length_s
        for word in words:
            time.at(word.end_s, partial(self._segments[segment].append, word))
        if self._dice.happens(0.7):
            time.after(bout.length_s * 0.6, partial(self._read, segment, final=False))
        if self._dice.happens(0.2):
            hint = EndpointHinted(kind="ended", at_s=end)
            time.at(end + 0.1, partial(time.tell, hint, "hearing"))
        time.at(end + self._dice.between(0.3, 1.1), partial(self._read, segment, final=True))

    def _read(self, segment: int, *, final: bool) -> None:
        """Tell what the words of a segment are; a final says so of all before it, too."""
        if not self._segments:
            return
        segment %= len(self._segments)
        for earlier in range(self._read_until, segment if final else 0):
            self._read_until += 1
            self._read(earlier, final=True)
        words = tuple(self._segments[segment])
        if not words:
            return
        if not final and self._dice.happens(0.3):
            # The first word is misread.
            words = (Word(text="eh", start_s=words[0].start_s, end_s=words[0].end_s), *words[1:])
        heard = TranscriptChanged(
            segment=segment,
            text=" ".join(word.text for word in words),
            start_s=words[0].start_s,
            end_s=words[-1].end_s,
            final=final,
            words=words if self._call.word_times else (),
        )
        self._time.tell(heard, "hearing")
