"""The paced sender: one reply's audio to the caller, a frame at a time, and back again.

Lives here: pacing by the playout ledger, the gain of the agent's voice, what each kind of
transport needs to lower or silence it (`TransportFacts.ducking`), and the room's sound behind it
and in its pauses. Must not live here: which reply is next and what anyone is told about it
(mouth.py), where audio comes from (voicing.py, ambient.py).

No asyncio: `Mouth` calls in whenever something changed and on every beat of the wheel.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from antiphon.audio.frame import frame_samples
from antiphon.audio.gain import MUTE_DB, Gain
from antiphon.audio.ledger import Ledger
from antiphon.mouth.ambient import Room
from antiphon.mouth.pace import UNDUCKABLE_S, Pace, lead_s
from antiphon.mouth.reply import Reply
from antiphon.ports.transport import Transport

__all__ = ["Figures", "Playout"]

DUCK_S: Final = 0.04
RESTORE_S: Final = 0.12
"""Down at once, up gently: a voice that jumps back is startling."""
CUT_S: Final = 0.015
"""The shortest end of a word that does not click."""
REMOTE_CUT_DB: Final = -60.0
FLUSH_ANSWER_S: Final = 0.3
"""A transport that has not said where it cut by then will not; the ledger's estimate counts."""

Phase = Literal["playing", "fading", "flushing"]


@dataclass(slots=True)
class Figures:
    """Counted over the call."""

    frames: int = 0
    """Of replies."""
    room_frames: int = 0
    """Of the room alone."""
    room_corrections: int = 0
    """The far end was found to have more of it, or less, than it should."""
    underruns: int = 0
    """The voice broke off within a clause because the engine was too slow."""
    flushes: int = 0
    unanswered_flushes: int = 0


