"""One voice's making of a clause, or of what another left of it. When a clause is made is decided
in voicing.py."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from antiphon.audio.frame import int16
from antiphon.audio.words import estimate_words
from antiphon.mouth.clause import Clause
from antiphon.mouth.phrases import Phrase
from antiphon.mouth.polish import Polish
from antiphon.mouth.reply import Reply
from antiphon.mouth.studio import Studio
from antiphon.ports.tts import SpokenWord, Synthesiser

__all__ = ["Take", "remaining"]

REMEMBERED_LETTERS: Final = 24
"""Clauses up to this length are remembered in memory: "Sure,", "One moment.", "Let me see."."""
KNOWN_LETTERS: Final = 12
"""A shorter clause says nothing about how fast a voice speaks."""
NEAR_S: Final = 0.12
"""How far a guessed end of a word may be moved to where it is quiet."""


class Take:
    """A voice's rendering of a clause, or of what another left to be said of it."""

    def __init__(self, clause: Clause, studio: Studio, voice: Synthesiser) -> None:
        self.clause, self.voice = clause, voice
        self._studio = studio
        self._polish = Polish(voice.rate_hz, studio.rate_hz, studio.loudness(clause, voice))
        self._said = len(clause.times)
        """Words of it that were said before."""
        self._base, self._inserted = clause.made, clause.inserted
        self._all = bytearray()

    def learn(self, words: Sequence[SpokenWord]) -> None:
        """Word times from the engine, in samples of its own rate since it began."""
        scale = self._studio.rate_hz / self.voice.rate_hz
        inserted = self.clause.inserted - self._inserted
        moved = self._base + inserted - self._polish.cut_samples
        self.clause.times += [
            SpokenWord(
                text=word.text,
                start=max(self._base, round(word.start * scale) + moved),
                end=max(self._base, round(word.end * scale) + moved),
            )
            for word in words
        ]

    def feed(self, pcm: bytes) -> bytes:
        """What the caller is to hear of it."""
        return self._keep(self._polish.feed(pcm))

    def finish(self) -> bytes:
        """The rest."""
        rest = self._keep(self._polish.finish())
        clause, made = self.clause, len(self._all) // 2
        letters = len(remaining(clause, self._said))
        if letters > KNOWN_LETTERS and made:
            pace = letters / (made / self._studio.rate_hz)
            self._studio.learn_pace(clause, self.voice, pace)
        if self._said and len(clause.times) == self._said:
            # The first half's words have their places; so must these.
            rest_of_it = remaining(clause, self._said)
            clause.times += _placed(rest_of_it, self._base, made)
        return rest

    def remember(self) -> None:
        """Keep a clause that models say often, if it is one, and whole."""
        phrases, text = self._studio.phrases, self.clause.spoken.text
        if phrases and self._whole and len(text) <= REMEMBERED_LETTERS:
            phrases.remember(self._studio.key(self.clause, self.voice), self.phrase)

    def break_off(self, reply: Reply) -> None:
        """The voice fell silent in the middle: its whole words stay, and of the next is taken
        back what was not sent. After it ``clause.times`` are the words that stay."""
        clause = self.clause
        told, text = clause.times[self._said :], remaining(clause, self._said)
        if not _are(told, text):
            told = []  # it counts words in a way of its own
        whole = [word for word in told if word.end <= clause.made]
        if len(whole) == len(told):
            # Nothing was told of the sound behind them: what the caller has is not said again.
            # Where nothing is ever told, this is all there is to go by.
            sent = max(0, reply.cursor - clause.start)
            whole += self._guessed(len(whole), sent if told else clause.made)
        clause.times[self._said :] = whole
        at = clause.times[-1].end if clause.times else 0
        if whole and len(whole) > len(told):
            at = _quietest(reply, clause, at, self._studio.rate_hz)
            clause.times[-1] = replace(clause.times[-1], end=at)
        reply.break_off(clause, at)

    def _guessed(self, words: int, until: int) -> list[SpokenWord]:
        """More words that were said by then at this voice's pace; of a last one that ended only
        just before, nobody knows."""
        clause, rate_hz = self.clause, self._studio.rate_hz
        text = remaining(clause, self._said + words)
        begin = clause.times[self._said + words - 1].end if words else self._base
        pace = self._studio.letters_per_s(clause, self.voice)
        samples = max(round(len(text) / pace * rate_hz), clause.made - begin)
        said = [word for word in _placed(text, begin, samples) if word.end <= until]
        sure = said and said[-1].end <= until - round(NEAR_S * rate_hz)
        return said if sure else said[:-1]

    @property
    def _whole(self) -> bool:
        """It is the clause as this voice says it, and nothing else."""
        return not self._base and self.clause.inserted == self._inserted

    @property
    def phrase(self) -> Phrase:
        """The whole clause, once it is finished."""
        return Phrase(
            pcm=bytes(self._all),
            words=tuple(self.clause.times),
            gain_db=self._studio.loudness(self.clause, self.voice).gain_db,
        )

    def _keep(self, pcm: bytes) -> bytes:
        self._all += pcm
        return pcm


def remaining(clause: Clause, words: int) -> str:
    """What is left to say of a clause after so many of its words."""
    return " ".join(clause.spoken.text.split()[words:])


def _quietest(reply: Reply, clause: Clause, at: int, rate_hz: int) -> int:
    """Near where a word is guessed to end, the place where the voice is softest."""
    near, step = round(NEAR_S * rate_hz), round(0.01 * rate_hz)
    first = max(at - near, reply.cursor - clause.start, 0)
    sound = np.abs(int16(reply.unsent(clause, first))[: 2 * near].astype(np.int32))
    blocks = len(sound) // step
    if not blocks:
        return at
    loudness = sound[: blocks * step].reshape(blocks, step).sum(axis=1)
    return first + int(loudness.argmin()) * step + step // 2


def _placed(text: str, base: int, samples: int) -> list[SpokenWord]:
    return [
        SpokenWord(text=word.text, start=word.start_sample, end=word.end_sample)
        for word in estimate_words(text, samples, base)
    ]


def _are(told: Sequence[SpokenWord], text: str) -> bool:
    """Whether these are the words of a text, as far as they go."""
    words = text.split()[: len(told)]
    return [_letters(word.text) for word in told] == [_letters(word) for word in words]


def _letters(word: str) -> str:
    return "".join(filter(str.isalnum, word)).casefold()
