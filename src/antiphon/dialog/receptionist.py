"""A small receptionist: fixed answers to listed topics, small talk from a language model.

Pure, like every dialog (see `antiphon.dialog.dialog`). It remembers of its own replies only
what the caller heard.
"""

import re
from copy import copy
from dataclasses import dataclass, field
from typing import Final, Self, assert_never
from xml.sax.saxutils import escape

from antiphon import actions as order
from antiphon.actions import Action, Message, Trust
from antiphon.dialog import memory
from antiphon.dialog.dialog import DialogEvent, Numbers
from antiphon.dialog.handover import Handover
from antiphon.dialog.memory import Memory
from antiphon.dialog.settings import ReceptionistSettings, Topic
from antiphon.dialog.spoken import MARKED, USUAL
from antiphon.dialog.topics import bare_answer, mentions, topic_for
from antiphon.events import (
    BackchannelHeard,
    CallEnded,
    CallStarted,
    DigitPressed,
    EarsFound,
    EarsLost,
    Expectation,
    LimitReached,
    ModelFailed,
    ModelFinished,
    ModelSaid,
    ReplyFailed,
    ReplyFinished,
    ReplyKind,
    ReplyLate,
    ReplyLost,
    ReplyStopped,
    SilenceNoticed,
    ToolEnded,
    ToolFinished,
    TranscriptAmended,
    TransferFailed,
    TurnEnded,
)

__all__ = ["Receptionist"]

# Small talk on the phone: a sentence or two.
MAX_TOKENS: Final = 48
SENTENCES: Final = 2
SPEECHLESS: Final = 2
"""So many replies in a row may fail to be spoken."""
UNANSWERED: Final = 2
"""So many questions in a row that no model answers, and a person is to."""
_SENTENCE: Final = re.compile(r"[.!?]+(?=\s|$)")


def _trust(text: str) -> Trust:
    """Of an author's text. One without markup is as any other."""
    return "author" if any(mark in text for mark in MARKED) else "model"


