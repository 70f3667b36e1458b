"""The floor of one call: everything the turn machine remembers, and the moves that several facts
and deadlines make alike.

Orders given pile up in `out`. Which fact or silence makes which move is for `caller`, `bargein`,
`endpoint` and `replying`; what an overlap or a pause means is weighed in `overlap` and `pause`.
"""

import math

from antiphon import actions as order
from antiphon.actions import Action
from antiphon.events import Expectation
from antiphon.turns import overlap
from antiphon.turns.settings import TurnSettings
from antiphon.turns.table import Cue, State, follow
from antiphon.turns.transcript import BLUR_S, Transcript
from antiphon.turns.turn import AudioClock, Replies, Turn
from antiphon.turns.waits import Waits

__all__ = ["Floor"]


class Floor:
    """Who has the floor, what is known, and what was ordered and not yet fetched."""

    def __init__(self, settings: TurnSettings) -> None:
        self.settings = settings
        self.state = State.IDLE
        self.out: list[Action] = []
        self.waits = Waits(settings)
        self.audio = AudioClock()
        self.transcript = Transcript()
        self.told_s = -math.inf
        """Where the audio was when the recogniser last told something new."""
        self.asked_s = -math.inf
        """Up to here a final was asked for."""
        self.replies = Replies()
        self.expectation = Expectation()
        self.voice = False
        self.voice_start_s = 0.0
        self.overlap_s = 0.0
        """Where the sound over the agent began."""
        self.overheard = overlap.Overheard()
        self.turn: Turn | None = None
        """What the caller is saying, or said while no answer to it is audible."""
        self.heard_turn: Turn | None = None
        """The last turn whose answer is audible, for readings of it that come late."""
        self.turns = 0

    def flush(self) -> list[Action]:
        """The orders since the last time."""
        out, self.out = self.out, []
        return out

    def go(self, cue: Cue) -> None:
        """Move as the table says."""
        self.state = follow(self.state, cue)

    # --- what the caller says ----------------------------------------------------------------

    def begin_or_go_on(self, at_s: float) -> Turn:
        """The caller speaks: a new turn, or more of the one under way."""
        if self.turn is None:
            self.turns += 1
            self.turn = Turn(
                number=self.turns, start_s=at_s, anchor_s=at_s, from_s=self.transcript.settled_s
            )
        self.turn.go_on(at_s)
        return self.turn

    def end_of(self, turn: Turn) -> float:
        """Where a turn ends in the audio. Recognisers hear words a little past the voice."""
        span = self.transcript.open()
        return max(turn.anchor_s, span[1]) if span else turn.anchor_s

    def fresh(self) -> tuple[float, float] | None:
        """Where words lie that nobody has dealt with and no answer under way is to."""
        turn = self.turn
        answered_s = turn.until_s + BLUR_S if turn and turn.answered is not None else 0.0
        return self.transcript.open(answered_s)

    def finalise(self, until_s: float) -> None:
        """Ask the recogniser for its last word on the audio up to here."""
        self.asked_s = max(self.asked_s, until_s)
        self.out.append(order.FinaliseTranscript(until_s=until_s))

    def unvoiced(self, end_s: float) -> bool:
        """Nobody has asked for the final of words up to here, and no voice is there to end."""
        asked = self.transcript.is_final(end_s) or self.asked_s >= end_s - 2 * BLUR_S
        return not asked and not self.voice and self.transcript.open() is not None

    def settle(self, until_s: float) -> None:
        """What was said up to here is dealt with; the last turn is kept for late readings."""
        self.transcript.settle(until_s, self.heard_turn.from_s if self.heard_turn else None)
        self.out.append(order.Settle(until_s=self.transcript.settled_s))

    # --- what we say ---------------------------------------------------------------------------

    def take_back(self) -> None:
        """Nothing of the answer was heard: it was never given, but may still fit."""
        turn = self.turn
        if turn and turn.answered is not None:
            self.out.append(order.Withdraw(turn=turn.number))
            turn.prepared, turn.answered, turn.filled = turn.answered, None, False
            self.replies.take_back(turn.replies)

    def abandon(self, turn: Turn) -> None:
        """What was prepared for other words than these is of no use."""
        if turn.prepared is not None:
            turn.prepared = None
            turn.replies.clear()
            self.out.append(order.Abandon(turn=turn.number))

    def drop_pending(self, why: str) -> None:
        """What was not yet said will not be."""
        if self.replies.pending:
            self.replies.clear()
            self.out.append(order.StopSpeaking(why=why))

    def give_to_caller(self, why: str) -> None:
        """The caller has the floor; whatever we say or were about to say ends."""
        self.take_back()
        self.drop_pending(why)
        turn = self.turn
        if turn is None:
            turn = self.begin_or_go_on(max(self.voice_start_s, self.transcript.settled_s))
        while self.state is not State.HEARING:
            self.go(Cue.YIELD if self.state is State.OVERLAP else Cue.CALLER_SPOKE)
        turn.looks = 0
        if not self.voice:
            self.go(Cue.CALLER_PAUSED)
