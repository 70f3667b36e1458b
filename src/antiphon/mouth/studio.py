"""What the clauses of a call are made with, and the making of one clause.

Lives here: the voice as it is set for this call, its way through the phrase cache, and the
rendering of registered phrases ahead of time. When a clause is made is decided in voicing.py.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Final

import numpy as np

from antiphon.audio.frame import int16
from antiphon.audio.words import estimate_words
from antiphon.errors import TimedOut
from antiphon.mouth.clause import LETTERS_PER_S, Clause
from antiphon.mouth.phrases import Phrase, PhraseCache, PhraseKey
from antiphon.mouth.polish import Loudness, Polish
from antiphon.mouth.reply import Reply
from antiphon.mouth.segments import Segmenter
from antiphon.mouth.settings import MouthSettings
from antiphon.mouth.speakable import speakable
from antiphon.net.roster import Roster
from antiphon.ports.clock import Clock
from antiphon.ports.tts import Speaking, SpokenWord, Synthesiser, Utterance

__all__ = ["Studio", "Take", "break_off", "remaining", "warm"]

REMEMBERED_LETTERS: Final = 24
"""Clauses up to this length are remembered in memory: "Sure,", "One moment.", "Let me see."."""

KNOWN_LETTERS: Final = 12
"""A shorter clause says nothing about how fast a voice speaks."""
NEAR_S: Final = 0.12
"""How far a guessed end of a word may be moved to where it is quiet."""
WARM_S: Final = 30.0
"""A registered phrase may take this long: nobody is waiting for it."""


class Studio:
    """What all replies of one call are made with."""

    def __init__(
        self,
        *,
        voices: Roster[Synthesiser],
        settings: MouthSettings,
        rate_hz: int,
        clock: Clock,
        phrases: PhraseCache | None,
    ) -> None:
        """``rate_hz`` is the transport's."""
        self.voices, self.settings, self.rate_hz = voices, settings, rate_hz
        self.clock, self.phrases = clock, phrases
        self._loudness = {voice.name: Loudness(settings.loudness_dbfs) for voice in voices.engines}
        self.letters_per_s = dict.fromkeys(self._loudness, LETTERS_PER_S)
        """How fast each voice speaks, as far as it was heard."""

    def clause(self, text: str) -> Clause:
        written = speakable(text, language=self.settings.language, lexicon=self.settings.lexicon)
        silent = not written.text
        return Clause(text, written, said=silent, complete=silent)

    def loudness(self, voice: Synthesiser) -> Loudness:
        """What was learned of a voice's level."""
        return self._loudness[voice.name]

    @property
    def patience_s(self) -> float:
        """How long a voice that owes audio may be silent."""
        alone = len(self.voices) == 1
        return self.settings.stall_s if alone else self.settings.stand_in_s

    def utter(self, voice: Synthesiser) -> Utterance:
        settings = self.settings
        return voice.utter(
            Speaking(
                voice=self._voice_name(voice), speed=settings.speed, language=settings.language
            )
        )

    def key(self, clause: Clause, voice: Synthesiser) -> PhraseKey:
        return PhraseKey(
            text=clause.spoken.text,
            voice=self._voice_name(voice),
            speed=self.settings.speed,
            language=self.settings.language,
            fingerprint=voice.fingerprint,
            loudness_dbfs=self.settings.loudness_dbfs,
            rate_hz=self.rate_hz,
        )

    def cached(self, clause: Clause, *, at_any_price: bool = False) -> Phrase | None:
        """The clause as the voice that would say it now once said it; in any voice, where none
        is well or ``at_any_price``."""
        if self.phrases is None:
            return None
        well = [] if at_any_price else self.voices.well(self.clock.now())
        for voice in well[:1] or self.voices.engines:
            if phrase := self.phrases.get(self.key(clause, voice)):
                self.loudness(voice).known(phrase.gain_db)
                return phrase
        return None

    def remember(self, take: "Take") -> None:
        """Keep a clause a model said, if it is one that models say often."""
        clause = take.clause
        if self.phrases and take.whole and len(clause.spoken.text) <= REMEMBERED_LETTERS:
            self.phrases.remember(self.key(clause, take.voice), take.phrase)

    def _voice_name(self, voice: Synthesiser) -> str:
        return self.settings.voice if voice is self.voices.preferred else ""


