"""The agent's mouth: replies in, as text that streams; heard speech out, and the truth about it.

Lives here: the order of replies and what is told about each. A reply ends in exactly one of
ReplyFinished, ReplyStopped, ReplyFailed, or is discarded without a word before it was audible.
Its audio is made in voicing.py and sent in playout.py.

Replies play one after another, in the order of lineup.py. A held reply stands aside: it keeps
nobody waiting, and `stop` leaves it alone, since it answers what the caller is just saying.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Final, TypeAlias

from antiphon.actions import Speak
from antiphon.events import (
    Event,
    ReplyFailed,
    ReplyFinished,
    ReplyReady,
    ReplyStarted,
    ReplyStopped,
)
from antiphon.mouth.ambient import Room
from antiphon.mouth.clips import Clips
from antiphon.mouth.lineup import Lineup
from antiphon.mouth.phrases import PhraseCache
from antiphon.mouth.playout import Figures, Playout
from antiphon.mouth.reply import Reply
from antiphon.mouth.settings import MouthSettings
from antiphon.mouth.studio import Studio
from antiphon.mouth.voicing import Voicing
from antiphon.mouth.wheel import Ticking, Wheel
from antiphon.net.roster import Roster
from antiphon.ports.attendance import Attendance
from antiphon.ports.clock import Clock
from antiphon.ports.transport import Transport
from antiphon.ports.tts import Synthesiser

__all__ = ["Mouth"]

BETWEEN_REPLIES_S: Final = 0.12
"""Two replies in a row are parted at least as clearly as two sentences; the wheel and the
voice's own margins add to this."""


OnWords: TypeAlias = Callable[[int, str, tuple[tuple[int, int], ...]], None]
"""More of a reply's text and where it will be heard: pairs of characters of that text and the
transport's sample count by which they are heard."""


