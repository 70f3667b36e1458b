"""The turn machine: what happened goes in, what to do comes out, and the time is an argument.

`receive` takes an event, `tick` lets time pass, both return orders; `deadline` says when the
next tick is due. Before an edge of speech and before every tick the shell tells
`AudioAdvanced`, so that a pause is counted in audio heard and never in arrival times. The same
inputs always give the same orders: no clock, no chance, no I/O lives here.

Where the floor goes is in `table`, how long to wait in `evidence`, what an overlapping sound
means in `overlap`, what a silence means in `pause`, whose words are whose in `transcript`.
"""

from dataclasses import dataclass
from typing import Literal, assert_never

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
    ReplyKind,
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


@dataclass(slots=True)
class Turn:
    """What the caller is saying, from the first speech sample on."""

    number: int
    start_s: float
    anchor_s: float
    """The last speech sample so far."""
    looks: int = 0
    """How often the end-of-turn model was asked in this pause."""
    score: float | None = None
    hint: Literal["", "eager", "ended"] = ""
    prepared: str | None = None
    """The words an answer was prepared for."""
    answered: str | None = None
    """The words that were answered, while nothing of the answer is audible."""
    amended: bool = False
    filled: bool = False


class Machine:
    """Who has the floor in one call."""

    def __init__(self, settings: TurnSettings) -> None:
        self.settings = settings
        self.state = State.IDLE
        self._out: list[Action] = []
        self._deadline: float | None = None
        self._audio_s = 0.0
        self._audio_told_at = 0.0
        self._missing_s = 0.0
        self._voice = False
        self._voice_start_s = 0.0
        self._transcript = Transcript()
        self._settled_s = 0.0
        self._turn: Turn | None = None
        self._heard_turn: Turn | None = None
        self._turns = 0
        self._expectation = Expectation()
        self._pending: dict[int, ReplyKind] = {}
        self._audible: int | None = None
        self._overlap_looks = 0
        self._started_at: float | None = None
        self._quiet_since = 0.0
        self._thinking_since = 0.0
        self._prompts = 0
        self._limit_told = False

    # --- in and out ----------------------------------------------------------------------

    def receive(self, event: TurnEvent, now: float) -> list[Action]:
        """Take a fact; what it makes necessary comes back. Ask `deadline` afterwards."""
        if self.state is not State.ENDED:
            self._take(event, now)
            self._consider(now)
        return self._flush()

    def tick(self, now: float) -> list[Action]:
        """Let time pass. Call it at the `deadline`, after telling `AudioAdvanced`."""
        if self.state is not State.ENDED:
            self._consider(now)
            if self._deadline is not None:
                self._deadline = max(self._deadline, now + LEAST_WAIT_S)
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

    def _take(self, event: TurnEvent, now: float) -> None:
        match event:
            case CallStarted():
                self._started_at = self._quiet_since = now
            case CallEnded():
                self._go(Cue.CALL_OVER)
                self._deadline = None
            case AudioAdvanced():
                self._audio_s = max(self._audio_s, event.until_s)
                self._audio_told_at = now
                self._missing_s = event.missing_s
            case SpeechStarted():
                self._speech_started(event.at_s)
            case SpeechStopped():
                self._speech_stopped(event.at_s)
            case TranscriptChanged():
                self._transcript_changed(event, now)
            case TurnScored():
                if self._turn and event.until_s > self._turn.anchor_s:
                    self._turn.score = event.score
            case EndpointHinted():
                if self._turn:
                    self._turn.hint = "" if event.kind == "resumed" else event.kind
            case ExpectationSet():
                self._expectation = event.expectation
            case ReplyOffered():
                self._pending[event.reply] = event.kind
            case ReplyStarted():
                self._reply_started(event.reply, now)
            case ReplyFinished() | ReplyStopped() | ReplyFailed():
                self._reply_ended(event.reply, now)
            case DigitPressed():
                self._digit(event.digit, now)
            case ReplyReady():
                pass
            case _:
                assert_never(event)

    def _speech_started(self, at_s: float) -> None:
        self._voice, self._voice_start_s = True, at_s
        match self.state:
            case State.IDLE | State.PAUSING:
                self._begin_or_go_on(at_s)
                self._go(Cue.CALLER_SPOKE)
            case State.THINKING:
                self._take_back()
                self._begin_or_go_on(at_s)
                self._go(Cue.CALLER_WENT_ON)
            case State.SPEAKING:
                self._enter_overlap(at_s)
            case State.OVERLAP | State.PROTECTED:
                self._begin_or_go_on(at_s)
            case State.HEARING | State.ENDED:
                pass

    def _speech_stopped(self, at_s: float) -> None:
        self._voice = False
        if self._turn is None:
            return
        self._turn.anchor_s = max(self._turn.anchor_s, at_s)
        if self.state is State.HEARING:
            self._go(Cue.CALLER_PAUSED)
        if self.state in (State.PAUSING, State.OVERLAP, State.PROTECTED):
            self._out.append(order.FinaliseTranscript(until_s=self._turn.anchor_s))

    def _begin_or_go_on(self, at_s: float) -> None:
        """The caller speaks: a new turn, or more of the one under way."""
        if self._turn is None:
            self._turns += 1
            self._turn = Turn(number=self._turns, start_s=at_s, anchor_s=at_s)
        self._turn.anchor_s = max(self._turn.anchor_s, at_s)
        self._turn.looks, self._turn.score, self._turn.hint = 0, None, ""

    def _enter_overlap(self, at_s: float) -> None:
        self._overlap_looks = 0
        self._begin_or_go_on(at_s)
        if self.state is State.SPEAKING:
            self._go(Cue.CALLER_SPOKE)
        self._out.append(order.Duck(at_s=at_s))

    def _take_back(self) -> None:
        """Nothing of the answer was heard: it was never given, but may still fit."""
        if self._turn and self._turn.answered is not None:
            self._out.append(order.Withdraw(turn=self._turn.number))
            self._turn.prepared, self._turn.answered = self._turn.answered, None
            self._turn.filled = False
            self._pending = {
                reply: kind for reply, kind in self._pending.items() if reply == self._audible
            }

    # --- words -----------------------------------------------------------------------------

    def _transcript_changed(self, heard: TranscriptChanged, now: float) -> None:
        self._transcript.change(heard)
        if self._amends(heard):
            return
        text = self._transcript.text(self._settled_s)
        if not words.words_of(text):
            return
        self._words_without_voice(heard)
        turn = self._turn
        if turn is None or self.state in (State.OVERLAP, State.PROTECTED):
            return
        if turn.answered is not None and not words.same_words(turn.answered, text):
            self._answer_again(turn, text, now)
        elif turn.prepared is not None and not words.same_words(turn.prepared, text):
            self._abandon()

    def _amends(self, heard: TranscriptChanged) -> bool:
        """A late reading of a turn whose answer is already audible."""
        turn = self._heard_turn
        if turn is None or heard.start_s >= turn.anchor_s - BLUR_S:
            return False
        text = self._transcript.text(turn.start_s, turn.anchor_s + BLUR_S)
        if words.words_of(text) and not words.same_words(text, turn.answered or ""):
            turn.answered = text
            self._out.append(order.Amend(turn=turn.number, text=text))
        return heard.end_s <= self._settled_s + BLUR_S

    def _answer_again(self, turn: Turn, text: str, now: float) -> None:
        """A late final changed the words before the answer was audible: once, start over."""
        if turn.amended:
            return
        turn.amended = True
        self._take_back()
        self._abandon()
        self._answer(text, "a late transcript", now)

    def _words_without_voice(self, heard: TranscriptChanged) -> None:
        """The recogniser heard words where our detector heard no voice: the words win."""
        end_s = heard.words[-1].end_s if heard.words else heard.end_s
        if self._voice or self.state in (State.THINKING, State.HEARING):
            return
        start_s = max(heard.start_s, self._settled_s)
        if self.state is State.IDLE:
            self._begin_or_go_on(start_s)
            self._go(Cue.CALLER_SPOKE)
            self._go(Cue.CALLER_PAUSED)
        elif self.state is State.SPEAKING:
            self._enter_overlap(start_s)
        elif self._turn is None:
            self._begin_or_go_on(start_s)
        if self._turn and heard.words and end_s > self._turn.anchor_s + 2 * BLUR_S:
            self._turn.anchor_s = min(end_s, max(self._audio_s, self._turn.anchor_s))

    def _abandon(self) -> None:
        if self._turn and self._turn.prepared is not None:
            self._out.append(order.Abandon(turn=self._turn.number))
            self._turn.prepared = None

    def _settle(self, until_s: float) -> None:
        """What was said up to here is dealt with; the last turn is kept for late readings."""
        self._settled_s = max(self._settled_s, until_s)
        keep_s = self._heard_turn.start_s if self._heard_turn else self._settled_s
        self._transcript.forget(min(keep_s, self._settled_s))
        self._out.append(order.Settle(until_s=self._settled_s))

    # --- the agent's voice -------------------------------------------------------------------

    def _reply_started(self, reply: int, now: float) -> None:
        if reply not in self._pending:
            return
        kind, self._audible = self._pending[reply], reply
        protected = kind == "notice"
        talking = self.state in (State.HEARING, State.PAUSING)
        if kind != "filler":
            self._answer_heard()
        self._go(Cue.NOTICE_SPOKEN if protected else Cue.AGENT_SPOKE)
        if talking:
            # It became audible in the very moment the caller went on.
            self._begin_or_go_on(self._voice_start_s)
            if not protected:
                self._enter_overlap(self._voice_start_s)

    def _answer_heard(self) -> None:
        """From here on the answer cannot be taken back."""
        turn = self._turn
        if turn is None:
            return
        said = turn.answered if turn.answered is not None else turn.prepared
        if said is None:
            return
        turn.answered, turn.prepared = said, None
        self._heard_turn, self._turn = turn, None
        self._settle(min(turn.anchor_s, self._voice_start_s) if self._voice else turn.anchor_s)

    def _reply_ended(self, reply: int, now: float) -> None:
        if self._pending.pop(reply, None) is None or reply != self._audible:
            return
        was_protected = self.state is State.PROTECTED
        self._audible = None
        self._quiet_since = self._thinking_since = now
        owes = bool(self._pending) or bool(self._turn and self._turn.answered is not None)
        said_over = was_protected and self._turn is not None and self._turn.answered is None
        if said_over and (self._voice or self._said()):
            self._take_floor("what was said over the notice comes first")
            return
        if said_over:
            self._turn = None
        was_overlap = self.state is State.OVERLAP
        self._go(Cue.AGENT_OWES if owes else Cue.AGENT_SILENT)
        if was_overlap:
            self._drop_pending("the caller speaks")
            if not self._voice:
                self._go(Cue.CALLER_PAUSED)

    def _drop_pending(self, why: str) -> None:
        """What was not yet said will not be."""
        if self._pending:
            self._pending.clear()
            self._audible = None
            self._out.append(order.StopSpeaking(why=why))

    def _take_floor(self, why: str) -> None:
        """The caller has the floor; whatever we say or were about to say ends."""
        self._take_back()
        self._drop_pending(why)
        self._go(Cue.YIELD if self.state is State.OVERLAP else Cue.CALLER_SPOKE)
        if not self._voice:
            self._go(Cue.CALLER_PAUSED)

    def _digit(self, digit: str, now: float) -> None:
        """A key is pressed: no prompt is protected from it."""
        self._quiet_since, self._prompts = now, 0
        if self._audible is None:
            return
        self._drop_pending(f"key {digit}")
        if self.state is State.OVERLAP:
            self._go(Cue.YIELD)
            if not self._voice:
                self._go(Cue.CALLER_PAUSED)
        else:
            self._go(Cue.AGENT_SILENT)

    # --- time ------------------------------------------------------------------------------

    def _consider(self, now: float) -> None:
        """Do what is due, then set the deadline of what is not."""
        if self.state is State.ENDED:
            return
        due = [self._consider_state(now), self._consider_call(now)]
        times = [when for when in due if when is not None]
        self._deadline = min(times) if times else None

    def _consider_state(self, now: float) -> float | None:
        match self.state:
            case State.PAUSING:
                due = self._consider_pause(now)
                return due if self.state is State.PAUSING else self._consider_state(now)
            case State.OVERLAP:
                due = self._consider_overlap()
                return due if self.state is State.OVERLAP else self._consider_state(now)
            case State.HEARING:
                return self._consider_length(now)
            case State.THINKING:
                return self._consider_wait(now)
            case State.IDLE:
                return self._consider_silence(now)
            case State.SPEAKING | State.PROTECTED | State.ENDED:
                return None

    def _when(self, audio_s: float) -> float:
        """When the audio will have come this far, if it goes on arriving."""
        return self._audio_told_at + audio_s - self._audio_s

    def _said(self) -> str:
        text = self._transcript.text(self._settled_s)
        return text if words.words_of(text) else ""

    def _consider_pause(self, now: float) -> float | None:
        turn = self._turn
        assert turn is not None
        text = self._said()
        length_s = self._audio_s - turn.anchor_s
        seen = pause.Pause(
            evidence=Evidence(
                text=text, score=turn.score, expectation=self._expectation, hint=turn.hint
            ),
            final=self._transcript.is_final(turn.anchor_s),
            length_s=length_s,
            heard_s=length_s - self._missing_s,
            looks=turn.looks,
            prepared=turn.prepared is not None,
        )
        verdict = pause.judge(seen, self.settings)
        if verdict.call == "answer":
            self._answer(text, verdict.why, now)
            return None
        if verdict.call == "nothing":
            self._nothing_said(turn)
            return None
        if verdict.look:
            self._out.append(order.ScoreEndpoint(at_s=self._audio_s))
            turn.looks = sum(at <= seen.heard_s for at in self.settings.looks_s)
        if verdict.prepare:
            turn.prepared = text
            self._out.append(
                order.Speculate(
                    turn=turn.number, text=text, start_s=turn.start_s, end_s=turn.anchor_s
                )
            )
        return self._when(turn.anchor_s + self._missing_s + verdict.again_s)

    def _nothing_said(self, turn: Turn) -> None:
        self._abandon()
        self._turn = None
        self._settle(turn.anchor_s)
        self._go(Cue.NOTHING_SAID)

    def _answer(self, text: str, why: str, now: float) -> None:
        turn = self._turn
        assert turn is not None
        turn.answered, turn.prepared = text, None
        self._prompts = 0
        self._thinking_since = self._quiet_since = now
        if self.state is not State.THINKING:
            self._go(Cue.TURN_OVER)
        self._out.append(
            order.Answer(
                turn=turn.number, text=text, start_s=turn.start_s, end_s=turn.anchor_s, why=why
            )
        )

    def _consider_overlap(self) -> float | None:
        turn = self._turn
        assert turn is not None
        voiced_s = (self._audio_s if self._voice else turn.anchor_s) - turn.start_s
        pause_s = 0.0 if self._voice else max(self._audio_s - turn.anchor_s, LEAST_WAIT_S)
        seen = overlap.Overlap(
            text=self._transcript.text(max(self._settled_s, turn.start_s - BLUR_S)),
            final=self._transcript.is_final(turn.anchor_s) and not self._voice,
            voiced_s=voiced_s,
            pause_s=pause_s,
        )
        verdict = overlap.judge(seen, self.settings)
        if verdict.call == "yield" or not self.settings.duck_and_decide:
            self._take_floor(verdict.why or "any voice stops the agent")
            return None
        if verdict.call == "keep":
            self._keep(turn, seen.text, verdict.why)
            return None
        return self._when(self._audio_s + min(verdict.wait_s, self._overlap_look(voiced_s)))

    def _overlap_look(self, voiced_s: float) -> float:
        """Ask the recogniser early what the sound was; returns how long until the next look."""
        looks = self.settings.overlap_looks_s
        if self._voice and self._overlap_looks < len(looks):
            if voiced_s >= looks[self._overlap_looks]:
                self._out.append(order.FinaliseTranscript(until_s=self._audio_s))
                while self._overlap_looks < len(looks) and voiced_s >= looks[self._overlap_looks]:
                    self._overlap_looks += 1
            if self._overlap_looks < len(looks):
                return looks[self._overlap_looks] - voiced_s
        return float("inf")

    def _keep(self, turn: Turn, text: str, why: str) -> None:
        self._go(Cue.KEEP)
        self._out.append(order.Restore(why=why))
        if text:
            self._out.append(order.NoteBackchannel(text=text))
        if turn.answered is None:
            self._turn = None
        self._settle(turn.anchor_s)

    def _consider_length(self, now: float) -> float | None:
        turn = self._turn
        if turn is None:
            return None
        if self._audio_s - turn.start_s < self.settings.max_turn_s:
            return self._when(turn.start_s + self.settings.max_turn_s)
        text = self._said()
        if text:
            turn.anchor_s = self._audio_s
            self._answer(text, "the turn was very long", now)
            return self._consider_wait(now)
        turn.start_s = self._audio_s
        return self._when(turn.start_s + self.settings.max_turn_s)

    def _consider_wait(self, now: float) -> float | None:
        turn, waited_s = self._turn, now - self._thinking_since
        if waited_s >= self.settings.lost_reply_s:
            self._turn = None
            self._pending.clear()
            self._quiet_since = now
            self._go(Cue.GAVE_UP)
            return self._consider_silence(now)
        due = self._thinking_since + self.settings.lost_reply_s
        if turn and not turn.filled:
            if waited_s < self.settings.late_reply_s:
                return self._thinking_since + self.settings.late_reply_s
            turn.filled = True
            self._out.append(order.FillSilence(turn=turn.number))
        return due

    def _consider_silence(self, now: float) -> float | None:
        if self._started_at is None or self._prompts > self.settings.silence_prompts:
            return None
        if now - self._quiet_since >= self.settings.silence_s:
            self._prompts += 1
            self._quiet_since = now
            last = self._prompts > self.settings.silence_prompts
            self._out.append(order.NoticeSilence(count=self._prompts, last=last))
            if last:
                return None
        return self._quiet_since + self.settings.silence_s

    def _consider_call(self, now: float) -> float | None:
        if self._started_at is None or self._limit_told:
            return None
        end = self._started_at + self.settings.max_call_s
        if now >= end:
            self._limit_told = True
            self._out.append(order.CallTime(limit="call"))
            return None
        if self._turns > self.settings.max_turns and self.state is State.IDLE:
            self._limit_told = True
            self._out.append(order.CallTime(limit="turns"))
            return None
        return end
