"""A small receptionist: fixed answers to listed topics, small talk from a language model.

Pure, like every dialog (see `antiphon.dialog.dialog`). It remembers of its own replies only
what the caller heard.
"""

import re
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Final, Self, assert_never

from antiphon import actions as order
from antiphon.actions import Action, Message
from antiphon.dialog.dialog import DialogEvent, Numbers
from antiphon.dialog.settings import ReceptionistSettings, Topic
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
    TurnEnded,
)

__all__ = ["Receptionist"]

# Small talk on the phone: a sentence or two.
MAX_TOKENS: Final = 48
SENTENCES: Final = 2
SPEECHLESS: Final = 2
"""So many replies in a row may fail to be spoken."""
_SENTENCE: Final = re.compile(r"[.!?]+(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn as it is remembered: what the caller said, what they heard in answer."""

    turn: int
    said: str
    heard: str = ""
    reply: int | None = None
    """Our answer. Nothing else we say is remembered: greetings and prompts answer nobody."""


@dataclass(slots=True)
class Receptionist:
    """One call's dialog."""

    settings: ReceptionistSettings
    numbers: Numbers = field(default_factory=Numbers)
    expectation: Expectation = field(default_factory=Expectation)
    memory: tuple[Exchange, ...] = ()
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
        if self.leaving is not None:
            return []
        return self._cancel() + self._leave(self.settings.trouble.leaving)

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
                return self._cancel() + self._say(self.settings.unclear)
            case LimitReached():
                return self._leave(self.settings.limit)
            case ReplyFinished():
                self.unspoken = 0
                return self._finished(event.reply, event.heard)
            case ReplyFailed() | EarsLost() | EarsFound():
                return self._trouble(event, now)
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

    # --- saying ------------------------------------------------------------------------------

    def _say(self, text: str, kind: ReplyKind = "reply") -> list[Action]:
        return [order.Speak(reply=self.numbers.next(), text=text, kind=kind)]

    def _reply(self, text: str) -> list[Action]:
        """The answer to the turn remembered last."""
        said = self._say(text)
        self._answering(self.numbers.last)
        return said

    def _answering(self, reply: int) -> None:
        self.memory = (*self.memory[:-1], replace(self.memory[-1], reply=reply))

    def _greet(self) -> list[Action]:
        notice = self._say(self.settings.notice, "notice") if self.settings.notice else []
        return notice + self._say(self.settings.greeting)

    def _prompt(self, silence: SilenceNoticed) -> list[Action]:
        if silence.last:
            return self._leave(self.settings.leaving, kind="prompt")
        texts = self.settings.silence
        return self._say(texts[min(silence.count, len(texts)) - 1], kind="prompt")

    def _leave(self, text: str, kind: ReplyKind = "reply") -> list[Action]:
        said = self._say(text, kind)
        self.leaving = self.numbers.last
        return said

    def _answer(self, turn: int, text: str) -> list[Action]:
        self.leaving = self.deaf_until = None
        cancelled = self._cancel()
        self.memory = (*(past for past in self.memory if past.turn != turn), Exchange(turn, text))
        asked, self.asking = self.asking, None
        self.expectation = Expectation()
        topic = topic_for(text, self.settings.topics)
        if topic is None and asked and asked.then:
            return cancelled + self._reply(asked.then.replace("{answer}", bare_answer(text)))
        if any(mentions(text, ask) for ask in self.settings.farewell_asks) and topic is None:
            return cancelled + self._leave(self.settings.farewell)
        if topic is None:
            return cancelled + self._small_talk()
        if topic.expects != "open" or topic.then:
            self.asking = topic
            self.expectation = Expectation(kind=topic.expects, count=topic.count)
        return cancelled + self._reply(topic.says)

    # --- the language model --------------------------------------------------------------------

    def _small_talk(self) -> list[Action]:
        if self.settings.small_talk is None:
            return self._reply(self.settings.unknown)
        self.request, self.request_reply = self.numbers.next(), self.numbers.next()
        self._answering(self.request_reply)
        self.small_talk = ""
        return [
            order.AskModel(request=self.request, messages=self._messages(), max_tokens=MAX_TOKENS)
        ]

    def _messages(self) -> tuple[Message, ...]:
        messages = [Message(role="system", text=self.settings.small_talk or "")]
        for past in self.memory:
            messages.append(Message(role="user", text=past.said))
            if past.heard:
                messages.append(Message(role="assistant", text=past.heard))
        return tuple(messages)

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
        text = ""
        if isinstance(event, ModelFailed):
            trouble = self.settings.trouble
            text = trouble.late if event.kind == "late" else trouble.thinking
            text = f" {text}" if self.small_talk else text
        return [order.Speak(reply=reply, text=text, last=True)]

    def _talk_on(self, reply: int, text: str) -> list[Action]:
        """Small talk is short: after so many sentences the model has said enough."""
        self.small_talk += text
        ends = [match.end() for match in _SENTENCE.finditer(self.small_talk)]
        if len(ends) < SENTENCES:
            return [order.Speak(reply=reply, text=text, last=False)]
        too_much = len(self.small_talk) - ends[SENTENCES - 1]
        said = text[: len(text) - too_much] if too_much else text
        return [*self._cancel(), order.Speak(reply=reply, text=said, last=True)]

    def _cancel(self) -> list[Action]:
        request, self.request, self.request_reply = self.request, None, None
        return [] if request is None else [order.CancelModel(request=request)]

    # --- what was heard ------------------------------------------------------------------------

    def _finished(self, reply: int, heard: str) -> list[Action]:
        self._remember(reply, heard)
        if reply == self.leaving:
            return [order.HangUp(reason="said goodbye")]
        return self._prime()

    def _stopped(self, stopped: ReplyStopped) -> list[Action]:
        self._remember(stopped.reply, stopped.heard)
        if stopped.reply == self.leaving:
            self.leaving = None
        return self._cancel() if stopped.reply == self.request_reply else self._prime()

    def _remember(self, reply: int, heard: str) -> None:
        """What was heard belongs to the turn it answers, however late we are told."""
        self.memory = tuple(
            replace(past, heard=heard) if past.reply == reply else past for past in self.memory
        )

    def _amended(self, amended: TranscriptAmended) -> list[Action]:
        self.memory = tuple(
            replace(past, said=amended.text) if past.turn == amended.turn else past
            for past in self.memory
        )
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
                # Whoever was answered meanwhile, or is taken leave of, need not be told.
                deaf, self.deaf_until = self.deaf_until, None
                if deaf is None or self.leaving is not None:
                    return []
                return self._say(trouble.heard_again)

    def _unspoken(self, failed: ReplyFailed) -> list[Action]:
        """What could not be said is apologised for, in words that were rendered beforehand. If
        not even those can be, the line is of no use to anybody."""
        self._remember(failed.reply, failed.heard)
        self.unspoken += 1
        if failed.reply == self.leaving:
            return [order.HangUp(reason="said goodbye")]
        if self.unspoken > SPEECHLESS:
            return [*self._cancel(), order.HangUp(reason="cannot speak")]
        cancelled = self._cancel() if failed.reply == self.request_reply else []
        return cancelled + self._say(self.settings.trouble.speaking)