class Take:
    """A voice's rendering of a clause, or of what another left to be said of it."""

    def __init__(self, clause: Clause, studio: Studio, voice: Synthesiser) -> None:
        self.clause, self.voice = clause, voice
        self._studio = studio
        self._polish = Polish(voice.rate_hz, studio.rate_hz, studio.loudness(voice))
        self._said = len(clause.times)
        """Words of it that were said before."""
        self._base, self._inserted = clause.made, clause.inserted
        self._all = bytearray()

    @property
    def whole(self) -> bool:
        """It is the clause as this voice says it, and nothing else."""
        return not self._base and self.clause.inserted == self._inserted

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
            self._studio.letters_per_s[self.voice.name] = pace
        if self._said and len(clause.times) == self._said:
            # The first half's words have their places; so must these.
            rest_of_it = remaining(clause, self._said)
            clause.times += _placed(rest_of_it, self._base, made)
        return rest

    @property
    def phrase(self) -> Phrase:
        """The whole clause, once it is finished."""
        return Phrase(
            pcm=bytes(self._all),
            words=tuple(self.clause.times),
            gain_db=self._studio.loudness(self.voice).gain_db,
        )

    def _keep(self, pcm: bytes) -> bytes:
        self._all += pcm
        return pcm


def remaining(clause: Clause, words: int) -> str:
    """What is left to say of a clause after so many of its words."""
    return " ".join(clause.spoken.text.split()[words:])


def break_off(clause: Clause, reply: Reply, letters_per_s: float, rate_hz: int) -> None:
    """The voice fell silent in the middle: keep its whole words and take back what was begun of
    the next, as far as that was not sent. After it ``clause.times`` are the words that stay."""
    if not clause.made:
        clause.times.clear()
        return
    exact = [time for time in clause.times if time.end <= clause.made]
    if clause.times:
        clause.times = exact
    else:
        text = clause.spoken.text
        length = round(len(text) / letters_per_s * rate_hz)
        guessed = _placed(text, 0, max(length, clause.made))
        clause.times = [time for time in guessed if time.end <= clause.made][:-1]
    at = clause.times[-1].end if clause.times else 0
    if clause.times and not exact:
        at = _quietest(reply, clause, at, rate_hz)
    reply.break_off(clause, at)


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


async def warm(studio: Studio, texts: Sequence[str], voice: Synthesiser) -> None:
    """Make every clause of these texts that is not in the cache, in one voice. Raises
    `ProviderError`."""
    if studio.phrases is None:
        return
    studio.phrases.refresh()
    for text in texts:
        cutter = Segmenter()
        for part in cutter.feed(text) + cutter.flush():
            clause = studio.clause(part)
            key = studio.key(clause, voice)
            if clause.complete or studio.phrases.get(key):
                continue
            phrase = await _render(studio, clause, voice)
            await asyncio.to_thread(studio.phrases.keep, key, phrase)


async def _render(studio: Studio, clause: Clause, voice: Synthesiser) -> Phrase:
    utterance = studio.utter(voice)
    utterance.say(clause.spoken.text)
    utterance.end()
    take = Take(clause, studio, voice)
    pieces = utterance.audio()
    try:
        async with asyncio.timeout(studio.settings.stall_s + WARM_S):
            async for piece in pieces:
                take.feed(piece.pcm)
                take.learn(piece.words)
    except TimeoutError:
        raise TimedOut("no audio for a phrase", provider=voice.name) from None
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()
    take.finish()
    return take.phrase