class Mouth:
    """One per call. Methods return at once and may be called before `run`.

    ``tell`` must only note what it is told: it is called from within these methods.
    ``on_sent(pcm, position)`` is called with every frame just before it is sent, so that
    `outstanding_s` says how long that frame will wait to be heard.
    """

    def __init__(  # noqa: PLR0913 - one object from everything a call owns
        self,
        *,
        voices: Roster[Synthesiser],
        transport: Transport,
        wheel: Wheel,
        clock: Clock,
        tell: Callable[[Event], None],
        settings: MouthSettings,
        phrases: PhraseCache | None,
        attendance: Attendance,
        on_sent: Callable[[bytes, int], None] | None,
        on_clause: Callable[[int, str], None] | None = None,
        on_words: OnWords | None = None,
        room: Room | None = None,
        clips: Clips | None = None,
    ) -> None:
        self._clock = clock
        self._wheel = wheel
        self._tell = tell
        self._on_clause = on_clause
        self._on_words = on_words
        self._attendance = attendance
        self._studio = Studio(
            voices=voices,
            settings=settings,
            rate_hz=transport.facts.rate_hz,
            clock=clock,
            phrases=phrases,
            clips=clips,
        )
        self._room = room
        self._playout = Playout(
            transport,
            duck_db=settings.duck_db,
            on_sent=on_sent,
            cut_done=self._cut_done,
            room=room,
        )
        self._group: asyncio.TaskGroup | None = None
        self._lineup = Lineup()
        self._voicings: dict[int, Voicing] = {}
        self._beat: Ticking | None = None
        self._next_s = clock.now()
        self._settling = self._unsettled = False

    async def run(self) -> None:
        """Make the replies' audio, until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._group:
                self._begin_all()
                if self._room:
                    self._settle(self._clock.now())
                await asyncio.get_running_loop().create_future()
        finally:
            self._group = None
            if self._beat:
                self._beat.cancel()
                self._beat = None

    def _begin_all(self) -> None:
        """Of its own, because a variable of `run` would keep a reply's audio for the whole call."""
        for voicing in tuple(self._voicings.values()):
            voicing.feed()

    @property
    def figures(self) -> Figures:
        """What happened so far, counted."""
        return self._playout.figures

    def outstanding_s(self) -> float:
        """How long a sample sent now waits behind others before it plays."""
        return self._playout.outstanding_s(self._clock.now())

    @property
    def room_alone(self) -> bool:
        """Whether what is being sent is the room's sound and no voice; for ``on_sent``."""
        return self._playout.room_alone

    # --- orders --------------------------------------------------------------------------------

    def speak(self, action: Speak) -> None:
        """More text of a reply; the first piece says where it belongs and whether it is held."""
        if self._lineup.is_over(action.reply):
            return
        voicing = self._voicings.get(action.reply) or self._open(action)
        reply = voicing.reply
        if reply.text_complete:
            return
        for part in reply.add(action):
            clause = self._studio.clause(part, reply.manner)
            reply.clauses.append(clause)
            if self._on_clause and not clause.breaks:
                self._on_clause(reply.number, clause.text)
        if self._group:
            voicing.feed()
        self._more(reply)

    def release(self, reply: int) -> None:
        """Let a held reply be heard."""
        self._set_held(reply, False)

    def hold(self, reply: int) -> None:
        """Take the release back, if nothing of it was heard."""
        self._set_held(reply, True)

    def discard(self, reply: int) -> None:
        """Throw a reply away. One that is audible already is stopped instead."""
        voicing = self._voicings.get(reply)
        if voicing is None:
            self._lineup.close(reply)
        elif voicing.reply is self._playout.reply:
            self._cut(voicing.reply)
        else:
            self._forget(voicing.reply)
            self._settle(self._clock.now())

    def duck(self) -> None:
        """Lower the voice until `restore` or `stop`."""
        self._playout.duck(self._clock.now())

    def restore(self) -> None:
        """Raise the voice again."""
        self._playout.restore()

    def stop(self) -> None:
        """Silence the audible reply and drop everything queued behind it."""
        now = self._clock.now()
        self._settle(now)
        for reply in self._lineup.queued:
            self._tell(ReplyStopped(reply=reply.number, heard="", unheard=reply.split(0)[1]))
            self._forget(reply)
        if self._playout.reply is not None:
            self._cut(self._playout.reply)

    # --- the line ------------------------------------------------------------------------------

    def played(self, samples: int) -> None:
        """The caller has heard the agent's audio up to this count."""
        now = self._clock.now()
        self._playout.ledger.confirmed(samples, now)
        self._settle(now)

    def flushed(self, samples: int) -> None:
        """A flush took effect at this count."""
        now = self._clock.now()
        self._playout.flushed(samples, now)
        self._settle(now)

    # --- inside --------------------------------------------------------------------------------

    def _cut(self, reply: Reply) -> None:
        now = self._clock.now()
        self._voicings[reply.number].cancel()
        self._playout.cut(now)
        self._settle(now)

    def _open(self, action: Speak) -> Voicing:
        reply = Reply(action, self._studio.rate_hz)
        self._lineup.add(reply)
        voicing = Voicing(reply, self._studio, self._start, self._more, self._attendance)
        self._voicings[reply.number] = voicing
        return voicing

    def _start(self, making: Coroutine[None, None, None]) -> asyncio.Task[None]:
        if self._group is None:
            making.close()
            raise RuntimeError("the mouth is not running")
        return self._group.create_task(making)

    def _set_held(self, number: int, held: bool) -> None:
        voicing = self._voicings.get(number)
        if voicing and voicing.reply is not self._playout.reply:
            voicing.reply.held = held
            self._settle(self._clock.now())

    def _more(self, reply: Reply) -> None:
        """There is audio that was not there before, or there will be no more."""
        if not reply.ready and (reply.playable or (reply.whole and reply.failed is None)):
            reply.ready = True
            self._tell(ReplyReady(reply=reply.number))
        if reply.failed is not None and not reply.rendered:
            self._tell(ReplyFailed(reply=reply.number, heard="", reason=reply.failed))
            self._forget(reply)
        self._settle(self._clock.now())

    def _settle(self, now: float) -> None:
        """Do everything that may be done now: send, finish, begin the next."""
        if self._settling:
            self._unsettled = True
            return
        self._settling = self._unsettled = True
        try:
            while self._unsettled:
                self._unsettled = False
                self._begin(now)
                self._advance(now)
                if self._playout.finished(now):
                    self._finish(now)
            if self._group:
                self._playout.fill(now)
        finally:
            self._settling = False
        self._keep_time()

    def _begin(self, now: float) -> None:
        """Hand the next reply to the playout, if its first frame can go out at once."""
        if self._playout.reply is not None or now < self._next_s:
            return
        reply = self._lineup.next
        if reply is None:
            return
        if reply.playable and self._playout.free(now):
            self._lineup.take(reply)
            self._playout.begin(reply)
            self._tell(ReplyStarted(reply=reply.number))
        elif reply.whole and not reply.rendered:
            # Nothing in it can be spoken, so it is over as soon as its turn comes.
            self._tell(ReplyFinished(reply=reply.number, heard=reply.text))
            self._forget(reply)
            self._unsettled = True

    def _advance(self, now: float) -> None:
        playout, reply = self._playout, self._playout.reply
        if reply is None:
            return
        playout.pump(now)
        if playout.reply is not reply:
            self._unsettled = True
            return
        told = reply.text_placed
        if words := reply.place():
            playout.ledger.words(reply.number, words)
            if self._on_words:
                begins = playout.ledger.sent_samples - reply.cursor
                self._on_words(reply.number, *reply.marks(told, words, begins))
        if reply.unsaid is not None and self._group:
            self._voicings[reply.number].feed()

    def _finish(self, now: float) -> None:
        reply = self._playout.reply
        assert reply is not None
        if reply.failed is None:
            self._tell(ReplyFinished(reply=reply.number, heard=reply.text))
        else:
            heard, _ = self._heard(reply, now)
            self._tell(ReplyFailed(reply=reply.number, heard=heard, reason=reply.failed))
        self._end(reply, now)

    def _cut_done(self, reply: Reply) -> None:
        """The reply is silent for good."""
        now = self._clock.now()
        # What a transport cannot take back will still be heard.
        heard, unheard = self._heard(reply, now + self._playout.irrevocable_s(now))
        self._tell(ReplyStopped(reply=reply.number, heard=heard, unheard=unheard))
        self._end(reply, now)

    def _heard(self, reply: Reply, when_s: float) -> tuple[str, str]:
        ledger = self._playout.ledger
        ledger.words(reply.number, reply.place(all_of_it=True))
        return reply.split(len(ledger.heard(reply.number, when_s).text.split()))

    def _end(self, reply: Reply, now: float) -> None:
        self._playout.gone()
        self._forget(reply)
        self._next_s = now + BETWEEN_REPLIES_S
        self._unsettled = True

    def _forget(self, reply: Reply) -> None:
        self._voicings.pop(reply.number).cancel()
        self._lineup.close(reply.number)

    def _keep_time(self) -> None:
        """Ride the wheel while there is something to say, or a room to be heard."""
        busy = self._playout.reply is not None or self._lineup.next is not None
        if not busy:
            self._playout.rest()
        riding = busy or (self._room is not None and self._group is not None)
        if riding and self._beat is None:
            self._beat = self._wheel.every_frame(self._settle)
        elif not riding and self._beat is not None:
            self._beat.cancel()
            self._beat = None
