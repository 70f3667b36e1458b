"""The two machines of a call, joined: still pure, still a function of its inputs alone.

The turn machine and the dialog never call each other. This turns the one's orders into the
other's facts, and keeps the answers that are prepared on a guess apart from those that are
given: a guess works on a copy of the dialog, and that copy replaces the dialog only when the
turn really ended with the same words and nothing else changed meanwhile.

Every order of both machines is returned, for the shell to perform or merely to show. What the
shell needs not do is marked in the docs of `antiphon.call.runner`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from antiphon import actions as order
from antiphon.actions import Action
from antiphon.dialog.dialog import Dialog, DialogEvent
from antiphon.events import (
    BackchannelHeard,
    CallEnded,
    CallStarted,
    DigitPressed,
    EarsFound,
    EarsLost,
    Event,
    ExpectationSet,
    LimitReached,
    ModelFailed,
    ModelFinished,
    ModelSaid,
    ReplyFailed,
    ReplyFinished,
    ReplyKind,
    ReplyLate,
    ReplyLost,
    ReplyOffered,
    ReplyStarted,
    ReplyStopped,
    SilenceNoticed,
    ToolEnded,
    ToolFinished,
    TranscriptAmended,
    TranscriptChanged,
    TransferFailed,
    TurnEnded,
)
from antiphon.turns.machine import Machine
from antiphon.turns.table import State
from antiphon.turns.words import same_words

__all__ = ["Conversation"]

_Both: TypeAlias = (
    CallStarted | CallEnded | DigitPressed | ReplyFinished | ReplyStopped | ReplyFailed
)
_Ended: TypeAlias = ReplyFinished | ReplyStopped | ReplyFailed
_Answering: TypeAlias = ModelSaid | ModelFinished | ModelFailed | ToolFinished | ToolEnded

# True whether or not the answer given last is taken back.
_LASTING: Final = (
    DigitPressed,
    BackchannelHeard,
    TranscriptAmended,
    ReplyFinished,
    ReplyStopped,
    ReplyFailed,
    EarsLost,
    EarsFound,
    TransferFailed,
)
_TRACELESS: Final = (order.PrimeModel, order.CancelModel)
# A line that is never quiet is hung up on after this.
HEAR_OUT_S: Final = 30.0
_CALLERS: Final = (State.HEARING, State.PAUSING, State.OVERLAP)


@dataclass(slots=True)
class Guess:
    """An answer prepared for a turn: held until the turn ends, given after."""

    text: str
    language: str
    before: Dialog
    """The dialog as it was when the guess was made."""
    after: Dialog
    """The dialog as it is if the guess is right."""
    replies: dict[int, ReplyKind] = field(default_factory=dict)
    requests: set[int] = field(default_factory=set)
    later: list[Action] = field(default_factory=list)
    """Orders that must not be carried out on a guess."""
    ended: list[_Ended] = field(default_factory=list)
    """Held replies that came to nothing: the answer is prepared again when it is wanted."""
    committed: bool = False
    """Some of its orders left a trace: the answer cannot be taken back any more."""

    def note(self, action: Action) -> None:
        """Another order of the answer, carried out."""
        match action:
            case order.AskModel() | order.RunTool(read_only=True):
                self.requests.add(action.request)
            case order.RunTool() | order.Transfer() | order.HangUp():
                self.committed = True
            case _:
                pass


class Conversation:
    """One call, without its wires."""

    def __init__(
        self,
        turns: Machine,
        dialog: Dialog,
        tidy: Callable[[str, str], str] = lambda text, language: text,
    ) -> None:
        """``tidy`` makes of a text and its language what the dialog is told; everybody else is
        told what was heard."""
        self.turns = turns
        self.dialog = dialog
        self._tidy = tidy
        self._language = ""
        """Heard last."""
        self._guess: Guess | None = None
        self._given: Guess | None = None
        """The answer given last, while nothing of it is audible."""
        self._expectation = dialog.expectation
        self._offered: dict[int, ReplyKind] = {}
        self._parting: order.HangUp | order.Transfer | None = None
        """Ordered while the caller has the floor, and due at `_parting_at` whatever happens."""
        self._parting_at = math.inf
        self._out: list[Action] = []

    @property
    def state(self) -> State:
        """Who has the floor."""
        return self.turns.state

    def receive(self, event: Event, now: float) -> list[Action]:
        """Tell the machines; returns what to do, in order."""
        if self.state is State.ENDED:
            return []
        match event:
            case CallStarted() | CallEnded() | DigitPressed():
                self._tell_both(event, now)
            case ReplyFinished() | ReplyStopped() | ReplyFailed():
                self._reply_ended(event, now)
            case ModelSaid() | ModelFinished() | ModelFailed() | ToolFinished() | ToolEnded():
                self._tell_asker(event, now)
            case ReplyStarted():
                self._reply_started(event, now)
            case (
                TurnEnded()
                | TranscriptAmended()
                | BackchannelHeard()
                | SilenceNoticed()
                | ReplyLate()
                | ReplyLost()
                | LimitReached()
                | EarsLost()
                | EarsFound()
                | TransferFailed()
            ):
                self._tell_dialog(event, now)
            case TranscriptChanged():
                self._language = event.language or self._language
                self._follow(self.turns.receive(event, now), now)
            case _:
                self._follow(self.turns.receive(event, now), now)
        return self._flush(now)

    def tick(self, now: float) -> list[Action]:
        """Let time pass for both."""
        if self.state is State.ENDED:
            return []
        self._follow(self.turns.tick(now), now)
        self._perform(self.dialog.tick(now), now)
        return self._flush(now)

    def deadline(self) -> float | None:
        """When to tick next."""
        if self.state is State.ENDED:
            return None
        parting_at = self._parting_at if self._parting else None
        due = (self.turns.deadline(), self.dialog.deadline(), parting_at)
        return min((at for at in due if at is not None), default=None)

    # --- telling -----------------------------------------------------------------------------

    def _tell_both(self, event: _Both, now: float) -> None:
        self._follow(self.turns.receive(event, now), now)
        self._tell_dialog(event, now)

    def _tell_dialog(self, event: DialogEvent, now: float) -> None:
        orders = self.dialog.receive(event, now)
        given = self._given
        if given and isinstance(event, _LASTING):
            # It stays true when the answer is taken back, and so do the orders it led to.
            given.committed |= any(not isinstance(action, _TRACELESS) for action in orders)
            given.before.receive(event, now)
        self._perform(orders, now)

    def _reply_ended(self, event: _Ended, now: float) -> None:
        guess, given = self._guess, self._given
        if guess and event.reply in guess.replies:
            del guess.replies[event.reply]
            guess.ended.append(event)
            return
        if given and given.replies.get(event.reply, "filler") != "filler":
            given.committed = True
        self._tell_both(event, now)

    def _tell_asker(self, event: _Answering, now: float) -> None:
        """The answer to a request goes to whichever copy of the dialog made the request."""
        guess = self._guess
        if guess and event.request in guess.requests:
            self._hold(guess, guess.after.receive(event, now))
        else:
            self._tell_dialog(event, now)

    def _reply_started(self, event: ReplyStarted, now: float) -> None:
        guess = self._guess
        if guess and event.reply in guess.replies:
            # It became audible in the very moment it was taken back: so it was given.
            self._give(guess, now)
        if self._given and self._given.replies.get(event.reply, "filler") != "filler":
            self._given = None
        self._follow(self.turns.receive(event, now), now)

    def _flush(self, now: float) -> list[Action]:
        if self.dialog.expectation != self._expectation:
            self._expectation = self.dialog.expectation
            told = ExpectationSet(expectation=self._expectation)
            self._follow(self.turns.receive(told, now), now)
        if self._parting and (self.state is State.IDLE or now >= self._parting_at):
            self._out.append(self._parting)
            self._parting = None
        out, self._out = self._out, []
        return out

    # --- the turn machine's orders ---------------------------------------------------------------

    def _follow(self, orders: list[Action], now: float) -> None:
        for action in orders:
            self._out.append(action)
            match action:
                case order.Speculate():
                    self._drop_guess()
                    self._guess = self._prepare(action, now)
                case order.Abandon():
                    self._drop_guess()
                case order.Answer():
                    self._parting = None
                    self._answer(action, now)
                case order.Withdraw() if self._given:
                    self._take_back(self._given, now)
                case order.Amend():
                    text = self._tidy(action.text, self._language)
                    self._tell_dialog(TranscriptAmended(turn=action.turn, text=text), now)
                case order.NoteBackchannel():
                    self._tell_dialog(BackchannelHeard(text=action.text), now)
                case order.NoticeSilence():
                    self._tell_dialog(SilenceNoticed(count=action.count, last=action.last), now)
                case order.FillSilence():
                    self._tell_dialog(ReplyLate(turn=action.turn), now)
                case order.GiveUp():
                    self._given = None
                    self._tell_dialog(ReplyLost(turn=action.turn), now)
                case order.CallTime():
                    self._tell_dialog(LimitReached(limit=action.limit), now)
                case _:
                    pass

    def _prepare(self, turn: order.Speculate | order.Answer, now: float) -> Guess:
        language = self._language
        guess = Guess(turn.text, language, before=self.dialog.copy(), after=self.dialog.copy())
        ended = TurnEnded(
            turn=turn.turn,
            text=self._tidy(turn.text, language),
            start_s=turn.start_s,
            end_s=turn.end_s,
            language=language,
        )
        self._hold(guess, guess.after.receive(ended, now))
        return guess

    def _hold(self, guess: Guess, orders: list[Action]) -> None:
        """Carry out what leaves no trace; keep the rest until the guess is right."""
        for action in orders:
            match action:
                case order.Speak():
                    guess.replies[action.reply] = action.kind
                    self._out.append(replace(action, held=True))
                case order.AskModel():
                    guess.requests.add(action.request)
                    self._out.append(action)
                case order.RunTool(read_only=True):
                    guess.requests.add(action.request)
                    self._out.append(action)
                case order.CancelModel(request=request) if request in guess.requests:
                    self._out.append(action)
                case _:
                    guess.later.append(action)

    def _answer(self, answer: order.Answer, now: float) -> None:
        guess = self._guess
        if guess and self._fits(guess, answer) and not guess.ended:
            self._give(guess, now)
            return
        self._drop_guess()
        self._give(self._prepare(answer, now), now)

    def _fits(self, guess: Guess, answer: order.Answer) -> bool:
        """The dialog would be told the same, and is as it was."""
        same = same_words(guess.text, answer.text) and guess.language == self._language
        return same and guess.before == self.dialog

    def _give(self, guess: Guess, now: float) -> None:
        """The guess is right: it is the dialog now."""
        self._guess, self._given = None, guess
        self.dialog = guess.after
        for reply, kind in guess.replies.items():
            self._out.append(order.ReleaseReply(reply=reply))
            self._offer(reply, kind, now)
        later, guess.later = guess.later, []
        self._perform(later, now)
        ended, guess.ended = guess.ended, []
        for event in ended:
            self._tell_dialog(event, now)

    def _take_back(self, guess: Guess, now: float) -> None:
        """Nothing of the answer was heard; keep it at hand in case the words stay the same."""
        self._given = None
        if guess.committed:
            for reply in guess.replies:
                self._out.append(order.DiscardReply(reply=reply))
                self._tell_dialog(ReplyStopped(reply=reply, heard="", unheard=""), now)
            return
        guess.after, self.dialog = self.dialog, guess.before
        guess.before = self.dialog.copy()
        for reply, kind in guess.replies.items():
            self._offered.pop(reply, None)
            if kind == "filler":
                self._out.append(order.DiscardReply(reply=reply))
            else:
                self._out.append(order.HoldReply(reply=reply))
        guess.replies = {r: k for r, k in guess.replies.items() if k != "filler"}
        self._guess = guess

    def _drop_guess(self) -> None:
        """The guess was wrong: nothing happened."""
        guess, self._guess = self._guess, None
        if guess is None:
            return
        self._out += [order.CancelModel(request=request) for request in sorted(guess.requests)]
        self._out += [order.DiscardReply(reply=reply) for reply in guess.replies]

    # --- the dialog's orders ---------------------------------------------------------------------

    def _perform(self, orders: list[Action], now: float) -> None:
        for action in orders:
            if isinstance(action, order.HangUp | order.Transfer) and self.state in _CALLERS:
                # Nobody is cut off: what the caller is saying may change our mind.
                self._parting, self._parting_at = action, now + HEAR_OUT_S
                continue
            self._out.append(action)
            if self._given:
                self._given.note(action)
            if isinstance(action, order.Speak):
                self._offer(action.reply, action.kind, now)

    def _offer(self, reply: int, kind: ReplyKind, now: float) -> None:
        if reply not in self._offered:
            self._offered[reply] = kind
            if self._given:
                self._given.replies[reply] = kind
            self._follow(self.turns.receive(ReplyOffered(reply=reply, kind=kind), now), now)
