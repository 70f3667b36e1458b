"""One recognition of a call's audio, and where it stands on the call's line.

A recognition's positions and segments start from zero; here they are put on the call's own line of
time and of segments, and nobody else notices. Who listens, and when another recognition is opened,
is for `hearing`.
"""

from dataclasses import dataclass, replace

from antiphon.audio.resample import Resampler
from antiphon.call.kept import KeptAudio
from antiphon.call.openspeech import OpenSpeech
from antiphon.events import EndpointHinted, SpeechStarted, SpeechStopped, TranscriptChanged, Word
from antiphon.ports.stt import Heard, Recognition

__all__ = ["Listening"]


@dataclass(slots=True, kw_only=True)
class Listening:
    """Everything here is told in the call's own time. Set ``recognition``, then `catch_up`."""

    source: KeptAudio
    """What it is fed of."""
    origin_s: float
    """Where its zero lies."""
    first_segment: int
    """What the call calls its segment 0."""
    opened_s: float
    """By the clock."""
    told: bool = False
    """It has said something."""
    resampler: Resampler | None = None
    """To the rate it wants, where that is another."""
    recognition: Recognition | None = None

    def feed(self, pcm: bytes) -> None:
        """More of its source's audio."""
        if self.recognition:
            self.recognition.feed(self.resampler.feed(pcm) if self.resampler else pcm)

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        """An edge of voice activity."""
        if self.recognition:
            self.recognition.voice(replace(edge, at_s=edge.at_s - self.origin_s))

    def finalise(self, until_s: float) -> None:
        """Ask for a final reading of everything up to here."""
        if self.recognition:
            self.recognition.finalise(until_s - self.origin_s)

    def forget(self, until_s: float) -> None:
        """Words up to here are dealt with."""
        if self.recognition:
            self.recognition.forget(until_s - self.origin_s)

    def catch_up(self, open_speech: OpenSpeech) -> None:
        """Feed it what it missed, the edges of speech where they belong."""
        unread, at_s = open_speech.unread, self.origin_s
        for edge in open_speech.edges_after(self.origin_s):
            if unread and edge.at_s > unread[1]:
                at_s, unread = self._settle_again(unread, at_s), None
            if edge.at_s > at_s:
                self.feed(self.source.cut(at_s, edge.at_s))
                at_s = edge.at_s
            self.voice(edge)
        if unread:
            at_s = self._settle_again(unread, at_s)
        if rest := self.source.cut(at_s, self.source.fed_s):
            self.feed(rest)
        if open_speech.owed_s is not None:
            self.finalise(open_speech.owed_s)

    def _settle_again(self, unread: tuple[float, float], at_s: float) -> float:
        """Let it read to its end what was settled before anybody had, and begin anew there.
        Returns up to where it is fed."""
        owed_s, settled_s = unread
        if settled_s > at_s:
            self.feed(self.source.cut(at_s, settled_s))
        if owed_s > self.origin_s:
            self.finalise(owed_s)
            self.forget(settled_s)
        return max(at_s, settled_s)

    def placed(self, heard: Heard) -> Heard:
        """What it said, in the call's own terms."""
        shift_s = self.origin_s
        if isinstance(heard, EndpointHinted):
            return replace(heard, at_s=heard.at_s + shift_s)
        return replace(
            heard,
            segment=heard.segment + self.first_segment,
            start_s=heard.start_s + shift_s,
            end_s=heard.end_s + shift_s,
            words=_shifted(heard, shift_s),
        )


def _shifted(heard: TranscriptChanged, shift_s: float) -> tuple[Word, ...]:
    if not shift_s:
        return heard.words
    return tuple(
        replace(word, start_s=word.start_s + shift_s, end_s=word.end_s + shift_s)
        for word in heard.words
    )
