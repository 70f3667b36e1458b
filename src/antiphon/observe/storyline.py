"""The story of a call, read out of its log. Pure.

Lives here: which events and orders make an utterance, a mark, a guess. Must not live here: how
any of it looks (report, terminal).
"""

from dataclasses import dataclass, field
from functools import reduce
from typing import Final, Literal

from antiphon import actions as order
from antiphon.actions import Action
from antiphon.events import (
    CallEnded,
    DigitPressed,
    Event,
    ReplyFailed,
    ReplyFinished,
    ReplyStarted,
    ReplyStopped,
    SpeechStarted,
    SpeechStopped,
    TranscriptChanged,
    TransferFailed,
    TurnScored,
)
from antiphon.mouth.markup import plain
from antiphon.observe.latency import Stage, TurnLatency, turns
from antiphon.observe.logreader import PRETENDED, CallLog, Noted, Ordered, Told
from antiphon.observe.noted import noted
from antiphon.observe.speakers import by_speakers
from antiphon.observe.timebase import AudioClock
from antiphon.observe.timeline import Guess, Mark, Score, Span, Timeline, Utterance, Wait
from antiphon.turns.words import same_words

__all__ = ["continued", "mark_of", "timeline"]

_SILENT_NOTES: Final = {"clause", "caller_said", "used", PRETENDED}
"""Notes that are shown as something else, or are not the operator's business."""
_CLAUSE_ENDS: Final = tuple(".,;:!?…")


def timeline(log: CallLog, seconds: float = 0.0) -> Timeline:
    """The story of a log. ``seconds`` is how long its recording is, if there is one."""
    clock = AudioClock(log.lines)
    last_s = max((clock.heard(line.t) for line in log.lines), default=0.0)
    reading = _Reading(Timeline(seconds=max(seconds, last_s)))
    for line in log.lines:
        at_s = max(0.0, clock.heard(line.t))
        match line:
            case Told():
                reading.told(line.event, at_s)
            case Ordered():
                for action in line.actions:
                    reading.ordered(action, at_s)
            case Noted() if line.name not in _SILENT_NOTES:
                reading.out.marks.append(noted(line, at_s))
            case _:
                pass
    reading.end()
    reading.out.waits = [_wait(turn, clock) for turn in turns(log.lines)]
    return reading.out


def _wait(turn: TurnLatency, clock: AudioClock) -> Wait:
    end_s = turn.answered_s if turn.started_s is None else turn.started_s
    return Wait(
        turn=turn.turn,
        text=turn.text,
        why=turn.why,
        start_s=clock.heard(turn.speech_end_s),
        end_s=clock.heard(end_s),
        total_ms=turn.total_ms,
        guessing=turn.guessing,
        reply=turn.reply,
        stages=tuple(
            Stage(stage.name, clock.heard(stage.from_s), clock.heard(stage.until_s))
            for stage in turn.stages
        ),
    )


@dataclass(slots=True)
class _Reply:
    """A reply as it unfolds."""

    kind: Literal["reply", "filler", "prompt", "notice"]
    texts: list[str] = field(default_factory=list)
    start_s: float | None = None


