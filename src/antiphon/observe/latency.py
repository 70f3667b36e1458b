"""Where the time went, turn by turn, worked out from a call log. Pure.

The clock of a turn starts at the caller's last speech sample and stops when the first sample of
the answer goes out. A filler does not stop it. The stages may overlap, because answers are
prepared while the end of the turn is still being decided: they do not add up to the total.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from antiphon import actions as order
from antiphon.actions import Action
from antiphon.events import (
    Event,
    ModelSaid,
    ReplyReady,
    ReplyStarted,
    SpeechStarted,
    SpeechStopped,
    TranscriptChanged,
)
from antiphon.observe.logreader import Line, Noted, Ordered, Ticked, Told
from antiphon.observe.timebase import AudioClock

__all__ = ["STAGES", "Guessing", "Stage", "StageName", "TurnLatency", "turns"]

StageName: TypeAlias = Literal["endpoint", "stt", "model", "clause", "voice", "transport"]
Guessing: TypeAlias = Literal["hit", "miss", "none"]

STAGES: Final[dict[StageName, str]] = {
    "endpoint": "last speech sample to the decision that the turn is over",
    "stt": "asking the recogniser for its final reading to getting it",
    "model": "asking the language model to its first word",
    "clause": "its first word to the first clause handed to the voice",
    "voice": "first clause to its first sound",
    "transport": "sound ready and released to its first sample going out",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of a turn's waterfall, on the call's clock."""

    name: StageName
    from_s: float
    until_s: float

    @property
    def ms(self) -> float:
        """How long it took."""
        return (self.until_s - self.from_s) * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnLatency:
    """One answered turn; all times on the call's clock."""

    turn: int
    text: str
    why: str
    """The evidence that ended the turn."""
    speech_end_s: float
    """When the caller's last speech sample was there."""
    answered_s: float
    """When the turn was decided to be over."""
    started_s: float | None
    """When the first sample of the answer went out; None if none ever did."""
    reply: int | None
    filler_s: float | None
    """When a filler bridged the wait, if one did."""
    guessing: Guessing
    """Whether the answer had been prepared before the turn was over: the guess was right, was
    wrong, or was never made."""
    stages: tuple[Stage, ...]

    @property
    def total_ms(self) -> float | None:
        """Last speech sample to first sample of the answer."""
        if self.started_s is None:
            return None
        return (self.started_s - self.speech_end_s) * 1000


def turns(lines: Sequence[Line]) -> list[TurnLatency]:
    """Every turn that was answered, in order."""
    story = _Story(AudioClock(lines))
    for line in lines:
        if isinstance(line, Told):
            story.told(line.event, line.t)
        elif isinstance(line, Ordered):
            for action in line.actions:
                story.ordered(action, line.t)
        elif isinstance(line, Ticked):
            story.cause = story.request = None
        elif isinstance(line, Noted):
            story.noted(line)
    return [story.latency(turn) for turn in story.turns.values() if turn.answer is not None]


# --- following a log ---------------------------------------------------------------------------


@dataclass(slots=True)
class _Turn:
    """What is known of a turn so far."""

    answer: order.Answer | None = None
    answered_s: float = 0.0
    speech_end_s: float | None = None
    """Audio time."""
    stt: tuple[float, float] | None = None
    guessed: bool = False
    reply: int | None = None
    started_s: float | None = None
    filler_s: float | None = None


@dataclass(slots=True)
class _Reply:
    """A reply, from its first words on."""

    turn: int | None
    kind: str
    spoken_s: float
    request: int | None
    clause_s: float | None = None
    ready_s: float | None = None
    released_s: float | None = None


@dataclass(slots=True)
class _Request:
    """A question to a language model."""

    turn: int | None
    asked_s: float
    said_s: float | None = None


