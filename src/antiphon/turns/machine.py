"""The turn machine: what happened goes in, what to do comes out, and the time is an argument.

`receive` takes an event, `tick` lets time pass, both return orders; `deadline` says when the
next tick is due. Before an edge of speech and before every tick the shell tells
`AudioAdvanced`, so that a pause is counted in audio heard and never in arrival times. The same
inputs always give the same orders: no clock, no chance, no I/O lives here.

Where the floor goes is in `table`, how long to wait in `evidence`, what an overlapping sound
means in `overlap`, what a silence means in `pause`, whose words are whose in `transcript`, what
is due when nobody speaks in `waits`.
"""

import math
from typing import assert_never

from antiphon import actions as order
from antiphon.actions import Action
from antiphon.events import (
    AudioAdvanced,
    CallEnded,
    CallStarted,
    DigitPressed,
    EndpointHinted,
    Expectation,
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
from antiphon.turns import overlap, pause, words
from antiphon.turns.evidence import Evidence
from antiphon.turns.settings import TurnSettings
from antiphon.turns.table import Cue, State, follow
from antiphon.turns.transcript import BLUR_S, Transcript
from antiphon.turns.turn import AudioClock, Replies, Turn
from antiphon.turns.waits import Waits

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
# Words that came without a voice are complete when no more have come for this long: a recogniser
# tells a word about so much later than the one before.
UNVOICED_S = 0.4


class Machine:
    """Who has the floor in one call."""

    def __init__(self, settings: TurnSettings) -> None:
        self.settings = settings
        self.state = State.IDLE
        self._out: list[Action] = []
        self._deadline: float | None = None
        self._ticked_at = -math.inf
        self._waits = Waits(settings)
        self._audio = AudioClock()
        self._transcript = Transcript()
        self._told_s = -math.inf
        """Where the audio was when the recogniser last told something new."""
        self._asked_s = -math.inf
        """Up to here a final was asked for."""
        self._replies = Replies()
        self._expectation = Expectation()
        self._voice = False
        self._voice_start_s = 0.0
        self._overlap_s = 0.0
        """Where the sound over the agent began."""
        self._overheard = overlap.Overheard()
        self._turn: Turn | None = None
        """What the caller is saying, or said while no answer to it is audible."""
        self._heard_turn: Turn | None = None
        """The last turn whose answer is audible, for readings of it that come late."""
        self._turns = 0

    # --- in and out ----------------------------------------------------------------------

    def receive(self, event: TurnEvent, now: float) -> list[Action]:
        """Take a fact; what it makes necessary comes back. Ask `deadline` afterwards."""
        if self.state is not State.ENDED:
            self._take(event, now)
            self._consider(now)
        return self._flush()

    def tick(self, now: float) -> list[Action]:
        """Let time pass. Call it at the `deadline`, after telling `AudioAdvanced`."""
        self._ticked_at = now
        self._consider(now)
        return self._flush()

    def deadline(self) -> float | None:
        """When to tick next, if nothing happens before. It may already have passed."""
        return self._deadline

    def _flush(self) -> list[Action]:
        out, self._out = self._out, []
        return out

    def _go(self, cue: Cue) -> None:
        self.state = follow(self.state, cue)

    # --- facts -----------------------------------------------------------------------------

    def _take(self, event: TurnEvent, now: float) -> None:  # noqa: C901 - one case per event
        match event:
            case CallStarted():
                self._waits.begin(now)
            case CallEnded():
                self._go(Cue.CALL_OVER)
            case AudioAdvanced():
                self._audio.advance(event, now)
            case SpeechStarted():
                self._speech_started(event.at_s)
            case SpeechStopped():
                self._speech_stopped(event.at_s)
            case TranscriptChanged():
                self._transcript_changed(event, now)
            case TurnScored():
                # A score of the last pause may still be on its way when the next one is weighed.
                if self._turn and not self._voice and event.until_s > self._turn.anchor_s:
                    known = self._turn.score
                    self._turn.score = event.score if known is None else min(known, event.score)
            case EndpointHinted():
                if self._turn:
                    self._turn.hint = "" if event.kind == "resumed" else event.kind
            case ExpectationSet():
                self._expectation = event.expectation
            case ReplyOffered():
                self._reply_offered(event)
            case ReplyStarted():
                self._reply_started(event.reply)
            case ReplyFinished() | ReplyStopped() | ReplyFailed():
                self._reply_ended(event.reply, now)
            case DigitPressed():
                self._digit(event.digit, now)
            case ReplyReady():
                self._reply_ready(event.reply)
            case _:
                assert_never(event)

    def _speech_started(self, at_s: float) -> None:
        if self._voice:
            return
        self._voice, self._voice_start_s = True, at_s
        match self.state:
            case State.IDLE | State.PAUSING:
                if set(self._replies.pending.values()) == {"prompt"}:
                    self._drop_pending("the caller speaks")
                self._begin_or_go_on(at_s)
                self._go(Cue.CALLER_SPOKE)
            case State.THINKING:
                self._take_back()
                self._drop_pending("the caller speaks")
                self._begin_or_go_on(at_s)
                self._go(Cue.CALLER_WENT_ON)
            case State.SPEAKING:
                self._enter_overlap(at_s)
            case _:
                self._begin_or_go_on(at_s)

    def _speech_stopped(self, at_s: float) -> None:
        if not self._voice:
            return
        self._voice = False
        if turn := self._turn:
            turn.score = None
            turn.voiced_s += max(0.0, at_s - self._voice_start_s)
            at_s = turn.anchor_s = max(turn.anchor_s, at_s)
        if self.state is State.HEARING:
            self._go(Cue.CALLER_PAUSED)
        self._finalise(at_s)

    def _finalise(self, until_s: float) -> None:
        self._asked_s = max(self._asked_s, until_s)
        self._out.append(order.FinaliseTranscript(until_s=until_s))

    def _begin_or_go_on(self, at_s: float) -> Turn:
        """The caller speaks: a new turn, or more of the one under way."""
        if self._turn is None:
            self._turns += 1
            self._turn = Turn(
                number=self._turns, start_s=at_s, anchor_s=at_s, from_s=self._transcript.settled_s
            )
        self._turn.go_on(at_s)
        return self._turn

    def _enter_overlap(self, at_s: float) -> None:
        """A sound over the agent: lower the voice first, then find out what it was."""
        self._overlap_s = self._transcript.settled_s
        if self._turn and self._turn.answered is not None:
            self._overlap_s, self._turn.voiced_s = at_s, 0.0
        self._begin_or_go_on(at_s)
        self._overheard = overlap.Overheard()
        self._hear_overlap()
        if self.state is not State.OVERLAP:
            self._go(Cue.CALLER_SPOKE)
        if self.settings.barge_in == "decide":
            self._out.append(order.Duck(at_s=at_s))

    def _take_back(self) -> None:
        """Nothing of the answer was heard: it was never given, but may still fit."""
        turn = self._turn
        if turn and turn.answered is not None:
            self._out.append(order.Withdraw(turn=turn.number))
            turn.prepared, turn.answered, turn.filled = turn.answered, None, False
            self._replies.take_back(turn.replies)

    # --- words -----------------------------------------------------------------------------

    def _fresh(self) -> tuple[float, float] | None:
        """Where words lie that nobody has dealt with and no answer under way is to."""
        turn = self._turn
        answered_s = turn.until_s + BLUR_S if turn and turn.answered is not None else 0.0
        return self._transcript.open(answered_s)

    def _end_of(self, turn: Turn) -> float:
        """Where a turn ends in the audio. Recognisers hear words a little past the voice."""
        span = self._transcript.open()
        return max(turn.anchor_s, span[1]) if span else turn.anchor_s

    def _transcript_changed(self, heard: TranscriptChanged, now: float) -> None:
        before = self._transcript.said()
        self._transcript.change(heard)
        if self._transcript.said() != before:
            self._told_s = self._audio.position(now)
        if heard.final:
            self._amend_heard_turn()
        if self.state is State.OVERLAP and heard.end_s > self._overlap_s:
            self._hear_overlap()
        if fresh := self._fresh():
            self._words_without_voice(fresh, heard, now)
        turn, said = self._turn, self._transcript.said()
        if turn is None or not said or self.state in (State.OVERLAP, State.PROTECTED):
            return
        if turn.answered is not None and not words.same_words(turn.answered, said):
            self._answer_again(turn, now)
        elif turn.prepared is not None and not words.same_words(turn.prepared, said):
            self._abandon(turn)

    def _hear_overlap(self) -> None:
        """Take the newest reading of the sound over the agent."""
        text = self._transcript.text(self._overlap_s)
        if self._turn and words.words_of(text):
            self._overheard.hear(text, self._voiced(self._turn))

    def _amend_heard_turn(self) -> None:
        """A late reading may change a turn whose answer is audible."""
        turn = self._heard_turn
        if turn is None:
            return
        # What nobody else can have said belongs to it, be it a little late.
        until_s = turn.until_s + (0.0 if self._turn else BLUR_S)
        text = self._transcript.text(turn.from_s, until_s)
        if not words.words_of(text) or words.same_words(text, turn.answered or ""):
            return
        turn.answered = text
        self._out.append(order.Amend(turn=turn.number, text=text))
        span = self._transcript.span(turn.from_s, until_s)
        if span and not self._turn:
            turn.until_s = max(turn.until_s, span[1])
            self._settle(turn.until_s)

    def _answer_again(self, turn: Turn, now: float) -> None:
        """A late final changed the words before the answer was audible: once, start over."""
        if turn.amended:
            return
        turn.amended = True
        self._take_back()
        self._abandon(turn)
        self._answer(turn, self._transcript.said(), "a late transcript", now)

    def _words_without_voice(
        self, fresh: tuple[float, float], heard: TranscriptChanged, now: float
    ) -> None:
        """The recogniser heard words where our detector heard no voice: the words win."""
        if self._voice or self.state in (State.THINKING, State.HEARING):
            return
        if self.state is State.SPEAKING:
            self._enter_overlap(fresh[0])
        elif self.state is State.PROTECTED:
            self._begin_or_go_on(fresh[0])
        turn, last = self._turn, heard.words[-1].end_s if heard.words else None
        if turn and last is not None and last > turn.anchor_s + 2 * BLUR_S:
            turn.anchor_s = max(turn.anchor_s, min(last, self._audio.position(now)))

    def _finalise_unvoiced(self, end_s: float) -> float:
        """Words that came without a voice have no end of speech to ask for their final at: it is
        asked for when no more come. Returns how much more audio to wait for until then."""
        if not self._unvoiced(end_s):
            return math.inf
        wait_s = self._told_s + UNVOICED_S - self._audio.until_s
        if wait_s > 0:
            return wait_s
        self._finalise(self._audio.until_s)
        return math.inf

    def _unvoiced(self, end_s: float) -> bool:
        """Nobody has asked for the final of words up to here, and no voice is there to end."""
        asked = self._transcript.is_final(end_s) or self._asked_s >= end_s - 2 * BLUR_S
        return not asked and not self._voice and self._transcript.open() is not None

    def _abandon(self, turn: Turn) -> None:
        if turn.prepared is not None:
            turn.prepared = None
            turn.replies.clear()
            self._out.append(order.Abandon(turn=turn.number))

    def _settle(self, until_s: float) -> None:
        """What was said up to here is dealt with; the last turn is kept for late readings."""
        self._transcript.settle(until_s, self._heard_turn.from_s if self._heard_turn else None)
        self._out.append(order.Settle(until_s=self._transcript.settled_s))

    # --- the agent's voice -------------------------------------------------------------------

    def _reply_offered(self, offered: ReplyOffered) -> None:
        self._replies.pending[offered.reply] = offered.kind
        if self._turn and self._turn.answered is not None and offered.kind != "filler":
            self._turn.replies.add(offered.reply)

    def _reply_ready(self, reply: int) -> None:
        """Nobody needs "one moment, please" when the moment is over."""
        self._replies.ready.add(reply)
        if reply in self._replies.answers():
            for filler in self._replies.waiting_fillers():
                self._replies.end(filler)
                self._out.append(order.DiscardReply(reply=filler))

    def _reply_started(self, reply: int) -> None:
        kind = self._replies.pending.get(reply)
        if kind is None:
            return
        self._replies.audible = reply
        talking = self.state in (State.HEARING, State.PAUSING)
        if self._turn and reply in self._turn.replies:
            self._answer_heard(self._turn, talking)
        protected = kind == "notice" or self.settings.barge_in == "off"
        self._go(Cue.NOTICE_SPOKEN if protected else Cue.AGENT_SPOKE)
        if talking and protected:
            self._begin_or_go_on(self._voice_start_s)
        elif talking:
            # It became audible in the very moment the caller went on.
            self._enter_overlap(self._voice_start_s)
            if not words.is_backchannel(self._overheard.text):
                self._take_floor("the caller is in the middle of a turn")

    def _answer_heard(self, turn: Turn, talking: bool) -> None:
        """From here on the answer cannot be taken back."""
        given = turn.answered if turn.answered is not None else turn.prepared
        if not talking:
            turn.until_s = max(turn.until_s, self._end_of(turn))
        text = self._transcript.said(turn.until_s if talking else math.inf)
        if words.words_of(text) and not words.same_words(text, given or ""):
            self._out.append(order.Amend(turn=turn.number, text=text))
            given = text
        turn.answered, turn.prepared = given, None
        self._heard_turn, self._turn = turn, None
        self._settle(turn.until_s)

    def _reply_ended(self, reply: int, now: float) -> None:
        unheard = reply in self._replies.answers()
        audible = self._replies.end(reply)
        self._waits.agent_silent(now)
        turn = self._turn
        if not audible:
            if unheard and self.state is State.THINKING:
                self._never_heard(turn, reply, now)
            return
        if self._voice or self.state is State.OVERLAP or (turn and self._fresh()):
            self._take_floor("the caller speaks")
            return
        if turn and turn.answered is None:
            self._turn = None
        owes = bool(self._replies.pending) or self._turn is not None
        self._go(Cue.AGENT_OWES if owes else Cue.AGENT_SILENT)

    def _never_heard(self, turn: Turn | None, reply: int, now: float) -> None:
        """A reply ended before anybody heard of it: if it was all there was, waiting is over."""
        owed = turn is None or reply in turn.replies
        if owed and not self._replies.answers():
            self._give_up(turn, now)

    def _drop_pending(self, why: str) -> None:
        """What was not yet said will not be."""
        if self._replies.pending:
            self._replies.clear()
            self._out.append(order.StopSpeaking(why=why))

    def _take_floor(self, why: str) -> None:
        """The caller has the floor; whatever we say or were about to say ends."""
        self._take_back()
        self._drop_pending(why)
        turn = self._turn
        if turn is None:
            turn = self._begin_or_go_on(max(self._voice_start_s, self._transcript.settled_s))
        while self.state is not State.HEARING:
            self._go(Cue.YIELD if self.state is State.OVERLAP else Cue.CALLER_SPOKE)
        turn.looks = 0
        if not self._voice:
            self._go(Cue.CALLER_PAUSED)

    def _digit(self, digit: str, now: float) -> None:
        """A key is pressed: no prompt is protected from it."""
        self._waits.caller_acted(now)
        if self._replies.audible is None:
            return
        if self._turn or self._voice:
            self._take_floor(f"key {digit}")
            return
        self._drop_pending(f"key {digit}")
        self._go(Cue.AGENT_SILENT)

    # --- time ------------------------------------------------------------------------------

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
        match self.state, self._turn:
            case State.PAUSING, Turn() as turn:
                return self._consider_pause(turn, now)
            case State.OVERLAP, Turn() as turn:
                return self._consider_overlap(turn)
            case State.HEARING, Turn() as turn:
                return self._consider_length(turn, now)
            case State.THINKING, turn:
                return self._consider_wait(turn, now)
            case State.IDLE, _:
                return self._consider_silence(now)
            case _:
                return None

    def _consider_call(self, now: float) -> float | None:
        if self.state is State.ENDED:
            return None
        told, due = self._waits.call(now, idle=self.state is State.IDLE)
        if told:
            self._out.append(told)
        return due

    def _consider_pause(self, turn: Turn, now: float) -> float | None:
        length_s = self._audio.until_s - turn.anchor_s
        text, end_s = self._transcript.said(), self._end_of(turn)
        ask_s = self._finalise_unvoiced(end_s)
        seen = pause.Pause(
            evidence=Evidence(
                text=text, score=turn.score, expectation=self._expectation, hint=turn.hint
            ),
            final=self._transcript.is_final(end_s),
            length_s=length_s,
            heard_s=length_s - self._audio.missing_s,
            looks=turn.looks,
            prepared=turn.prepared is not None,
        )
        verdict = pause.judge(seen, self.settings)
        if verdict.call == "answer":
            self._answer(turn, text, verdict.why, now)
            return None
        if verdict.call == "nothing":
            self._nothing_said(turn)
            return None
        if verdict.look:
            self._out.append(order.ScoreEndpoint(at_s=self._audio.until_s))
            turn.looks = sum(at <= seen.heard_s for at in self.settings.looks_s)
        if verdict.prepare:
            turn.prepared = text
            self._out.append(
                order.Speculate(
                    turn=turn.number, text=text, start_s=turn.start_s, end_s=turn.anchor_s
                )
            )
        return self._audio.when(self._audio.until_s + min(verdict.wait_s, ask_s))

    def _nothing_said(self, turn: Turn) -> None:
        """It was a sound, not a turn: the caller is as silent as before. Where the recogniser has
        not heard it out, words that are read into it later still count."""
        self._abandon(turn)
        self._turn = None
        if self._transcript.is_final(turn.anchor_s):
            self._settle(turn.anchor_s)
        self._go(Cue.NOTHING_SAID)

    def _answer(self, turn: Turn, text: str, why: str, now: float) -> None:
        turn.answered, turn.prepared, turn.until_s = text, None, self._end_of(turn)
        self._waits.answered(now, first=not turn.times)
        turn.times += 1
        if self.state in (State.HEARING, State.PAUSING):
            self._go(Cue.TURN_OVER)
        self._out.append(
            order.Answer(
                turn=turn.number, text=text, start_s=turn.start_s, end_s=turn.anchor_s, why=why
            )
        )

    def _consider_overlap(self, turn: Turn) -> float | None:
        voiced_s = self._voiced(turn)
        self._ask_early(turn, voiced_s)
        pause_s = None if self._voice else max(0.0, self._audio.until_s - turn.anchor_s)
        final = self._transcript.is_final(self._end_of(turn))
        verdict = overlap.judge(self._overheard, voiced_s, pause_s, final, self.settings)
        if verdict.call == "wait":
            return self._audio.when(self._audio.until_s + verdict.wait_s)
        if verdict.call == "yield":
            self._take_floor(verdict.why)
        else:
            self._keep(turn, final, verdict.why)
        return None

    def _voiced(self, turn: Turn) -> float:
        """How much voice the overlap holds by now."""
        going_on_s = self._audio.until_s - self._voice_start_s if self._voice else 0.0
        return turn.voiced_s + max(0.0, going_on_s)

    def _ask_early(self, turn: Turn, voiced_s: float) -> None:
        """Do not wait for the sound to end to find out what it says."""
        looks = sum(at <= voiced_s for at in self.settings.overlap_looks_s)
        if self._voice and looks > turn.looks:
            turn.looks = looks
            self._finalise(self._audio.until_s)

    def _keep(self, turn: Turn, final: bool, why: str) -> None:
        """The agent keeps the floor, and what was said belongs to no turn. What may still be read
        otherwise stays open."""
        self._go(Cue.KEEP)
        self._out.append(order.Restore(why=why))
        span, turn.voiced_s = self._transcript.span(self._overlap_s), 0.0
        if span and final:
            self._out.append(order.NoteBackchannel(text=self._transcript.text(self._overlap_s)))
            self._transcript.cut(self._overlap_s, span[1])
        if span and self._unvoiced(span[1]):
            self._finalise(self._audio.until_s)
        if turn.answered is None and (final or not span):
            self._abandon(turn)
            self._turn = None
            if final:
                self._settle(span[1] if span else turn.anchor_s)

    def _consider_length(self, turn: Turn, now: float) -> float | None:
        """Somebody who never stops is answered all the same; a noise that never stops is not."""
        due_s = turn.start_s + self.settings.max_turn_s * (turn.rounds + 1)
        if self._audio.until_s >= due_s:
            if text := self._transcript.said():
                turn.anchor_s = self._audio.until_s
                self._answer(turn, text, "the turn was very long", now)
                return None
            turn.rounds += 1
            due_s += self.settings.max_turn_s
        return self._audio.when(due_s)

    def _consider_wait(self, turn: Turn | None, now: float) -> float | None:
        if now >= self._waits.lost_at():
            self._give_up(turn, now)
            return None
        if turn and not turn.filled and not self._replies.ready & self._replies.answers():
            if now < self._waits.late_at():
                return self._waits.late_at()
            turn.filled = True
            self._out.append(order.FillSilence(turn=turn.number))
        return self._waits.lost_at()

    def _give_up(self, turn: Turn | None, now: float) -> None:
        """No answer came, or no more of it."""
        self._drop_pending("no answer came")
        if turn:
            self._answer_heard(turn, talking=False)
            self._out.append(order.GiveUp(turn=turn.number))
        self._waits.agent_silent(now)
        self._go(Cue.GAVE_UP)

    def _consider_silence(self, now: float) -> float | None:
        """Nobody speaks; unless words or a voice are left over from something we said."""
        span = self._transcript.open()
        if self._voice or span:
            begin_s, end_s = span or (max(self._voice_start_s, self._transcript.settled_s), 0.0)
            turn = self._begin_or_go_on(begin_s)
            self._go(Cue.CALLER_SPOKE)
            if not self._voice:
                turn.anchor_s = max(begin_s, min(end_s, self._audio.position(now)))
                self._go(Cue.CALLER_PAUSED)
            return None
        told, due = self._waits.silence(now)
        if told:
            self._out.append(told)
        return due
