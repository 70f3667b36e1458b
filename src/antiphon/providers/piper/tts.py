"""Piper as a `Synthesiser`: a child process that speaks clause by clause."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from antiphon.net.child import Child
from antiphon.net.child_job import Program, Urgency, sendable
from antiphon.ports.tts import Speaking, Spoken, SpokenWord
from antiphon.providers.piper.settings import PiperSettings

__all__ = ["PiperSynthesiser", "PiperUtterance"]

_PIECE_LETTERS: Final = 300
"""About twenty seconds of speech: what a caller who pauses makes the engine produce in vain, and
how long another call may have to wait."""


class PiperSynthesiser:
    """The embedded voice; see `antiphon.ports.tts.Synthesiser`. The rate and the fingerprint are
    known after `start`."""

    name = "local/piper"

    def __init__(self, settings: PiperSettings) -> None:
        self.rate_hz = 22_050
        self.fingerprint = ""
        self._child = Child(
            Program(
                name=self.name,
                engine="antiphon.providers.piper.engine:Engine",
                settings={"model": str(settings.model), "threads": settings.threads},
                environment={"OMP_NUM_THREADS": str(settings.threads)},
                nice=settings.nice,
            )
        )

    @property
    def child(self) -> Child:
        """Where the engine runs."""
        return self._child

    async def start(self) -> None:
        facts = await self._child.start()
        self.rate_hz, self.fingerprint = facts["rate_hz"], facts["fingerprint"]

    def utter(self, speaking: Speaking) -> "PiperUtterance":
        return PiperUtterance(self._child, speaking)

    async def aclose(self) -> None:
        await self._child.aclose()


class PiperUtterance:
    """One reply; see `antiphon.ports.tts.Utterance`. Whoever takes its audio sets the pace: a
    piece is made when the one before has been taken."""

    def __init__(self, child: Child, speaking: Speaking) -> None:
        self._child, self._speaking = child, speaking
        self._clauses: deque[str] = deque()
        self._ended = False
        self._woken = asyncio.Event()

    def say(self, clause: str, stress: tuple[int, ...] = ()) -> None:
        self._clauses.append(clause)
        self._woken.set()

    def end(self) -> None:
        self._ended = True
        self._woken.set()

    async def audio(self) -> AsyncIterator[Spoken]:
        clause = 0
        while True:
            while not self._clauses:
                if self._ended:
                    return
                self._woken.clear()
                await self._woken.wait()
            pieces = _pieces(self._clauses.popleft())
            begin = 0
            for index, text in enumerate(pieces):
                # A silence waits for the first; the others have the audio before them to hide in.
                urgency = Urgency.NOW if clause == 0 and index == 0 else Urgency.SOON
                fields = {
                    "text": sendable(text),
                    "speed": self._speaking.speed,
                    "voice": self._speaking.voice,
                }
                made = 0
                with self._child.ask(fields, urgency=urgency) as job:
                    async for answer in job:
                        made += len(answer.payload) // 2
                        words = (
                            SpokenWord(text=word, start=begin + start, end=begin + end)
                            for word, start, end in answer.fields["words"]
                        )
                        last = answer.fields["last"] and index == len(pieces) - 1
                        yield Spoken(
                            pcm=answer.payload, clause=clause, words=tuple(words), last=last
                        )
                begin += made
            clause += 1


def _pieces(clause: str) -> list[str]:
    """A clause in stretches short enough to make at once, cut between words where it has any."""
    pieces: list[str] = []
    while len(clause) > _PIECE_LETTERS:
        cut = clause.rfind(" ", 1, _PIECE_LETTERS)
        cut = cut if cut > 0 else _PIECE_LETTERS
        pieces.append(clause[:cut])
        clause = clause[cut:].lstrip()
    return [*pieces, clause]