@dataclass(slots=True)
class _Story:
    """A log, followed line by line.

    Replies and requests do not name their turn. They belong to the turn whose order they stand
    behind, after the same input, or to the one whose model request just said something.
    """

    clock: AudioClock
    turns: dict[int, _Turn] = field(default_factory=dict)
    cause: int | None = None
    request: int | None = None
    replies: dict[int, _Reply] = field(default_factory=dict)
    requests: dict[int, _Request] = field(default_factory=dict)
    speech_end_s: float | None = None
    asked_s: float | None = None
    stt: tuple[float, float] | None = None

    def told(self, event: Event, t: float) -> None:
        self.cause = self.request = None
        match event:
            case SpeechStarted():
                self.asked_s = None
            case SpeechStopped():
                self.speech_end_s = event.at_s
            case TranscriptChanged(final=True):
                if self.asked_s is not None:
                    self.stt, self.asked_s = (self.asked_s, t), None
            case ModelSaid():
                if asked := self.requests.get(event.request):
                    self.request, self.cause = event.request, asked.turn
                    asked.said_s = t if asked.said_s is None else asked.said_s
            case ReplyReady():
                if reply := self.replies.get(event.reply):
                    reply.ready_s = t
            case ReplyStarted():
                self._started(event.reply, t)
            case _:
                pass

    def _started(self, number: int, t: float) -> None:
        reply = self.replies.get(number)
        turn = self.turns.get(reply.turn) if reply and reply.turn is not None else None
        if reply is None or turn is None or turn.started_s is not None:
            return
        if reply.kind == "filler":
            turn.filler_s = t
        else:
            turn.reply, turn.started_s = number, t

    def noted(self, note: Noted) -> None:
        match note.fields.get("reply"):
            case int(number) if note.name == "clause" and number in self.replies:
                reply = self.replies[number]
                reply.clause_s = note.t if reply.clause_s is None else reply.clause_s
            case _:
                pass

    def ordered(self, action: Action, t: float) -> None:
        match action:
            case order.FinaliseTranscript():
                self.asked_s = t if self.asked_s is None else self.asked_s
            case order.Speculate():
                self.cause = action.turn
                self._turn(action.turn).guessed = True
            case order.Answer():
                self.cause = action.turn
                self._answered(action, t)
            case order.Amend() | order.FillSilence():
                self.cause = action.turn
            case order.NoticeSilence() | order.CallTime():
                self.cause = None
            case order.AskModel():
                self.requests[action.request] = _Request(self.cause, t)
            case order.Speak():
                self.replies.setdefault(
                    action.reply, _Reply(self.cause, action.kind, t, self.request)
                )
            case order.ReleaseReply():
                if reply := self.replies.get(action.reply):
                    reply.released_s = t
            case _:
                pass

    def _turn(self, number: int) -> _Turn:
        return self.turns.setdefault(number, _Turn())

    def _answered(self, answer: order.Answer, t: float) -> None:
        turn = self._turn(answer.turn)
        turn.answer, turn.answered_s, turn.stt = answer, t, self.stt
        stopped_s, self.stt = self.speech_end_s, None
        within = stopped_s is not None and answer.start_s <= stopped_s <= answer.end_s
        turn.speech_end_s = stopped_s if within else answer.end_s

    def latency(self, turn: _Turn) -> TurnLatency:
        assert turn.answer is not None
        assert turn.speech_end_s is not None
        speech_end_s = self.clock.told(turn.speech_end_s)
        reply = self.replies.get(turn.reply) if turn.reply is not None else None
        stages = [Stage("endpoint", speech_end_s, turn.answered_s)]
        if turn.stt:
            stages.append(Stage("stt", *turn.stt))
        if reply and turn.started_s is not None:
            stages += self._reply_stages(reply, turn.started_s)
        return TurnLatency(
            turn=turn.answer.turn,
            text=turn.answer.text,
            why=turn.answer.why,
            speech_end_s=speech_end_s,
            answered_s=turn.answered_s,
            started_s=turn.started_s,
            reply=turn.reply,
            filler_s=turn.filler_s,
            guessing=self._guessing(turn, reply),
            stages=tuple(stages),
        )

    def _reply_stages(self, reply: _Reply, started_s: float) -> list[Stage]:
        stages = []
        # Where nobody noted when the first clause was complete, its first words must do.
        clause_s = reply.spoken_s if reply.clause_s is None else reply.clause_s
        asked = self.requests.get(reply.request) if reply.request is not None else None
        if asked and asked.said_s is not None:
            stages.append(Stage("model", asked.asked_s, asked.said_s))
            stages.append(Stage("clause", asked.said_s, clause_s))
        if reply.ready_s is not None:
            stages.append(Stage("voice", clause_s, reply.ready_s))
        # A reply that was never held is released by being spoken.
        released_s = reply.spoken_s if reply.released_s is None else reply.released_s
        able_s = released_s if reply.ready_s is None else max(released_s, reply.ready_s)
        stages.append(Stage("transport", able_s, started_s))
        return stages

    def _guessing(self, turn: _Turn, reply: _Reply | None) -> Guessing:
        if not turn.guessed:
            return "none"
        if reply is None:
            return "miss"
        asked = self.requests.get(reply.request) if reply.request is not None else None
        began_s = asked.asked_s if asked else reply.spoken_s
        return "hit" if began_s < turn.answered_s else "miss"
