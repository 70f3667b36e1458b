"""Text to audio for one reply: which clause is made when, by the cache or by the voice.

A clause is said as soon as look-ahead allows, so that the engine works while the caller listens,
but never so far ahead that an interruption throws away much. Where a voice fails, the next one
goes on with the first word that is not wholly made; a voice that is alone is asked once more. Who
has begun goes on with the whole reply, if it can.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Final

from antiphon.errors import ProviderError, TimedOut
from antiphon.mouth.clause import Clause
from antiphon.mouth.phrases import Phrase
from antiphon.mouth.reply import Reply
from antiphon.mouth.speech import Speech
from antiphon.mouth.studio import Studio
from antiphon.mouth.take import Take, remaining
from antiphon.ports.attendance import Attendance
from antiphon.ports.tts import Spoken, Synthesiser

__all__ = ["Voicing"]

AHEAD_CLAUSES: Final = 2
"""The one being heard and the next."""
AHEAD_S: Final = 2.0
"""Short clauses may be made beyond that, as long as all of them together last no longer: a
hosted voice takes up to a second to begin."""
SLICE_S: Final = 0.25
"""Polished in one go; longer pieces give the loop back in between (about 1 ms of work each)."""
ATTEMPTS: Final = 2
"""Of a voice that is alone, for a clause."""


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
        """Who says this reply."""
        self._tried: list[Synthesiser] = []
        """Who failed since a clause was complete."""
        self._take: Take | None = None
        self._utterance: Speech | None = None
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
            if phrase := self._studio.cached(clause, self._voice):
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
        self._said = []
        self._task = self._start(self._run(self._open(voice)))

    def _open(self, voice: Synthesiser) -> Speech:
        self._voice, self._take = voice, None
        self._utterance = speech = Speech(voice)
        return speech

    def _utter(self, clause: Clause) -> None:
        assert self._utterance is not None
        assert self._voice is not None
        said = len(clause.times)
        text = remaining(clause, said)
        stress = tuple(word - said for word in clause.stress if word >= said)
        self._letters += len(text)
        self._utterance.say(text, self._studio.speaking(clause, self._voice), stress)

    def _pick(self) -> Synthesiser:
        """Who begins, or begins again."""
        if self._voice and self._voice not in self._tried:
            return self._voice
        voices, now = self._studio.voices, self._studio.clock.now()
        return voices.pick(now, without=self._tried) or voices.preferred

    def _use_kept(self) -> None:
        """Cached clauses whose turn has come."""
        reply = self.reply
        while (clause := reply.open_clause) and (phrase := self._kept.pop(id(clause), None)):
            reply.append(phrase.pcm)
            clause.times = list(phrase.words)
            clause.complete = True
            self._more(reply)

    # --- the engine ---------------------------------------------------------------------------

    async def _run(self, utterance: Speech) -> None:
        following: Speech | None = utterance
        while following is not None:
            voice = self._voice
            assert voice is not None
            error = await self._attempt(following, voice)
            self._utterance = None
            following = None if error is None else self._go_on_after(error, voice)

    async def _attempt(self, utterance: Speech, voice: Synthesiser) -> ProviderError | None:
        """Listen to one utterance to its end; returns what went wrong."""
        done_well, asked_s = True, self._studio.clock.now()
        try:
            async with asyncio.timeout(None) as self._patience:
                self._wait_from_now()
                await self._listen(utterance, voice)
        except ProviderError as error:
            done_well = False
            return error
        except TimeoutError:
            done_well = False
            return TimedOut("no audio for a clause", provider=voice.name)
        finally:
            self._patience = None
            # Who never made a sound did no work.
            if self._take or done_well:
                self._attendance.used(voice.name, letters=self._letters)
            self._letters = 0
            # Also whoever was interrupted.
            if done_well and any(clause.complete for clause in self._said):
                self._studio.voices.succeeded(voice)
            elif done_well:
                self._studio.voices.dropped(voice, asked_s)
        return None

    def _go_on_after(self, error: ProviderError, voice: Synthesiser) -> Speech | None:
        """Have somebody say what is missing, if anything is."""
        voices, now = self._studio.voices, self._studio.clock.now()
        voices.failed(voice, error, now)
        self._attendance.lost(error)
        self._break_off()
        self._tried.append(voice)
        utterance: Speech | None = None
        if self._said:
            again = error.retryable and len(voices) == 1 and len(self._tried) < ATTEMPTS
            following = voice if again else voices.pick(now, without=self._tried)
            if following:
                utterance = self._say_again(following)
            elif not self._know_what_is_missing():
                self._attendance.nobody(error)
                self.reply.failed = str(error)
        self._use_kept()
        self.feed()
        self._more(self.reply)
        return utterance

    def _break_off(self) -> None:
        """Of the clause being made its whole words stay, and only the rest is said again."""
        if self._take and not self._take.clause.complete:
            self._take.break_off(self.reply)
        self._said = [clause for clause in self._said if not clause.complete]
        for clause in self._said:
            if clause.times and not remaining(clause, len(clause.times)):
                clause.complete = True
                self._tried.clear()
        self._said = [clause for clause in self._said if not clause.complete]

    def _say_again(self, voice: Synthesiser) -> Speech:
        """All that is not said yet, so that not one voice says this clause and another that."""
        utterance, studio = self._open(voice), self._studio
        missing = [clause for clause in self.reply.clauses if clause.said and not clause.complete]
        found = {id(c): studio.cached(c, voice) for c in missing if not c.made}
        self._kept = {key: phrase for key, phrase in found.items() if phrase}
        self._said = [clause for clause in missing if id(clause) not in self._kept]
        for clause in self._said:
            self._utter(clause)
        if self._all_said:
            utterance.end()
        return utterance

    def _know_what_is_missing(self) -> bool:
        """Nobody is left to ask; what somebody once said may still do."""
        found = {id(clause): self._studio.cached_at_all(clause) for clause in self._said}
        if not all(found.values()) or any(clause.made for clause in self._said):
            return False
        self._kept |= {key: phrase for key, phrase in found.items() if phrase}
        self._said = []
        return True

    async def _listen(self, utterance: Speech, voice: Synthesiser) -> None:
        pieces = utterance.audio()
        try:
            async for piece in pieces:
                clause = self._said[piece.clause]
                if self._take is None or self._take.clause is not clause:
                    self._take = Take(clause, self._studio, voice)
                await self._hear(self._take, piece)
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
        take.remember()
        self._tried.clear()
        self._attendance.serves(take.voice.name)
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
        due_s = asyncio.get_running_loop().time() + self._patience_s
        self._patience.reschedule(due_s if owes else None)

    @property
    def _patience_s(self) -> float:
        return self._studio.patience_s([*self._tried, *([self._voice] if self._voice else [])])
