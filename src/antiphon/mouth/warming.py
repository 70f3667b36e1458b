"""Rendering registered phrases ahead of time, for when nobody can wait for a voice or no voice can
be reached."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Final

from antiphon.errors import TimedOut
from antiphon.mouth.clause import Clause
from antiphon.mouth.manuscript import Manuscript
from antiphon.mouth.phrases import Phrase
from antiphon.mouth.studio import Studio
from antiphon.mouth.take import Take
from antiphon.ports.tts import Synthesiser

__all__ = ["warm"]

WARM_S: Final = 30.0
"""A registered phrase may take this long: nobody is waiting for it."""


async def warm(studio: Studio, phrases: Sequence[tuple[str, str]], voice: Synthesiser) -> None:
    """Make every clause of these that is not in the cache, in one voice: texts of an author's,
    and the manner each is said in. Raises `ProviderError`."""
    if studio.phrases is None:
        return
    studio.phrases.refresh()
    for text, manner in phrases:
        for part in Manuscript().add(text, trust="author", last=True):
            clause = studio.clause(part, manner)
            key = studio.key(clause, voice)
            if clause.ready or clause.complete or studio.phrases.get(key):
                continue
            phrase = await _render(studio, clause, voice)
            await asyncio.to_thread(studio.phrases.keep, key, phrase)


async def _render(studio: Studio, clause: Clause, voice: Synthesiser) -> Phrase:
    utterance = voice.utter(studio.speaking(clause, voice))
    utterance.say(clause.spoken.text, clause.stress)
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
