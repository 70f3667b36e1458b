"""Text to audio for one reply: which clause is made when, by the cache or by the voice.

A clause is said as soon as look-ahead allows, so that the engine works while the caller listens,
but never so far ahead that an interruption throws away much. An engine that fails is asked once
more, from the clause that is not complete; what of it was made already is not made twice.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Final

from antiphon.errors import ProviderError, TimedOut, Unavailable
from antiphon.mouth.clause import Clause
from antiphon.mouth.phrases import Phrase
from antiphon.mouth.reply import Reply
from antiphon.mouth.studio import Studio, Take
from antiphon.ports.tts import Spoken, Utterance

__all__ = ["Voicing"]

AHEAD_CLAUSES: Final = 2
"""The one being heard and the next."""
AHEAD_S: Final = 2.0
"""Short clauses may be made beyond that, as long as all of them together last no longer: a
hosted voice takes up to a second to begin."""
SLICE_S: Final = 0.25
"""Polished in one go; longer pieces give the loop back in between (about 1 ms of work each)."""
ATTEMPTS: Final = 2


class Voicing:
    """Makes one reply. `feed` it after every change; ``more`` is called when there is audio that
    was not there before, and when the reply is whole or has failed."""

    def __init__(
        self,
        reply: Reply,
        studio: Studio,
        start: Callable[[Coroutine[None, None, None]], "asyncio.Task[None]"],
        more: Callable[[Reply], None],
    ) -> None:
        self.reply = reply
        self._studio = studio
        self._start = start
        self._more = more
        self._utterance: Utterance | None = None
        self._task: asyncio.Task[None] | None = None
        self._patience: asyncio.Timeout | None = None
        self._said: list[Clause] = []
        """In the order the present utterance was told them."""
        self._kept: dict[int, Phrase] = {}
        """By clause identity: found in the cache, waiting for the clauses before it."""
        self._attempts = 1
        self._cancelled = False

    def feed(self) -> None:
        """Begin whatever may be begun now."""
        reply = self.reply
        if self._cancelled:
            return
        while reply.failed is None and (clause := reply.unsaid) is not None:
            count, seconds = reply.ahead
            if count >= AHEAD_CLAUSES and seconds >= AHEAD_S:
                return
            clause.said = True
            if phrase := self._studio.cached(clause):
                self._kept[id(clause)] = phrase
                self._use_kept()
            else:
                self._say(clause)
        if self._utterance and self._all_said:
            self._utterance.end()

    def cancel(self) -> None:
        """The rest is not wanted; the engine is told."""
        self._cancelled = True
        if self._task:
            self._task.cancel()

    @property
    def _all_said(self) -> bool:
        return self.reply.text_complete and self.reply.unsaid is None

    def _say(self, clause: Clause) -> None:
        if self._utterance is None:
            self._utterance = self._studio.utter()
            self._said = []
            self._task = self._start(self._run(self._utterance))
        self._said.append(clause)
        self._utterance.say(clause.spoken.text)
        self._wait_from_now()

    def _use_kept(self) -> None:
        """Cached clauses whose turn has come."""
        reply = self.reply
        while (clause := reply.open_clause) and (phrase := self._kept.pop(id(clause), None)):
            self._studio.loudness.known(phrase.gain_db)
            reply.append(phrase.pcm)
            clause.times = list(phrase.words)
            clause.complete = True
            self._more(reply)

    # --- the engine ---------------------------------------------------------------------------

    async def _run(self, utterance: Utterance | None) -> None:
        while utterance is not None:
            error = await self._attempt(utterance)
            self._utterance = utterance = None
            if error is None:
                return
            if error.retryable and self._attempts < ATTEMPTS:
                self._attempts += 1
                utterance = self._begin_again()
            else:
                self.reply.failed = str(error)
                self._more(self.reply)

    async def _attempt(self, utterance: Utterance) -> ProviderError | None:
        """Listen to one utterance to its end; returns what went wrong."""
        name = self._studio.voice.name
        try:
            async with asyncio.timeout(None) as self._patience:
                self._wait_from_now()
                await self._listen(utterance)
        except ProviderError as error:
            return error
        except TimeoutError:
            return TimedOut("no audio for a clause", provider=name)
        finally:
            self._patience = None
        if all(clause.complete for clause in self._said):
            return None
        return Unavailable("ended without the audio of a clause", provider=name)

    def _begin_again(self) -> Utterance:
        self._said = [clause for clause in self._said if not clause.complete]
        self._utterance = utterance = self._studio.utter()
        for clause in self._said:
            utterance.say(clause.spoken.text)
        if self._all_said:
            utterance.end()
        return utterance

    async def _listen(self, utterance: Utterance) -> None:
        takes: dict[int, Take] = {}
        pieces = utterance.audio()
        try:
            async for piece in pieces:
                take = takes.get(piece.clause)
                if take is None:
                    take = takes[piece.clause] = Take(self._said[piece.clause], self._studio)
                await self._hear(take, piece)
                self._wait_from_now()
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()

    async def _hear(self, take: Take, piece: Spoken) -> None:
        step = 2 * round(SLICE_S * self._studio.voice.rate_hz)
        for at in range(0, len(piece.pcm), step):
            if at:
                await self._studio.clock.sleep_until(self._studio.clock.now())
            self._add(take, take.feed(piece.pcm[at : at + step]))
        take.learn(piece.words)
        if not piece.last:
            return
        self._add(take, take.finish())
        take.clause.complete = True
        if not take.clause.inserted:
            self._studio.remember(take.clause, take.phrase)
        self._use_kept()
        self.feed()
        self._more(self.reply)

    def _add(self, take: Take, pcm: bytes) -> None:
        if not pcm:
            return
        if take.joins:
            take.joins = False
            self.reply.join(pcm)
        else:
            self.reply.append(pcm)
        self._more(self.reply)

    def _wait_from_now(self) -> None:
        """An engine that owes audio has so long to make some."""
        if self._patience is None or self._patience.expired():
            return
        owes = any(not clause.complete for clause in self._said)
        now = asyncio.get_running_loop().time()
        self._patience.reschedule(now + self._studio.settings.stall_s if owes else None)
