"""What the clauses of a call are made with, and the making of one clause.

Lives here: the voice as it is set for this call, its way through the phrase cache, and the
rendering of registered phrases ahead of time. When a clause is made is decided in voicing.py.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Final

from antiphon.errors import TimedOut
from antiphon.mouth.clause import Clause
from antiphon.mouth.phrases import Phrase, PhraseCache, PhraseKey
from antiphon.mouth.polish import Loudness, Polish
from antiphon.mouth.segments import Segmenter
from antiphon.mouth.settings import MouthSettings
from antiphon.mouth.speakable import speakable
from antiphon.ports.clock import Clock
from antiphon.ports.tts import Speaking, SpokenWord, Synthesiser, Utterance

__all__ = ["Studio", "Take", "warm"]

REMEMBERED_LETTERS: Final = 24
"""Clauses up to this length are remembered in memory: "Sure,", "One moment.", "Let me see."."""

WARM_S: Final = 30.0
"""A registered phrase may take this long: nobody is waiting for it."""


@dataclass(slots=True, kw_only=True)
class Studio:
    """What all replies of one call are made with."""

    voice: Synthesiser
    settings: MouthSettings
    rate_hz: int
    """Of the transport."""
    clock: Clock
    phrases: PhraseCache | None
    loudness: Loudness

    def clause(self, text: str) -> Clause:
        written = speakable(text, language=self.settings.language, lexicon=self.settings.lexicon)
        silent = not written.text
        return Clause(text, written, said=silent, complete=silent)

    def utter(self) -> Utterance:
        settings = self.settings
        return self.voice.utter(
            Speaking(voice=settings.voice, speed=settings.speed, language=settings.language)
        )

    def key(self, clause: Clause) -> PhraseKey:
        return PhraseKey(
            text=clause.spoken.text,
            voice=self.settings.voice,
            speed=self.settings.speed,
            language=self.settings.language,
            fingerprint=self.voice.fingerprint,
            loudness_dbfs=self.settings.loudness_dbfs,
            rate_hz=self.rate_hz,
        )

    def cached(self, clause: Clause) -> Phrase | None:
        return self.phrases.get(self.key(clause)) if self.phrases else None

    def remember(self, clause: Clause, phrase: Phrase) -> None:
        """Keep a clause a model said, if it is one that models say often."""
        if self.phrases and len(clause.spoken.text) <= REMEMBERED_LETTERS:
            self.phrases.remember(self.key(clause), phrase)


class Take:
    """One rendering of a clause. Of a second one, after a failure, what the first brought is
    left out."""

    def __init__(self, clause: Clause, studio: Studio) -> None:
        self.clause = clause
        self._studio = studio
        self._polish = Polish(studio.voice.rate_hz, studio.rate_hz, studio.loudness)
        self._skip = clause.made - clause.inserted
        self.joins = self._skip > 0
        """Its first audio goes on from where an earlier take broke off."""
        self._all = bytearray()
        clause.times.clear()

    def learn(self, words: Sequence[SpokenWord]) -> None:
        """Word times from the engine, in samples of its own rate since the clause began."""
        scale = self._studio.rate_hz / self._studio.voice.rate_hz
        moved = self.clause.inserted - self._polish.cut_samples
        self.clause.times += [
            SpokenWord(
                text=word.text,
                start=max(0, round(word.start * scale) + moved),
                end=max(0, round(word.end * scale) + moved),
            )
            for word in words
        ]

    def feed(self, pcm: bytes) -> bytes:
        """What of it is new to the caller."""
        return self._new(self._polish.feed(pcm))

    def finish(self) -> bytes:
        """The rest of what is new."""
        return self._new(self._polish.finish())

    @property
    def phrase(self) -> Phrase:
        """The whole clause, once it is finished."""
        return Phrase(
            pcm=bytes(self._all),
            words=tuple(self.clause.times),
            gain_db=self._studio.loudness.gain_db,
        )

    def _new(self, pcm: bytes) -> bytes:
        self._all += pcm
        skipped = min(self._skip, len(pcm) // 2)
        self._skip -= skipped
        return pcm[2 * skipped :]


async def warm(studio: Studio, texts: Sequence[str]) -> None:
    """Make every clause of these texts that is not in the cache. Raises `ProviderError`."""
    if studio.phrases is None:
        return
    studio.phrases.refresh()
    for text in texts:
        cutter = Segmenter()
        for part in cutter.feed(text) + cutter.flush():
            clause = studio.clause(part)
            if clause.complete or studio.cached(clause):
                continue
            phrase = await _render(studio, clause)
            await asyncio.to_thread(studio.phrases.keep, studio.key(clause), phrase)


async def _render(studio: Studio, clause: Clause) -> Phrase:
    utterance = studio.utter()
    utterance.say(clause.spoken.text)
    utterance.end()
    take = Take(clause, studio)
    pieces = utterance.audio()
    try:
        async with asyncio.timeout(studio.settings.stall_s + WARM_S):
            async for piece in pieces:
                take.feed(piece.pcm)
                take.learn(piece.words)
    except TimeoutError:
        raise TimedOut("no audio for a phrase", provider=studio.voice.name) from None
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()
    take.finish()
    return take.phrase