@dataclass(slots=True)
class _Reading:
    """A log, followed line by line."""

    out: Timeline
    replies: dict[int, _Reply] = field(default_factory=dict)
    turns: dict[int, Utterance] = field(default_factory=dict)
    heard: dict[int, TranscriptChanged] = field(default_factory=dict)
    guesses: dict[int, tuple[float, str]] = field(default_factory=dict)
    voice_s: float | None = None
    duck_s: float | None = None

    def told(self, event: Event, at_s: float) -> None:
        match event:
            case SpeechStarted():
                self.voice_s = event.at_s
            case SpeechStopped():
                if self.voice_s is not None:
                    self.out.speech.append(Span(self.voice_s, event.at_s))
                self.voice_s = None
            case TurnScored():
                self.out.scores.append(Score(event.until_s, event.score))
            case TranscriptChanged():
                self.heard[event.segment] = event
            case DigitPressed():
                self.out.marks.append(Mark(at_s, "other", f"key {event.digit}"))
            case TransferFailed():
                why = f"to {event.to}: {event.reason}"
                self.out.marks.append(Mark(at_s, "warning", "not handed over", why))
            case CallEnded():
                why = f"by the {event.by}" if event.by != "failure" else "by a failure"
                why = f"{why}: {event.reason}" if event.reason else why
                self.out.marks.append(Mark(at_s, "end", "call ended", why))
            case _:
                self._told_of_reply(event, at_s)

    def _told_of_reply(self, event: Event, at_s: float) -> None:
        match event:
            case ReplyStarted():
                if reply := self.replies.get(event.reply):
                    reply.start_s = at_s
            case ReplyFinished():
                self._reply_ended(event.reply, at_s, event.heard, "")
            case ReplyStopped():
                self._reply_ended(event.reply, at_s, event.heard, event.unheard)
            case ReplyFailed():
                self.out.marks.append(Mark(at_s, "warning", "voice lost", event.reason))
                self._reply_ended(event.reply, at_s, event.heard, "")
            case _:
                pass

    def _reply_ended(self, number: int, at_s: float, heard: str, unheard: str) -> None:
        reply = self.replies.pop(number, None)
        if reply is None or reply.start_s is None:
            return
        self._raise_voice(at_s)
        self.out.said.append(
            Utterance(
                who="agent",
                kind=reply.kind,
                start_s=reply.start_s,
                end_s=max(at_s, reply.start_s),
                text=heard,
                unheard=unheard,
                number=number,
            )
        )

    def ordered(self, action: Action, at_s: float) -> None:
        match action:
            case order.Speak():
                self.replies.setdefault(action.reply, _Reply(action.kind)).texts.append(action.text)
            case order.Speculate():
                self.guesses[action.turn] = (at_s, action.text)
            case order.Abandon():
                self._guess_ended(action.turn, at_s, "dropped")
            case order.Answer():
                self._answered(action, at_s)
            case order.Duck():
                self.duck_s = at_s
            case order.Restore() | order.StopSpeaking():
                self._raise_voice(at_s)
            case order.NoteBackchannel():
                self._backchannel(action.text, at_s)
            case _:
                pass
        if mark := mark_of(action, at_s):
            self.out.marks.append(mark)

    def _answered(self, answer: order.Answer, at_s: float) -> None:
        guess = self.guesses.get(answer.turn)
        right = guess is not None and same_words(guess[1], answer.text)
        self._guess_ended(answer.turn, at_s, "hit" if right else "dropped")
        words = [word for heard in self.heard.values() for word in heard.words]
        self.turns[answer.turn] = Utterance(
            who="caller",
            kind="turn",
            start_s=answer.start_s,
            end_s=answer.end_s,
            text=by_speakers(answer, words),
            number=answer.turn,
        )

    def _guess_ended(self, turn: int, at_s: float, outcome: Literal["hit", "dropped"]) -> None:
        if guess := self.guesses.pop(turn, None):
            self.out.guesses.append(Guess(guess[0], at_s, guess[1], outcome))

    def _raise_voice(self, at_s: float) -> None:
        if self.duck_s is not None:
            self.out.ducked.append(Span(self.duck_s, at_s))
        self.duck_s = None

    def _backchannel(self, text: str, at_s: float) -> None:
        span = self.out.speech[-1] if self.out.speech else Span(at_s, at_s)
        if self.voice_s is not None:
            span = Span(self.voice_s, at_s)
        self.out.said.append(
            Utterance(
                who="caller", kind="backchannel", start_s=span.start_s, end_s=span.end_s, text=text
            )
        )

    def end(self) -> None:
        """What was under way when the log ended."""
        out = self.out
        if self.voice_s is not None:
            out.speech.append(Span(self.voice_s, out.seconds))
        for number, reply in list(self.replies.items()):
            text = plain(reduce(continued, reply.texts, "")).strip()
            self._reply_ended(number, out.seconds, text, "")
        out.said += self.turns.values()
        covered = [(u.start_s, u.end_s) for u in out.said if u.who == "caller"]
        for heard in self.heard.values():
            middle_s = (heard.start_s + heard.end_s) / 2
            if heard.text and not any(a - 0.3 <= middle_s <= b + 0.3 for a, b in covered):
                out.said.append(
                    Utterance(
                        who="caller",
                        kind="unanswered",
                        start_s=heard.start_s,
                        end_s=heard.end_s,
                        text=heard.text,
                    )
                )
        out.said.sort(key=lambda utterance: utterance.start_s)


def continued(said: str, more: str) -> str:
    """A reply with its next piece. Pieces of a sentence bring their own spaces, and one may end
    inside a word; whole clauses do not."""
    apart = said[-1:] in _CLAUSE_ENDS and more[:1].isalpha()
    return f"{said} {more}" if said and apart else said + more


def mark_of(action: Action, at_s: float) -> Mark | None:
    """What an order looks like to people; None for those that only serve another."""
    match action:
        case order.Answer():
            return Mark(at_s, "answer", f"turn {action.turn} is over", action.why)
        case order.Duck():
            return Mark(at_s, "duck", "lowered its voice")
        case order.Restore():
            return Mark(at_s, "restore", "carried on", action.why)
        case order.StopSpeaking():
            return Mark(at_s, "stop", "stopped", action.why)
        case order.Withdraw():
            return Mark(at_s, "withdraw", "took the answer back", "the caller went on")
        case order.Amend():
            return Mark(at_s, "amend", "heard better", action.text)
        case order.NoticeSilence():
            why = "the last prompt" if action.last else f"prompt {action.count}"
            return Mark(at_s, "silence", "noticed the silence", why)
        case order.FillSilence():
            return Mark(at_s, "filler", "bridged the wait")
        case _:
            return _closing_mark(action, at_s)


def _closing_mark(action: Action, at_s: float) -> Mark | None:
    match action:
        case order.CallTime():
            return Mark(at_s, "other", f"limit of {action.limit}")
        case order.Transfer():
            return Mark(at_s, "other", "hands the caller over", action.to)
        case order.HangUp():
            return Mark(at_s, "end", "hung up", action.reason)
        case _:
            return None
