"""Several utterances of one voice, heard as one.

An engine's utterance sounds one way from beginning to end. A reply that changes its pace, its
style or its voice is therefore several of them, one after another; whoever listens need not know.
A reply that changes nothing is a single one.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace

from antiphon.errors import Unavailable
from antiphon.ports.tts import Speaking, Spoken, Synthesiser, Utterance

__all__ = ["Speech"]


@dataclass(slots=True, eq=False)
class _Part:
    """An utterance, how many clauses went before it, and how many it was told."""

    utterance: Utterance
    speaking: Speaking
    before: int
    clauses: int = 0


class Speech:
    """One voice's share of a reply. Like `antiphon.ports.tts.Utterance`, but that each clause
    says how it is to sound."""

    def __init__(self, voice: Synthesiser) -> None:
        self._voice = voice
        self._parts: deque[_Part] = deque()
        """Not yet heard to their end."""
        self._latest: _Part | None = None
        self._clauses = 0
        self._ended = False
        self._woken = asyncio.Event()

    def say(self, clause: str, speaking: Speaking, stress: tuple[int, ...] = ()) -> None:
        """Append a clause."""
        part = self._latest
        if part is None or part.speaking != speaking:
            if part is not None:
                part.utterance.end()
            part = _Part(self._voice.utter(speaking), speaking, self._clauses)
            self._latest = part
            self._parts.append(part)
            self._woken.set()
        self._clauses += 1
        part.clauses += 1
        part.utterance.say(clause, stress)

    def end(self) -> None:
        """No more clauses will come."""
        self._ended = True
        if self._latest is not None:
            self._latest.utterance.end()
        self._woken.set()

    async def audio(self) -> AsyncIterator[Spoken]:
        """All of the speech, clause after clause. Raises `ProviderError`."""
        while True:
            while not self._parts:
                if self._ended:
                    return
                self._woken.clear()
                await self._woken.wait()
            part, made = self._parts[0], 0
            pieces = part.utterance.audio()
            try:
                async for piece in pieces:
                    made += piece.last
                    before = part.before
                    yield replace(piece, clause=piece.clause + before) if before else piece
            finally:
                if isinstance(pieces, AsyncGenerator):
                    await pieces.aclose()
            self._parts.popleft()
            if part is self._latest:
                self._latest = None  # it may have ended by itself: what follows is another's
            if made < part.clauses:
                what = "ended without the audio of a clause"
                raise Unavailable(what, provider=self._voice.name)
