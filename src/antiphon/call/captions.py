"""What a caller with a screen is shown: states, captions, the latency of each turn.

A `Watcher` that turns events and actions into the notices of `Transport.tell`. The notices'
form is part of the WebSocket protocol (docs/reference/websocket.md).
"""

from typing import Final

from antiphon import actions as order
from antiphon.actions import Action
from antiphon.call.account import Marks
from antiphon.call.conversation import Conversation
from antiphon.events import (
    AudioAdvanced,
    Event,
    ReplyReady,
    ReplyStarted,
    ReplyStopped,
    TranscriptChanged,
)
from antiphon.ports.transport import Transport
from antiphon.turns.table import State

__all__ = ["Captions"]

_SHOWN: Final = {
    State.IDLE: "listening",
    State.HEARING: "hearing",
    State.PAUSING: "hearing",
    State.THINKING: "thinking",
    State.SPEAKING: "speaking",
    State.PROTECTED: "speaking",
    State.OVERLAP: "ducked",
    State.ENDED: "listening",
}


class Captions:
    """Shows one call to its own caller."""

    def __init__(self, conversation: Conversation, transport: Transport) -> None:
        self._conversation = conversation
        self._transport = transport
        self._state = ""
        self._behind_s = 0.0
        """How far audio time lies behind the call's clock."""
        self._answer: order.Answer | None = None
        self._answered_at = 0.0
        self._fillers: set[int] = set()
        """Replies that bridge the wait for an answer and do not end it."""
        self._ready_at: dict[int, float] = {}

    def event(self, event: Event, now: float) -> None:
        match event:
            case AudioAdvanced():
                self._behind_s = now - event.until_s
            case TranscriptChanged():
                self._tell("transcript", segment=event.segment, text=event.text, final=event.final)
            case ReplyReady():
                self._ready_at[event.reply] = now
            case ReplyStarted():
                self._started(event.reply, now)
            case ReplyStopped():
                self._tell("stopped", reply=event.reply, heard=event.heard)
            case _:
                pass
        self._show_state()

    def actions(self, actions: list[Action], now: float) -> None:
        for action in actions:
            match action:
                case order.Answer():
                    self._answer, self._answered_at = action, now
                case order.Withdraw():
                    self._answer = None
                case order.Speak(kind="filler"):
                    self._fillers.add(action.reply)
                case _:
                    pass
        self._show_state()

    def spoken(self, reply: int, text: str, marks: Marks) -> None:
        self._tell("speech", reply=reply, text=text.strip(), marks=_stripped(text, marks))

    def _started(self, reply: int, now: float) -> None:
        """The answer is audible: say how long the caller waited, and for what."""
        answer = self._answer
        if answer is None or reply in self._fillers:
            return
        self._answer = None
        spoke_until = answer.end_s + self._behind_s
        ready = min(max(self._ready_at.get(reply, now), self._answered_at), now)
        self._ready_at.clear()
        self._tell(
            "latency",
            turn=answer.turn,
            total_ms=_ms(now - spoke_until),
            parts_ms={
                "deciding": _ms(self._answered_at - spoke_until),
                "preparing": _ms(ready - self._answered_at),
                "starting": _ms(now - ready),
            },
        )

    def _show_state(self) -> None:
        state = _SHOWN[self._conversation.state]
        if state != self._state:
            self._state = state
            self._tell("state", state=state)

    def _tell(self, kind: str, **fields: object) -> None:
        self._transport.tell({"type": kind, **fields})


def _ms(seconds: float) -> float:
    return round(max(0.0, seconds) * 1000, 1)


def _stripped(text: str, marks: Marks) -> Marks:
    """The same marks, of a text without the white space around it."""
    led, length = len(text) - len(text.lstrip()), len(text.strip())
    return tuple((min(max(0, at - led), length), sample) for at, sample in marks)
