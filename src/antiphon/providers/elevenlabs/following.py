"""Which audio of a context belongs to which clause. Pure.

Characters come with the audio, or ahead of it; each finds its clause by `passage`, and audio is
given to the clause said first until its characters end.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Final

from antiphon.ports.tts import Spoken, SpokenWord
from antiphon.providers.elevenlabs.passage import Clock, Passage, Placed, Timed
from antiphon.providers.elevenlabs.settings import SoundFormat

__all__ = ["Following", "Part"]

BLUR_S: Final = 0.03
"""Audio that ends so little before its last character has come to its end."""


@dataclass(slots=True)
class Part:
    """A clause or a piece of a very long one."""

    clause: int
    last: bool
    """It is the last of its clause."""
    passage: Passage
    words: deque[SpokenWord] = field(default_factory=deque)
    """Whose audio has not come yet."""
    made: int = 0
    """Samples of it that came."""
    end: int = 0
    """Where its characters end, on the context's clock."""
    sealed: bool = False
    """No more of its characters will come."""


class Following:
    """Parts go in as they are sent, and audio as it comes; speech comes out."""

    def __init__(self, sound: SoundFormat) -> None:
        self._sound = sound
        self._blur = round(BLUR_S * sound.rate_hz)
        self.owed: deque[Part] = deque()
        """Sent, and not complete."""
        self.ready: deque[Spoken] = deque()
        """To be handed on."""
        self.silent = True
        """Nothing was heard of this context yet."""
        self.ending = False
        """The end of the context will be told, so the last part need not be guessed."""
        self._clock = Clock(sound.rate_hz)
        self._begin = self._before = 0
        """Of the part being spoken: where it began on that clock, and what was made of its clause
        before."""
        self._rest = b""
        """Half a sample."""

    def restart(self) -> None:
        """A new context; nothing may be owed."""
        self.silent, self.ending, self._rest = True, False, b""
        self._clock, self._begin = Clock(self._sound.rate_hz), 0

    @property
    def over(self) -> bool:
        """All of the part being spoken has come, as far as its characters tell."""
        part = self.owed[0]
        return part.passage.complete and self._clock.made >= part.end - self._blur

    @property
    def last_of_all(self) -> bool:
        """Nothing else is owed, and the end will be told."""
        return self.ending and len(self.owed) == 1

    def hear(self, audio: bytes, chars: Sequence[Timed]) -> None:
        """A message of the context."""
        data = self._rest + audio
        whole = len(data) // self._sound.width * self._sound.width
        pcm, self._rest = self._sound.decode(data[:whole]), data[whole:]
        self.silent = self.silent and not pcm
        self._assign(self._clock.place(chars))
        while pcm and self.owed:
            pcm = self._dispense(pcm)

    def complete(self) -> None:
        """The part being spoken is over."""
        part = self.owed.popleft()
        words = self._heard(part, all_of_it=True)
        self._before = 0 if part.last else self._before + part.made
        self._begin = self._clock.made
        self.ready.append(Spoken(pcm=b"", clause=part.clause, words=words, last=part.last))

    def _assign(self, chars: list[Placed]) -> None:
        """To each part its own characters."""
        for part, following in zip_longest(self.owed, list(self.owed)[1:]):
            if not chars or part.sealed:
                continue
            words, ours = part.passage.hear(chars)
            if following is None or not following.passage.begins(chars[ours:]):
                ours = len(chars)
            part.words.extend(words)
            if ours:
                part.end = max(part.end, chars[ours - 1][2])
            if ours < len(chars):
                part.end, part.sealed = chars[ours][1], True
            elif part.passage.complete and chars[-1][0].isspace():
                part.sealed = True
            chars = chars[ours:]

    def _dispense(self, pcm: bytes) -> bytes:
        """To the part owed first what is its own; returns what is left."""
        part, samples = self.owed[0], len(pcm) // 2
        if part.sealed and len(self.owed) > 1:
            samples = min(samples, max(0, part.end - self._clock.made))
        self._clock.made += samples
        part.made += samples
        words = self._heard(part)
        if samples:
            self.ready.append(Spoken(pcm=pcm[: 2 * samples], clause=part.clause, words=words))
        if part.sealed and self.over and not self.last_of_all:
            self.complete()
        return pcm[2 * samples :]

    def _heard(self, part: Part, *, all_of_it: bool = False) -> tuple[SpokenWord, ...]:
        """Its words whose audio has come, counted from the beginning of the clause."""
        heard: list[SpokenWord] = []
        while part.words and (all_of_it or part.words[0].end <= self._clock.made):
            word = part.words.popleft()
            start, end = (
                self._before + min(max(at - self._begin, 0), part.made)
                for at in (word.start, word.end)
            )
            heard.append(replace(word, start=start, end=end))
        return tuple(heard)
