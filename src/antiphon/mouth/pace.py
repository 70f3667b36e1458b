"""When the next frame may go: how much is out, by our own clock and by what is reported.

Lives here: the leads of voice and room, and noticing a far end that does not play. Must not live
here: what is sent (playout.py). No clock: every method is given the time.
"""

from typing import Final

from antiphon.audio.frame import FRAME_S
from antiphon.audio.ledger import Ledger
from antiphon.mouth.backlog import Backlog
from antiphon.ports.transport import TransportFacts

__all__ = ["STUCK_S", "UNDUCKABLE_S", "Pace", "lead_s"]

UNDUCKABLE_S: Final = 0.06
"""The lead that is allowed where audio on its way can neither be lowered nor dropped, and the
most that is left to play at full voice where dropping it would gain nothing."""
STUCK_S: Final = 1.0
"""A far end this much behind what it should have played, the way there and back included, does
not play: a sleeping page, a jammed line. Nothing more is sent until it does."""
ROOM_LEAD_S: Final = 1.5 * FRAME_S
"""How much of the room alone is out at most: a reply that begins waits behind it. A frame, and
as much as a beat of the wheel is late on a machine that is not busy."""
ROOM_MOST_S: Final = 0.08
"""On one that is: each hole in the room makes its lead longer by as much, up to this. The voice,
whose lead is longer anyway, then has to wait longer behind it."""
ROOM_EASE: Final = 0.002
"""So many seconds of that are given back a second: half a minute without a hole undoes it."""
_STALL_S: Final = 0.5
"""What stood still for longer no lead would have bridged."""
_HURRY_S: Final = 1.5 * FRAME_S
"""With less than this left to play the caller is about to run dry: the next beat may be late."""
_HOLE_S: Final = 0.25 * FRAME_S
_ROUNDING_S: Final = 1e-6


def lead_s(facts: TransportFacts) -> float:
    """How far ahead of the caller the voice may be sent."""
    most_s = UNDUCKABLE_S if facts.ducking == "lead" else facts.lead_s
    return max(FRAME_S, min(facts.lead_s, most_s))


class Pace:
    """One call's. Paced by our own clock: reports are a way back old, and who waits for them with
    a lead shorter than that lets the caller run dry. The ledger only says when it is stuck, and,
    for a room that never pauses, whether the two have come apart."""

    def __init__(self, facts: TransportFacts, ledger: Ledger) -> None:
        self._ledger = ledger
        self._confirms = facts.confirms
        self._lead_s = lead_s(facts)
        self._extra_s = self._extra_from_s = 0.0
        self._unconfirmed_s = self._lead_s + 2 * facts.delay_s + STUCK_S
        self._backlog = Backlog()
        self._dry_s = 0.0

    def outstanding_s(self, now: float) -> float:
        """How long a sample sent now waits behind others."""
        return max(0.0, self._dry_s - now)

    def ahead_s(self, now: float) -> float:
        """How much is out with one frame more."""
        return self.outstanding_s(now) + FRAME_S

    def hurries(self, now: float) -> bool:
        """The caller is about to run dry."""
        return self._dry_s - now < _HURRY_S

    def hole_s(self, now: float) -> float:
        """How long nothing was heard before what is sent now; 0 where that hardly shows."""
        hole_s = now - self._dry_s
        return hole_s if hole_s > _HOLE_S else 0.0

    def missed(self, hole_s: float, now: float) -> None:
        """There was a hole in the room's sound."""
        if hole_s < _STALL_S:
            self._extra_s, self._extra_from_s = self._room_extra_s(now) + hole_s, now

    def _room_extra_s(self, now: float) -> float:
        given_back_s = ROOM_EASE * (now - self._extra_from_s)
        return min(max(0.0, self._extra_s - given_back_s), ROOM_MOST_S - ROOM_LEAD_S)

    def voice_may(self, now: float) -> bool:
        """A frame of voice may go."""
        stuck_s = self._lead_s + STUCK_S
        return (
            self.ahead_s(now) - _ROUNDING_S <= self._lead_s
            and self._ledger.outstanding(now) <= stuck_s
        )

    def room_may(self, now: float) -> bool:
        """A frame of the room alone may go: the caller is about to hear nothing, and is there to
        hear something. Reports that do not come say that they are not."""
        there = not self._confirms or self._ledger.unconfirmed_s <= self._unconfirmed_s
        most_s = min(ROOM_LEAD_S + self._room_extra_s(now), self._lead_s)
        return there and self.ahead_s(now) - _ROUNDING_S <= most_s

    def sent(self, now: float) -> None:
        """A frame was handed over."""
        self._dry_s = max(self._dry_s, now) + FRAME_S

    def dropped(self, now: float) -> None:
        """A flush left nothing on its way."""
        self._dry_s = now
        self._backlog.settle(now)

    def keep_up(self, now: float) -> bool:
        """While the room alone is heard: make good what reports say is out beyond what should
        be. Whether there was something."""
        if self.hole_s(now):
            self._backlog.settle(now)
        elif self._confirms:
            difference_s = self._ledger.outstanding(now) - self.outstanding_s(now)
            more_s = self._backlog.look(difference_s, now)
            self._dry_s = max(now, self._dry_s + more_s) if more_s else self._dry_s
            return more_s != 0.0
        return False