@dataclass(slots=True)
class Receptionist:
    """One call's dialog."""

    settings: ReceptionistSettings
    numbers: Numbers = field(default_factory=Numbers)
    expectation: Expectation = field(default_factory=Expectation)
    memory: Memory = ()
    asking: Topic | None = None
    """The topic whose question the caller is answering."""
    request: int | None = None
    """The model request under way, and the reply its words go to."""
    request_reply: int | None = None
    small_talk: str = ""
    """What the model has said so far."""
    leaving: int | None = None
    """The goodbye after which we hang up."""
    deaf_until: float | None = None
    """Nobody can be understood; we leave then, if that does not change."""
    unspoken: int = 0
    """How many replies in a row could not be spoken."""
    unanswered: int = 0
    """How many questions in a row no model answered."""
    manner: str = ""
    """In which one we speak since a topic changed it."""
    handover: Handover | None = None
    alone: bool = False
    """Nobody could take the caller over; whoever is in trouble is not promised it again."""

    def copy(self) -> Self:
        return copy(self)

    def deadline(self) -> float | None:
        """Only a caller who is not understood is not kept for ever."""
        return self.deaf_until

    def tick(self, now: float) -> list[Action]:
        if self.deaf_until is None or now < self.deaf_until:
            return []
        # They may be talking all the time, and cut it short: then it is said again.
        self.deaf_until = now + self.settings.trouble.patience_s
        if self._going:
            return []
        trouble = self.settings.trouble
        return self._cancel() + (self._refer() or self._leave(trouble.leaving))

    def receive(self, event: DialogEvent, now: float) -> list[Action]:  # noqa: C901 - one case each
        match event:
            case CallStarted():
                return self._greet()
            case TurnEnded():
                return self._answer(event.turn, event.text)
            case SilenceNoticed():
                return self._prompt(event)
            case ReplyLate():
                return self._say(self.settings.filler, kind="filler")
            case ReplyLost():
                return self._cancel() + self._lost()
            case LimitReached():
                return self._leave(self.settings.limit)
            case ReplyFinished():
                self.unspoken = 0
                return self._finished(event.reply, event.heard)
            case ReplyFailed() | EarsLost() | EarsFound():
                return self._trouble(event, now)
            case TransferFailed():
                return self._not_transferred(event.to)
            case ReplyStopped():
                return self._stopped(event)
            case ModelSaid() | ModelFinished() | ModelFailed():
                return self._model(event)
            case TranscriptAmended():
                return self._amended(event)
            case CallEnded() | DigitPressed() | BackchannelHeard() | ToolFinished() | ToolEnded():
                return []
            case _:
                assert_never(event)

    @property
    def _going(self) -> bool:
        """They are taken leave of, or handed over."""
        return self.leaving is not None or bool(self.handover and self.handover.under_way)

    # --- saying ------------------------------------------------------------------------------

    def _say(self, text: str, kind: ReplyKind = "reply", manner: str = "") -> list[Action]:
        """A text of the author's."""
        reply, manner = self.numbers.next(), manner or self.manner
        return [order.Speak(reply=reply, text=text, kind=kind, manner=manner, trust=_trust(text))]

    def _reply(self, text: str, manner: str = "") -> list[Action]:
        """The answer to the turn remembered last."""
        said = self._say(text, manner=manner)
        self.memory = memory.answering(self.memory, self.numbers.last)
        return said

    def _greet(self) -> list[Action]:
        notice = self._say(self.settings.notice, "notice") if self.settings.notice else []
        return notice + self._say(self.settings.greeting)

    def _prompt(self, silence: SilenceNoticed) -> list[Action]:
        if self.handover:
            return self._announce_again()
        if silence.last:
            return self._leave(self.settings.leaving, kind="prompt")
        texts = self.settings.silence
        return self._say(texts[min(silence.count, len(texts)) - 1], kind="prompt")

    def _leave(self, text: str, kind: ReplyKind = "reply") -> list[Action]:
        said = self._say(text, kind)
        self.leaving, self.handover = self.numbers.last, None
        return said

    def _answer(self, turn: int, text: str) -> list[Action]:
        self.leaving = self.deaf_until = None
        cancelled = self._cancel()
        self.memory = memory.began(self.memory, turn, text)
        asked, self.asking = self.asking, None
        self.expectation = Expectation()
        topic = topic_for(text, self.settings.topics)
        handover, self.handover = self.handover, None
        if topic is None and asked and asked.then:
            # What callers say is no markup.
            answer = escape(bare_answer(text))
            return cancelled + self._reply(
                asked.then.replace("{answer}", answer), asked.from_now or asked.manner
            )
        if any(mentions(text, ask) for ask in self.settings.farewell_asks) and topic is None:
            return cancelled + self._leave(self.settings.farewell)
        if topic is None and handover:
            said = self._reply(self.settings.filler)
            self.handover = handover.again(self.numbers.last)
            return cancelled + said
        if topic is None:
            return cancelled + self._small_talk()
        if topic.expects != "open" or topic.then:
            self.asking = topic
            self.expectation = Expectation(kind=topic.expects, count=topic.count)
        said = self._reply(topic.says, topic.manner or topic.from_now)
        if topic.from_now:
            self.manner = "" if topic.from_now == USUAL else topic.from_now
        if topic.transfer:
            self.handover = Handover(topic.transfer, self.numbers.last)
        return cancelled + said

    # --- the language model --------------------------------------------------------------------

    def _small_talk(self) -> list[Action]:
        if self.settings.small_talk is None:
            return self._reply(self.settings.unknown)
        self.request, self.request_reply = self.numbers.next(), self.numbers.next()
        self.memory = memory.answering(self.memory, self.request_reply)
        self.small_talk = ""
        return [
            order.AskModel(request=self.request, messages=self._messages(), max_tokens=MAX_TOKENS)
        ]

    def _messages(self) -> tuple[Message, ...]:
        return memory.messages(self.memory, self.settings.small_talk or "")

    def _prime(self) -> list[Action]:
        """While nobody waits: tidy the memory, and let the model read what was said so far.

        The memory grows to twice its size and then drops half at once: a model that has read
        the beginning of a conversation need not read it again while that beginning stays.
        """
        keep = max(1, self.settings.memory_turns)
        if len(self.memory) >= 2 * keep:
            self.memory = self.memory[-keep:]
        if self.settings.small_talk is None or self.request is not None:
            return []
        return [order.PrimeModel(messages=self._messages())]

    def _model(self, event: ModelSaid | ModelFinished | ModelFailed) -> list[Action]:
        reply = self.request_reply
        if event.request != self.request or reply is None:
            return []
        if isinstance(event, ModelSaid):
            return self._talk_on(reply, event.text)
        self.request = self.request_reply = None
        text = self._unanswered(event, reply) if isinstance(event, ModelFailed) else ""
        if not text:
            self.unanswered = 0
        text = f" {text}" if text and self.small_talk else text
        trust, manner = _trust(text), self.manner
        return [order.Speak(reply=reply, text=text, last=True, manner=manner, trust=trust)]

    def _unanswered(self, failed: ModelFailed, reply: int) -> str:
        """What is said instead of an answer; at last, that a person will give it."""
        trouble = self.settings.trouble
        self.unanswered += 1
        if trouble.transfer_to and self.unanswered >= UNANSWERED and not self.alone:
            self.handover = Handover(trouble.transfer_to, reply)
            return trouble.transferring
        return trouble.late if failed.kind == "late" else trouble.thinking

    def _talk_on(self, reply: int, text: str) -> list[Action]:
        """Small talk is short: after so many sentences the model has said enough."""
        self.small_talk += text
        ends = [match.end() for match in _SENTENCE.finditer(self.small_talk)]
        if len(ends) < SENTENCES:
            return [order.Speak(reply=reply, text=text, last=False, manner=self.manner)]
        self.unanswered = 0
        too_much = len(self.small_talk) - ends[SENTENCES - 1]
        said = text[: len(text) - too_much] if too_much else text
        spoken = order.Speak(reply=reply, text=said, last=True, manner=self.manner)
        return [*self._cancel(), spoken]

    def _cancel(self) -> list[Action]:
        request, self.request, self.request_reply = self.request, None, None
        return [] if request is None else [order.CancelModel(request=request)]

    # --- what was heard ------------------------------------------------------------------------

    def _finished(self, reply: int, heard: str) -> list[Action]:
        self.memory = memory.heard(self.memory, reply, heard)
        if reply == self.leaving:
            return [order.HangUp(reason="said goodbye")]
        if self.handover and self.handover.told_by(reply):
            return self._transfer(self.handover)
        return self._prime()

    def _stopped(self, stopped: ReplyStopped) -> list[Action]:
        self.memory = memory.heard(self.memory, stopped.reply, stopped.heard)
        if stopped.reply == self.leaving:
            self.leaving = None
        self.handover = self.handover and self.handover.stopped(stopped.reply)
        return self._cancel() if stopped.reply == self.request_reply else self._prime()

    def _amended(self, amended: TranscriptAmended) -> list[Action]:
        self.memory = memory.amended(self.memory, amended.turn, amended.text)
        return []

    # --- when our own means fail ---------------------------------------------------------------

    def _trouble(self, event: ReplyFailed | EarsLost | EarsFound, now: float) -> list[Action]:
        trouble = self.settings.trouble
        match event:
            case ReplyFailed():
                return self._unspoken(event)
            case EarsLost():
                self.deaf_until = now + trouble.patience_s
                return [] if self.leaving is not None else self._say(trouble.hearing)
            case EarsFound():
                # Whoever was answered meanwhile, or is about to go, need not be told.
                deaf, self.deaf_until = self.deaf_until, None
                return [] if deaf is None or self._going else self._say(trouble.heard_again)

    def _unspoken(self, failed: ReplyFailed) -> list[Action]:
        """What could not be said is apologised for, in words that were rendered beforehand. If
        not even those can be, the line is of no use to anybody."""
        self.memory = memory.heard(self.memory, failed.reply, failed.heard)
        self.unspoken += 1
        if failed.reply == self.leaving:
            return [order.HangUp(reason="said goodbye")]
        if self.handover and self.handover.told_by(failed.reply):
            return self._transfer(self.handover)
        if self.unspoken > SPEECHLESS:
            return [*self._cancel(), *self._abandon()]
        cancelled = self._cancel() if failed.reply == self.request_reply else []
        return cancelled + self._say(self.settings.trouble.speaking)

    def _lost(self) -> list[Action]:
        """What was to be said never came."""
        if self.handover and self.handover.reply is not None:
            return self._transfer(self.handover)
        return self._say(self.settings.unclear)

    # --- handing over to a person --------------------------------------------------------------

    def _refer(self) -> list[Action]:
        """The caller is told, and handed to a person when they have heard it; nothing where there
        is no such person."""
        trouble = self.settings.trouble
        if not trouble.transfer_to or self.alone:
            return []
        said = self._say(trouble.transferring)
        self.handover = Handover(trouble.transfer_to, self.numbers.last)
        return said

    def _announce_again(self) -> list[Action]:
        """They cut it short, and then said nothing."""
        if not self.handover or self.handover.ordered:
            return []
        said = self._say(self.settings.filler, "prompt")
        self.handover = self.handover.again(self.numbers.last)
        return said

    def _transfer(self, handover: Handover) -> list[Action]:
        self.handover = handover.now()
        return [order.Transfer(to=handover.to)]

    def _abandon(self) -> list[Action]:
        """The same where they cannot even be told."""
        if (to := self.settings.trouble.transfer_to) and not self.alone:
            return self._transfer(Handover(to))
        return [order.HangUp(reason="cannot speak")]

    def _not_transferred(self, to: str) -> list[Action]:
        """They were promised a person; whom we cannot serve ourselves we take leave of."""
        if self.handover and self.handover.to != to:
            # Meanwhile it was to be somebody else, who had to wait for this.
            return self._transfer(self.handover) if self.handover.ordered else []
        self.handover, self.alone = None, True
        if self.unspoken > SPEECHLESS:
            return [order.HangUp(reason="cannot speak")]
        if self.leaving is not None:
            return []
        if self.deaf_until is not None:
            return self._leave(self.settings.trouble.leaving)
        return self._say(self.settings.trouble.not_transferred)