class Playout:
    """At most one reply is on its way to the caller, ``reply``; `begin` the next when it is gone.

    `pump` sends what may be sent. `cut` silences the reply; when that is certain, ``cut_done`` is
    called with it, and it is gone.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        duck_db: float,
        on_sent: Callable[[bytes, int], None] | None,
        cut_done: Callable[[Reply], None],
        room: Room | None = None,
    ) -> None:
        facts = transport.facts
        self._transport = transport
        self._kind = facts.ducking
        self._rate_hz = facts.rate_hz
        self._delay_s = facts.delay_s
        self._frame = frame_samples(facts.rate_hz)
        self.ledger = Ledger(
            facts.rate_hz,
            lead_s=None if facts.confirms else lead_s(facts),
            delay_s=facts.delay_s,
        )
        self._pace = Pace(facts, self.ledger)
        self._duck_db = duck_db
        self._on_sent = on_sent
        self._cut_done = cut_done
        self._gain = Gain(facts.rate_hz)
        self._ducked = False
        self._remote_db = 0.0
        self._phase: Phase = "playing"
        self._phase_ends_s = 0.0
        self._flushed_to: int | None = None
        self._cutting = False
        self._said_to = 0  # where on the ledger's line the reply's audio ends
        self._room = room
        self.room_alone = False
        """What was sent last, or is being sent, is no voice."""
        self.reply: Reply | None = None
        self.figures = Figures()

    # --- sending ----------------------------------------------------------------------------

    def outstanding_s(self, now: float) -> float:
        """How long a sample sent now waits behind others, by our own clock."""
        return self._pace.outstanding_s(now)

    def free(self, now: float) -> bool:
        """A reply that begins now is sent now."""
        return self.reply is None and self._phase == "playing" and self._pace.voice_may(now)

    def begin(self, reply: Reply) -> None:
        """This one is next, and there is no other: see `free`. Then `pump`."""
        self.reply = reply

    def pump(self, now: float) -> None:
        """Send what may be sent; carry on with a cut or a flush that is under way."""
        if self._phase == "fading" and now >= self._phase_ends_s:
            self._flush(now)
        elif self._phase == "flushing" and now >= self._phase_ends_s:
            self.figures.unanswered_flushes += 1
            self._resolve(self._flushed_to, now)
        reply = self.reply
        if self._phase != "playing" or reply is None:
            return
        while self._pace.voice_may(now):
            pcm = reply.frame(self._frame, urgent=self._pace.hurries(now))
            if pcm is None:
                break
            self._send(reply, self._gain.apply(pcm), now)
        reply.forget_old()

    def finished(self, now: float) -> bool:
        """The caller has heard all there is of the reply."""
        reply = self.reply
        if reply is None or not reply.all_sent or self._phase != "playing":
            return False
        return self._unheard_s(now) <= 0.0

    def _unheard_s(self, now: float) -> float:
        """How much of what was sent of the reply is yet to be heard."""
        return max(0, self._said_to - self.ledger.position(now)) / self._rate_hz

    def irrevocable_s(self, now: float) -> float:
        """Of the reply: on its way, and nothing can stop it."""
        return self._unheard_s(now) if self._kind == "lead" else 0.0

    def gone(self) -> None:
        """Forget the reply: it was heard, or cut and told."""
        if self.reply is not None:
            self.figures.underruns += self.reply.underruns
            self.ledger.forget(self.reply.number)
        self.reply = None

    def _send(self, reply: Reply, pcm: bytes, now: float) -> None:
        room, ahead_s = self._room, None
        if room is not None:
            self._mend(room, now)
            pcm, ahead_s = room.under(pcm), self._pace.ahead_s(now)
        self.room_alone = False
        self._hand_over(pcm, now)
        self.ledger.sent(reply.number, len(pcm) // 2, now, ahead_s=ahead_s)
        self._said_to = self.ledger.sent_samples
        self.figures.frames += 1
        reply.started = True

    def fill(self, now: float) -> None:
        """Let the room be heard where no voice is; after `pump`, for a voice goes first."""
        room = self._room
        if room is None or self._phase != "playing":
            return
        if self.reply is None:
            self.figures.room_corrections += self._pace.keep_up(now)
        while self._pace.room_may(now):
            self._mend(room, now)
            ahead_s = self._pace.ahead_s(now)
            self.room_alone = True
            self._hand_over(room.alone(self._frame), now)
            self.ledger.filled(self._frame, now, ahead_s=ahead_s)
            self.figures.room_frames += 1

    def _mend(self, room: Room, now: float) -> None:
        if hole_s := self._pace.hole_s(now):
            self._pace.missed(hole_s, now)
            room.fade_in(hole_s)

    def _hand_over(self, pcm: bytes, now: float) -> None:
        if self._on_sent:
            self._on_sent(pcm, self.ledger.sent_samples)
        self._transport.play(pcm)
        self._pace.sent(now)

    # --- the voice's level -------------------------------------------------------------------

    def duck(self, now: float) -> None:
        """Lower the voice. Nothing to do when it is silent."""
        if self._ducked or self.reply is None or self._cutting:
            return
        self._ducked = True
        if self._kind == "remote_gain":
            self._remote(self._duck_db, DUCK_S)
        elif self._kind == "lead" or self._unheard_s(now) <= UNDUCKABLE_S:
            self._gain.set(self._duck_db, DUCK_S)
        else:
            self._flush(now)

    def restore(self) -> None:
        """Raise the voice again."""
        if not self._ducked:
            return
        self._ducked = False
        if self._kind == "remote_gain":
            self._remote(0.0, RESTORE_S)
        else:
            self._gain.set(0.0, RESTORE_S)

    def rest(self) -> None:
        """Nothing is being said any more: the next word is at full voice."""
        self._remote(0.0, RESTORE_S if self._room else 0.0)
        if self._ducked:
            self._gain = Gain(self._rate_hz)
        self._ducked = False

    def _remote(self, decibels: float, ramp_s: float) -> None:
        if decibels != self._remote_db:
            self._remote_db = decibels
            self._transport.gain(decibels, ramp_s)

    # --- silence ------------------------------------------------------------------------------

    def cut(self, now: float) -> None:
        """Silence the reply as fast as the transport can, without a click where it is ours."""
        reply = self.reply
        if reply is None or self._cutting:
            return
        self._cutting = True
        if self._phase == "flushing":
            return  # it was to be sent again, quieter; now it will not be
        if self._unheard_s(now) <= 0.0 and self._kind != "lead":
            self._end_cut()
        elif self._kind == "lead":
            self._fade_away(reply, now)
            self._end_cut()
        elif self._kind == "remote_gain":
            self._remote(REMOTE_CUT_DB, CUT_S)
            self._phase, self._phase_ends_s = "fading", now + CUT_S
        else:
            self._flush(now)

    def flushed(self, position: int, now: float) -> None:
        """The transport says where it cut."""
        if self._phase == "flushing":
            self._resolve(position, now)

    def _fade_away(self, reply: Reply, now: float) -> None:
        self._gain.set(MUTE_DB, CUT_S)
        pcm = reply.frame(self._frame, urgent=True)
        if pcm is not None:
            self._send(reply, self._gain.apply(pcm), now)

    def _flush(self, now: float) -> None:
        self._phase, self._phase_ends_s = "flushing", now + FLUSH_ANSWER_S
        # If no answer comes: the flush takes the same way as audio and acts when it arrives.
        self._flushed_to = self.ledger.position(now + self._delay_s)
        self.figures.flushes += 1
        self._transport.flush()

    def _resolve(self, position: int | None, now: float) -> None:
        self.ledger.flushed(position, now)
        self._phase = "playing"
        self._pace.dropped(now)
        if self._room is not None:
            self._room.fade_in()
        reply = self.reply
        if reply is None:
            return
        if self._cutting:
            self._end_cut()
            return
        self._gain = Gain(self._rate_hz, self._duck_db if self._ducked else 0.0)
        reply.rewind(self.ledger.heard(reply.number, now).samples)
        self.pump(now)

    def _end_cut(self) -> None:
        self._cutting = False
        reply, self._ducked = self.reply, False
        self._remote(0.0, 0.0)
        self._gain = Gain(self._rate_hz)
        if reply is not None:
            self._cut_done(reply)
