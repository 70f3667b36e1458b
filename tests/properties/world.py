"""A pretended shell around a `Conversation`: it feeds, performs, keeps one timer and one log.

Pure and deterministic: every delay comes from the dice of the generated call. Facts travel for a
while before they are told, so orders cross them on the way, as they do in a real call.
"""

from collections.abc import Callable
from functools import partial

from tests.properties.caller import Caller
from tests.properties.dialog import Probe
from tests.properties.mouth import Mouth
from tests.properties.script import Call, Dice
from tests.properties.worldtime import Time

from antiphon import actions as order
from antiphon.actions import Action
from antiphon.call.conversation import Conversation
from antiphon.events import (
    AudioAdvanced,
    CallEnded,
    CallStarted,
    Event,
    ModelFailed,
    ModelFinished,
    ModelSaid,
    ReplyFailed,
    ReplyFinished,
    ReplyStopped,
    SpeechStarted,
    SpeechStopped,
    ToolEnded,
    ToolFinished,
    TranscriptChanged,
    TurnScored,
)
from antiphon.turns.machine import Machine
from antiphon.turns.table import State

__all__ = ["World"]

SPEAKING = (State.SPEAKING, State.OVERLAP, State.PROTECTED)
MOST_STEPS = 200_000


class World:
    """One call, played to its end."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.conversation = self.fresh()
        self.time = Time(Dice(call.dice), self.receive)
        self.mouth = Mouth(self.time)
        self.caller = Caller(call, self.time)
        self.log: list[tuple[float, Event | None, list[Action]]] = []
        self.spoken: set[str] = set()
        """Words whose final transcript was told."""
        self.over: set[int] = set()
        """Replies whose end was told."""
        self.ended = False
        self._thinking: set[int] = set()

    def fresh(self) -> Conversation:
        """The conversation of this call as it begins."""
        return Conversation(Machine(self.call.settings), Probe(plan=self.call.plan))

    def orders(self) -> list[tuple[float, Action]]:
        return [(now, action) for now, _, actions in self.log for action in actions]

    # --- time ------------------------------------------------------------------------------------

    def start(self) -> None:
        self.receive(CallStarted(channel="test"))
        self.caller.begin()

    def run(self, until: Callable[[], bool]) -> None:
        """Let the world turn until then, or to the call's end."""
        for _ in range(MOST_STEPS):
            if self.ended or until():
                return
            due, coming = self.conversation.deadline(), self.time.coming()
            assert due is not None or coming is not None, "nothing will ever happen"
            if due is not None and (coming is None or max(due, self.time.now) < coming):
                self.time.now = max(self.time.now, due)
                self.tick()
            else:
                self.time.step()
        raise AssertionError("the call never comes to rest")

    def pass_time(self, seconds: float) -> None:
        reached: list[bool] = []
        self.time.after(seconds, partial(reached.append, True))
        self.run(lambda: bool(reached))

    # --- what the shell does -----------------------------------------------------------------

    def receive(self, event: Event) -> None:
        if self.ended:
            return
        if isinstance(event, SpeechStarted | SpeechStopped):
            self._feed(self._audio())
        self._feed(event)
        if isinstance(event, TranscriptChanged) and event.final:
            self.spoken.update(event.text.split())
        if isinstance(event, ReplyFinished | ReplyStopped | ReplyFailed):
            self.over.add(event.reply)
        self.ended = isinstance(event, CallEnded)

    def tick(self) -> None:
        self._feed(self._audio())
        self._keep(None, self.conversation.tick(self.time.now))
        due = self.conversation.deadline()
        assert due is None or due > self.time.now, "a tick must move the deadline"

    def _audio(self) -> AudioAdvanced:
        begin, end = self.call.outage
        position = max(0.0, self.time.now - self.call.lag_s)
        missing = position - begin if begin < position < end else 0.0
        return AudioAdvanced(until_s=position, missing_s=missing)

    def _feed(self, event: Event) -> None:
        self._keep(event, self.conversation.receive(event, self.time.now))

    def _keep(self, event: Event | None, actions: list[Action]) -> None:
        self.log.append((self.time.now, event, actions))
        for action in actions:
            self._order_mouth(action)
            self._order_others(action)
        if not self.time.on_the_way["mouth"] and not self.ended:
            speaking = self.conversation.state in SPEAKING
            assert speaking == (self.mouth.audible is not None), "the agent speaks unnoticed"

    def _order_mouth(self, action: Action) -> None:
        match action:
            case order.Speak():
                self.mouth.speak(action)
            case order.ReleaseReply(reply=reply) | order.HoldReply(reply=reply):
                assert reply not in self.over, "a reply that is over comes back"
                self.mouth.hold(reply, held=isinstance(action, order.HoldReply))
            case order.DiscardReply(reply=reply):
                self.mouth.discard(reply)
            case order.StopSpeaking():
                self.mouth.stop()
            case _:
                pass

    def _order_others(self, action: Action) -> None:
        match action:
            case order.AskModel(request=request):
                self._think(request)
            case order.CancelModel(request=request):
                self._thinking.discard(request)
            case order.RunTool(request=request):
                self._use_tool(request)
            case order.ScoreEndpoint(at_s=at_s):
                self._score(at_s)
            case order.FinaliseTranscript():
                self.caller.finalise()
            case order.Settle():
                self.caller.settle()
            case order.HangUp():
                self.time.at(self.time.now, partial(self.receive, CallEnded(by="agent")))
            case _:
                pass

    # --- model and tools -------------------------------------------------------------------------

    def _think(self, request: int) -> None:
        dice, when = self.time.dice, self.time.now
        self._thinking.add(request)
        pieces: list[Event] = [ModelSaid(request=request, text="so ")] * int(dice.between(0, 3))
        failed = ModelFailed(request=request, reason="down")
        pieces.append(failed if dice.happens(0.15) else ModelFinished(request=request))
        for piece in pieces:
            when += dice.between(0.05, 2.5 if dice.happens(0.3) else 0.4)
            self.time.at(when, partial(self._thought, request, piece))

    def _thought(self, request: int, piece: Event) -> None:
        """A piece that left before the request was cancelled arrives after it."""
        if request in self._thinking:
            self.time.tell(piece, "model")

    def _use_tool(self, request: int) -> None:
        dice = self.time.dice
        broken = ToolEnded(request=request, reason="broken")
        result = broken if dice.happens(0.2) else ToolFinished(request=request, result="{}")
        self.time.after(dice.between(0.05, 3), partial(self.time.tell, result, "tool"))

    def _score(self, at_s: float) -> None:
        dice = self.time.dice
        if dice.happens(0.8):
            scored = TurnScored(until_s=at_s, score=dice.roll())
            self.time.after(dice.between(0.02, 0.2), partial(self.time.tell, scored, "score"))
