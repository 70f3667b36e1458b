"""Text to audio for one reply: which clause is made when, by the cache or by the voice.

A clause is said as soon as look-ahead allows, so that the engine works while the caller listens,
but never so far ahead that an interruption throws away much. Where a voice fails, the next one
goes on with the first word that is not wholly made; a voice that is alone is asked once more.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Final

from antiphon.errors import ProviderError, TimedOut, Unavailable
from antiphon.mouth.clause import Clause
from antiphon.mouth.phrases import Phrase
from antiphon.mouth.reply import Reply
from antiphon.mouth.studio import Studio, Take, break_off, remaining
from antiphon.ports.attendance import Attendance
from antiphon.ports.tts import Spoken, Synthesiser, Utterance

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
        attendance: Attendance,
    ) -> None:
        self.reply = reply
        self._studio = studio
        self._start = start
        self._more = more
        self._attendance = attendance
        self._letters = 0
        self._voice: Synthesiser | None = None
        self._utterance: Utterance | None = None
        self._task: asyncio.Task[None] | None = None
        self._patience: asyncio.Timeout | None = None
        self._said: list[Clause] = []
        """In the order the present utterance was told them."""
        self._kept: dict[int, Phrase] = {}
        """By clause identity: found in the cache, waiting for the clauses before it."""
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
            self._begin(self._pick())
        self._said.append(clause)
        self._utter(clause)
        self._wait_from_now()

    def _begin(self, voice: Synthesiser) -> None:
        self._voice, self._said = voice, []
        self._utterance = self._studio.utter(voice)
        self._task = self._start(self._run(self._utterance))

    def _utter(self, clause: Clause) -> None:
        assert self._utterance is not None
        text = remaining(clause, len(clause.times))
        self._letters += len(text)
        self._utterance.say(text)

    def _pick(self) -> Synthesiser:
        """Who begins."""
        studio = self._studio
        picked = studio.voices.pick(studio.clock.now())
        assert picked is not None
        return picked

    def _use_kept(self) -> None:
        """Cached clauses whose turn has come."""
        reply = self.reply
        while (clause := reply.open_clause) and (phrase := self._kept.pop(id(clause), None)):
            reply.append(phrase.pcm)
            clause.times = list(phrase.words)
            clause.complete = True
            self._more(reply)

    # --- the engine ---------------------------------------------------------------------------

    async def _run(self, utterance: Utterance | None) -> None:
        studio, voices = self._studio, self._studio.voices
        tried: list[Synthesiser] = []
        while utterance is not None:
            error, voice = await self._attempt(utterance), self._voice
            assert voice is not None
            self._utterance = utterance = None
            if error is None:
                voices.succeeded(voice)
                self._attendance.serves(voice.name)
                return
            now = studio.clock.now()
            voices.failed(voice, error, now)
            self._attendance.lost(error)
            tried.append(voice)
            again = error.retryable and len(voices) == 1 and len(tried) < ATTEMPTS
            following = voice if again else voices.pick(now, without=tried)
            self._break_off(voice)
            if following is not None:
                utterance = self._begin_again(following)
            elif not self._use_what_is_kept():
                self._attendance.nobody(error)
                self.reply.failed = str(error)
                self._more(self.reply)

    async def _attempt(self, utterance: Utterance) -> ProviderError | None:
        """Listen to one utterance to its end; returns what went wrong."""
        assert self._voice is not None
        name = self._voice.name
        try:
            async with asyncio.timeout(None) as self._patience:
                self._wait_from_now()
                await self._listen(utterance, self._voice)
        except ProviderError as error:
            return error
        except TimeoutError:
            return TimedOut("no audio for a clause", provider=name)
        finally:
            self._patience = None
            self._attendance.used(name, letters=self._letters)
            self._letters = 0
        if all(clause.complete for clause in self._said):
            return None
        return Unavailable("ended without the audio of a clause", provider=name)

    def _break_off(self, voice: Synthesiser) -> None:
        """Of the clause being made its whole words stay, and only the rest is said again."""
        studio = self._studio
        self._said = [clause for clause in self._said if not clause.complete]
        for clause in self._said:
            break_off(clause, self.reply, studio.letters_per_s[voice.name], studio.rate_hz)
            if clause.times and not remaining(clause, len(clause.times)):
                clause.complete = True
        self._said = [clause for clause in self._said if not clause.complete]

    def _begin_again(self, voice: Synthesiser) -> Utterance | None:
        if not self._said:
            # It broke off behind the last word: nothing is missing.
            self._use_kept()
            self._more(self.reply)
            if self._all_said:
                return None
        self._voice = voice
        self._utterance = utterance = self._studio.utter(voice)
        for clause in self._said:
            self._utter(clause)
        if self._all_said:
            utterance.end()
        return utterance

    def _use_what_is_kept(self) -> bool:
        """Nobody is left to ask; what somebody once said may still do."""
        found = {id(c): self._studio.cached(c, at_any_price=True) for c in self._said}
        if not all(found.values()) or any(clause.made for clause in self._said):
            return False
        self._kept |= {key: phrase for key, phrase in found.items() if phrase}
        self._said = []
        self._use_kept()
        return True

    async def _listen(self, utterance: Utterance, voice: Synthesiser) -> None:
        takes: dict[int, Take] = {}
        pieces = utterance.audio()
        try:
            async for piece in pieces:
                take = takes.get(piece.clause)
                if take is None:
                    take = takes[piece.clause] = Take(self._said[piece.clause], self._studio, voice)
                await self._hear(take, piece)
                self._wait_from_now()
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()

    async def _hear(self, take: Take, piece: Spoken) -> None:
        step = 2 * round(SLICE_S * take.voice.rate_hz)
        for at in range(0, len(piece.pcm), step):
            if at:
                await self._studio.clock.sleep_until(self._studio.clock.now())
            self._add(take.feed(piece.pcm[at : at + step]))
        take.learn(piece.words)
        if not piece.last:
            return
        self._add(take.finish())
        take.clause.complete = True
        self._studio.remember(take)
        self._use_kept()
        self.feed()
        self._more(self.reply)

    def _add(self, pcm: bytes) -> None:
        if pcm:
            self.reply.append(pcm)
            self._more(self.reply)

    def _wait_from_now(self) -> None:
        """An engine that owes audio has so long to make some."""
        if self._patience is None or self._patience.expired():
            return
        owes = any(not clause.complete for clause in self._said)
        now = asyncio.get_running_loop().time()
        self._patience.reschedule(now + self._studio.patience_s if owes else None)
