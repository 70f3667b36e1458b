"""The turn machine: what happened goes in, what to do comes out, and the time is an argument.

`receive` takes an event, `tick` lets time pass, both return orders; `deadline` says when the
next tick is due. Before an edge of speech and before every tick the shell tells
`AudioAdvanced`, so that a pause is counted in audio heard and never in arrival times. The same
inputs always give the same orders: no clock, no chance, no I/O lives here.

This file only says which fact and which state concerns whom. Where the floor goes is in `table`,
what is remembered in `floor`. What the caller does is taken by `caller`, with a sound over the
agent in `bargein` (weighed in `overlap`) and the end of a turn in `endpoint` (weighed in `pause`
and `evidence`); our own replies by `replying`. Whose words are whose is in `transcript`, what is
due when nobody speaks in `waits`.
"""

import math
from typing import assert_never

from antiphon.actions import Action
from antiphon.events import (
    AudioAdvanced,
    CallEnded,
    CallStarted,
    DigitPressed,
    EndpointHinted,
    ExpectationSet,
    ReplyFailed,
    ReplyFinished,
    ReplyOffered,
    ReplyReady,
    ReplyStarted,
    ReplyStopped,
    SpeechStarted,
    SpeechStopped,
    TranscriptChanged,
    TurnScored,
)
from antiphon.turns import bargein, caller, endpoint, replying
from antiphon.turns.floor import Floor
from antiphon.turns.settings import TurnSettings
from antiphon.turns.table import Cue, State
from antiphon.turns.turn import Turn

__all__ = ["Machine", "TurnEvent"]

TurnEvent = (
    CallStarted
    | CallEnded
    | DigitPressed
    | SpeechStarted
    | SpeechStopped
    | AudioAdvanced
    | TurnScored
    | TranscriptChanged
    | EndpointHinted
    | ReplyReady
    | ReplyStarted
    | ReplyFinished
    | ReplyStopped
    | ReplyFailed
    | ExpectationSet
    | ReplyOffered
)

# A timer that would fire again at once waits at least this long, so time always moves.
LEAST_WAIT_S = 0.005


class Machine:
    """Who has the floor in one call."""

    def __init__(self, settings: TurnSettings) -> None:
        self.settings = settings
        self._floor = Floor(settings)
        self._deadline: float | None = None
        self._ticked_at = -math.inf

    @property
    def state(self) -> State:
        """Who has the floor now."""
        return self._floor.state

    def receive(self, event: TurnEvent, now: float) -> list[Action]:
        """Take a fact; what it makes necessary comes back. Ask `deadline` afterwards."""
        if self.state is not State.ENDED:
            self._take(event, now)
            self._consider(now)
        return self._floor.flush()

    def tick(self, now: float) -> list[Action]:
        """Let time pass. Call it at the `deadline`, after telling `AudioAdvanced`."""
        self._ticked_at = now
        self._consider(now)
        return self._floor.flush()

    def deadline(self) -> float | None:
        """When to tick next, if nothing happens before. It may already have passed."""
        return self._deadline

    def _take(self, event: TurnEvent, now: float) -> None:  # noqa: C901 - one case per event
        floor = self._floor
        match event:
            case CallStarted():
                floor.waits.begin(now)
            case CallEnded():
                floor.go(Cue.CALL_OVER)
            case AudioAdvanced():
                floor.audio.advance(event, now)
            case SpeechStarted():
                caller.speech_started(floor, event.at_s)
            case SpeechStopped():
                caller.speech_stopped(floor, event.at_s)
            case TranscriptChanged():
                caller.transcript_changed(floor, event, now)
            case DigitPressed():
                caller.digit_pressed(floor, event.digit, now)
            case TurnScored():
                endpoint.scored(floor, event)
            case EndpointHinted():
                endpoint.hinted(floor, event)
            case ExpectationSet():
                floor.expectation = event.expectation
            case ReplyOffered():
                replying.offered(floor, event)
            case ReplyReady():
                replying.ready(floor, event.reply)
            case ReplyStarted():
                replying.started(floor, event.reply)
            case ReplyFinished() | ReplyStopped() | ReplyFailed():
                replying.ended(floor, event.reply, now)
            case _:
                assert_never(event)

    def _consider(self, now: float) -> None:
        """Do what is due, then set the deadline of what is not."""
        before: State | None = None
        due: float | None = None
        while self.state is not before:
            before = self.state
            due = self._consider_state(now)
        limit = self._consider_call(now)
        due = min((t for t in (due, limit) if t is not None), default=None)
        self._deadline = None if due is None else max(due, self._ticked_at + LEAST_WAIT_S)

    def _consider_state(self, now: float) -> float | None:
        floor = self._floor
        match floor.state, floor.turn:
            case State.PAUSING, Turn() as turn:
                return endpoint.consider_pause(floor, turn, now)
            case State.OVERLAP, Turn() as turn:
                return bargein.consider(floor, turn)
            case State.HEARING, Turn() as turn:
                return endpoint.consider_length(floor, turn, now)
            case State.THINKING, turn:
                return replying.consider_wait(floor, turn, now)
            case State.IDLE, _:
                return caller.consider_silence(floor, now)
            case _:
                return None

    def _consider_call(self, now: float) -> float | None:
        if self.state is State.ENDED:
            return None
        told, due = self._floor.waits.call(now, idle=self.state is State.IDLE)
        if told:
            self._floor.out.append(told)
        return due
