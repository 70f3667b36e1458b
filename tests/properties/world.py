"""A pretended shell around a `Conversation`: a caller, a recogniser, a mouth, a model, tools.

Pure and deterministic: every delay comes from the `Dice` of the generated call. Facts travel for a
while before they are told, so orders cross them on the way, as they do in a real call.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from antiphon import actions as order
from antiphon.actions import Action
from antiphon.call.conversation import Conversation
from antiphon.events import (
    AudioAdvanced,
    CallEnded,
    CallStarted,
    DigitPressed,
    EndpointHinted,
    Event,
    ModelFailed,
    ModelFinished,
    ModelSaid,
    ReplyFailed,
    ReplyFinished,
    ReplyReady,
    ReplyStarted,
    ReplyStopped,
    SpeechStarted,
    SpeechStopped,
    ToolEnded,
    ToolFinished,
    TranscriptChanged,
    TurnScored,
    Word,
)
from antiphon.turns.machine import Machine
from antiphon.turns.settings import TurnSettings
from antiphon.turns.table import State
from tests.properties.dialog import Probe

__all__ = ["Bout", "Call", "Dice", "Utterance", "World"]


@dataclass
class Dice:
    """Numbers drawn for one call, used in turn, over and over."""

    numbers: tuple[int, ...]
    at: int = 0

    def roll(self) -> float:
        """In 0..1."""
        self.at += 1
        return self.numbers[self.at % len(self.numbers)] / 100

    def between(self, least: float, most: float) -> float:
        return least + (most - least) * self.roll()

    def happens(self, chance: float) -> bool:
        return self.roll() < chance


@dataclass(frozen=True)
class Bout:
    """Voice without a pause, with these words; none is a noise."""

    gap_s: float
    length_s: float
    words: tuple[str, ...] = ()
    voiced: bool = True
    """Whether our detector notices it."""


@dataclass(frozen=True)
class Utterance:
    """What the caller says in one go, pauses within."""

    after_s: float
    bouts: tuple[Bout, ...]
    key: str = ""
    """Pressed as well."""


@dataclass(frozen=True)
class Call:
    """Everything that was drawn for one call."""

    utterances: tuple[Utterance, ...]
    dice: tuple[int, ...]
    plan: tuple[str, ...]
    """What the dialog does with each turn."""
    settings: TurnSettings = TurnSettings()
    word_times: bool = True
    lag_s: float = 0.0
    outage: tuple[float, float] = (0.0, 0.0)
    """From when to when no audio arrives."""


@dataclass
class Reply:
    """One in the mouth."""

    number: int
    kind: str
    held: bool
    text: str = ""
    complete: bool = False
    ready: bool = False
    stage: str = "waiting"


class World:
    """One call, played to its end."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.dice = Dice(call.dice)
        self.conversation = self.fresh()
        self.now = 0.0
        self.log: list[tuple[float, Event | None, list[Action]]] = []
        self.told: list[tuple[float, Event | None]] = []
        self.orders: list[tuple[float, Action]] = []
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = 0
        self._last_told: dict[str, float] = {}
        self.on_the_way = 0
        """Facts about replies that are not told yet."""
        self.spoken: set[str] = set()
        """Words whose final transcript was told."""
        self.ended = False
        self._replies: dict[int, Reply] = {}
        self._queue: list[Reply] = []
        self.audible: Reply | None = None
        self.discarded: set[int] = set()
        self.over: set[int] = set()
        """Replies whose end was told."""
        self._thinking: dict[int, list[int]] = {}
        self._segments: list[list[Word]] = []
        self._read_until = 0
        """Segments before this are final."""
        self._fresh_segment = True

    def fresh(self) -> Conversation:
        return Conversation(Machine(self.call.settings), Probe(plan=self.call.plan))

    # --- time ------------------------------------------------------------------------------------

    def at(self, when: float, what: Callable[[], None]) -> int:
        self._serial += 1
        heapq.heappush(self._heap, (max(when, self.now), self._serial, what))
        return self._serial

    def after(self, delay_s: float, what: Callable[[], None]) -> int:
        return self.at(self.now + delay_s, what)

    def tell(self, event: Event, source: str) -> None:
        """Told a little later, in the order of its source."""
        when = self.now + (self.dice.between(0, 0.06) if self.dice.happens(0.4) else 0.0)
        when = self._last_told[source] = max(when, self._last_told.get(source, 0.0))
        self.on_the_way += source == "mouth"

        def arrive() -> None:
            self.on_the_way -= source == "mouth"
            self.receive(event)

        self.at(when, arrive)

    def run(self, until: Callable[[], bool]) -> None:
        """Let the world turn until then, or the call's end."""
        for _ in range(200_000):
            if self.ended or until():
                return
            due = self.conversation.deadline()
            coming = self._heap[0][0] if self._heap else None
            assert due is not None or coming is not None, "nothing will ever happen"
            if due is not None and (coming is None or max(due, self.now) < coming):
                self.now = max(self.now, due)
                self.tick()
            else:
                self.now, _, what = heapq.heappop(self._heap)
                what()
        raise AssertionError("the call never comes to rest")

    def pass_time(self, seconds: float) -> None:
        reached: list[bool] = []
        self.after(seconds, lambda: reached.append(True))
        self.run(lambda: bool(reached))

    # --- the shell -----------------------------------------------------------------------------

    def audio(self) -> AudioAdvanced:
        begin, end = self.call.outage
        position = max(0.0, self.now - self.call.lag_s)
        missing = position - begin if begin < position < end else 0.0
        return AudioAdvanced(until_s=position, missing_s=missing)

    def receive(self, event: Event) -> None:
        if self.ended:
            return
        if isinstance(event, SpeechStarted | SpeechStopped):
            self._feed(self.audio())
        self._feed(event)
        if isinstance(event, TranscriptChanged) and event.final:
            self.spoken.update(word for word in event.text.split() if word != "eh")
        if isinstance(event, ReplyFinished | ReplyStopped | ReplyFailed):
            self.over.add(event.reply)
        self.ended = isinstance(event, CallEnded)

    def tick(self) -> None:
        self._feed(self.audio())
        self._keep(None, self.conversation.tick(self.now))
        due = self.conversation.deadline()
        assert due is None or due > self.now, "a tick must move the deadline"

    def _feed(self, event: Event) -> None:
        self._keep(event, self.conversation.receive(event, self.now))

    def _keep(self, event: Event | None, actions: list[Action]) -> None:
        self.log.append((self.now, event, actions))
        for action in actions:
            self.orders.append((self.now, action))
            self.perform(action)
        self._check_floor()

    def _check_floor(self) -> None:
        """Once everything is told, who is audible is no secret."""
        if not self.on_the_way and not self.ended:
            speaking = self.conversation.state in (State.SPEAKING, State.OVERLAP, State.PROTECTED)
            assert speaking == (self.audible is not None), "the agent speaks unnoticed"

    def perform(self, action: Action) -> None:
        match action:
            case order.Speak():
                self._speak(action)
            case order.ReleaseReply(reply=reply) | order.HoldReply(reply=reply):
                assert reply not in self.discarded, "a discarded reply comes back"
                assert reply not in self.over, "a reply that is over comes back"
                if known := self._replies.get(reply):
                    known.held = isinstance(action, order.HoldReply)
                self._pump()
            case order.DiscardReply(reply=reply):
                self.discarded.add(reply)
                self._discard(reply)
            case order.StopSpeaking():
                self._stop()
            case order.AskModel(request=request):
                self._think(request)
            case order.CancelModel(request=request):
                self._forget(request)
            case order.RunTool(request=request):
                self._use_tool(request)
            case order.ScoreEndpoint(at_s=at_s):
                if self.dice.happens(0.8):
                    scored = TurnScored(until_s=at_s, score=self.dice.roll())
                    self.after(self.dice.between(0.02, 0.2), lambda: self.tell(scored, "score"))
            case order.FinaliseTranscript():
                if self.dice.happens(0.8):
                    self.after(self.dice.between(0.05, 0.4), lambda: self._read(-1, final=True))
            case order.Settle():
                self._fresh_segment = True
            case order.HangUp():
                self.at(self.now, lambda: self.receive(CallEnded(by="agent")))
            case _:
                pass

    # --- the mouth -------------------------------------------------------------------------------

    def _speak(self, speak: order.Speak) -> None:
        reply = self._replies.get(speak.reply)
        if reply is None:
            if speak.reply in self.discarded:
                return
            reply = Reply(speak.reply, speak.kind, speak.held)
            self._replies[speak.reply] = reply
            front = [i for i, other in enumerate(self._queue) if other.kind != "filler"]
            at = front[0] if speak.kind == "filler" and front else len(self._queue)
            self._queue.insert(at, reply)
            self.after(self.dice.between(0.02, 0.5), lambda: self._made(reply))
        if reply.stage != "over":
            reply.text += speak.text
            reply.complete |= speak.last
            self._pump()

    def _made(self, reply: Reply) -> None:
        if reply.stage != "waiting":
            return
        if self.dice.happens(0.06):
            self._end(reply, ReplyFailed(reply=reply.number, heard="", reason="no voice"))
            return
        reply.ready = True
        self.tell(ReplyReady(reply=reply.number), "mouth")
        self._pump()

    def _pump(self) -> None:
        if self.audible is not None:
            return
        for reply in self._queue:
            if reply.held:
                continue
            if reply.complete and not reply.text.strip():
                self._end(reply, ReplyFinished(reply=reply.number, heard=""))
                self._pump()
            elif reply.ready:
                self._queue.remove(reply)
                reply.stage, self.audible = "audible", reply
                self.tell(ReplyStarted(reply=reply.number), "mouth")
                self.after(self.dice.between(0.1, 2.5), lambda: self._said(reply))
            return

    def _said(self, reply: Reply) -> None:
        if reply.stage != "audible":
            return
        if not reply.complete:
            self.after(0.2, lambda: self._said(reply))
        elif self.dice.happens(0.05):
            self._end(reply, ReplyFailed(reply=reply.number, heard="half", reason="died"))
        else:
            self._end(reply, ReplyFinished(reply=reply.number, heard=reply.text))

    def _end(self, reply: Reply, event: Event) -> None:
        reply.stage = "over"
        if reply in self._queue:
            self._queue.remove(reply)
        if self.audible is reply:
            self.audible = None
        self.tell(event, "mouth")
        self.after(0.05, self._pump)

    def _cut(self, reply: Reply) -> None:
        """Silent at once; what was heard is known a little later."""
        reply.stage = "over"
        self.audible = None
        event = ReplyStopped(reply=reply.number, heard="half", unheard="half")
        self.on_the_way += 1

        def confirmed() -> None:
            self.on_the_way -= 1
            self.tell(event, "mouth")

        self.after(self.dice.between(0.0, 0.3), confirmed)
        self.after(0.05, self._pump)

    def _stop(self) -> None:
        for reply in [reply for reply in self._queue if not reply.held]:
            self._end(reply, ReplyStopped(reply=reply.number, heard="", unheard=reply.text))
        if self.audible:
            self._cut(self.audible)

    def _discard(self, number: int) -> None:
        reply = self._replies.get(number)
        if reply is None or reply.stage == "over":
            return
        if reply is self.audible:
            self._cut(reply)
            return
        reply.stage = "over"
        self._queue.remove(reply)
        self.after(0.0, self._pump)

    # --- model and tools -------------------------------------------------------------------------

    def _think(self, request: int) -> None:
        pieces: list[Event] = [ModelSaid(request=request, text="so ")] * int(
            self.dice.between(0, 3)
        )
        failed = ModelFailed(request=request, reason="down")
        pieces.append(failed if self.dice.happens(0.15) else ModelFinished(request=request))
        open_pieces = self._thinking[request] = []
        when = self.now
        for piece in pieces:
            when += self.dice.between(0.05, 2.5 if self.dice.happens(0.3) else 0.4)

            def say(piece: Event = piece) -> None:
                if request in self._thinking:
                    if not isinstance(piece, ModelSaid):
                        del self._thinking[request]
                    self.tell(piece, "model")

            open_pieces.append(self.at(when, say))

    def _forget(self, request: int) -> None:
        self._thinking.pop(request, None)

    def _use_tool(self, request: int) -> None:
        result = (
            ToolEnded(request=request, reason="broken")
            if self.dice.happens(0.2)
            else ToolFinished(request=request, result="{}")
        )
        self.after(self.dice.between(0.05, 3), lambda: self.tell(result, "tool"))

    # --- the caller ------------------------------------------------------------------------------

    def start(self) -> None:
        self.receive(CallStarted(channel="test"))
        begin = 0.0
        for utterance in self.call.utterances:
            begin += utterance.after_s
            if utterance.key:
                key = DigitPressed(digit=utterance.key)
                self.at(begin, lambda key=key: self.receive(key))  # type: ignore[misc]
            for bout in utterance.bouts:
                begin += bout.gap_s
                self.say(bout, begin)
                begin += bout.length_s
        self.speech_over = begin

    def say(self, bout: Bout, start: float) -> None:
        """The caller's voice: edges, partials, and a final reading sooner or later."""
        end = start + bout.length_s
        if bout.voiced:
            noticed = start + min(self.dice.between(0.05, 0.15), bout.length_s)
            self.at(noticed, lambda: self.tell(SpeechStarted(at_s=start), "voice"))
            quiet = end + self.dice.between(0.1, 0.25)
            self.at(quiet, lambda: self.tell(SpeechStopped(at_s=end), "voice"))
        if not bout.words:
            return
        words = self._placed(bout, start)
        self.at(start, lambda: self._hear(bout, words))

    def _hear(self, bout: Bout, words: list[Word]) -> None:
        """The recogniser's side of a bout: its words as they are said, and readings of them."""
        if self._fresh_segment or not self.call.word_times:
            self._segments.append([])
            self._fresh_segment = False
        segment, end = len(self._segments) - 1, self.now + bout.length_s
        for word in words:
            self.at(word.end_s, lambda word=word: self._segments[segment].append(word))  # type: ignore[misc]
        if self.dice.happens(0.7):
            self.after(bout.length_s * 0.6, lambda: self._read(segment, final=False))
        if self.dice.happens(0.2):
            hint = EndpointHinted(kind="ended", at_s=end)
            self.at(end + 0.1, lambda: self.tell(hint, "hearing"))
        self.at(end + self.dice.between(0.3, 1.1), lambda: self._read(segment, final=True))

    def _placed(self, bout: Bout, start: float) -> list[Word]:
        """Recognisers place words a little past the voice."""
        stretch = bout.length_s + self.dice.between(0, 0.06)
        step = stretch / len(bout.words)
        return [
            Word(text=text, start_s=start + at * step, end_s=start + (at + 1) * step)
            for at, text in enumerate(bout.words)
        ]

    def _read(self, segment: int, *, final: bool) -> None:
        """Tell what the words of a segment are; a final says so of all before it, too."""
        if not self._segments:
            return
        segment %= len(self._segments)
        for earlier in range(self._read_until, segment if final else 0):
            self._read_until += 1
            self._read(earlier, final=True)
        words = tuple(self._segments[segment])
        if not words:
            return
        text = " ".join(word.text for word in words)
        if not final and self.dice.happens(0.3):
            # Partials are misread.
            text = " ".join(["eh", *text.split()[1:]])
            words = tuple(
                Word(text=part, start_s=word.start_s, end_s=word.end_s)
                for part, word in zip(text.split(), words, strict=True)
            )
        changed = TranscriptChanged(
            segment=segment,
            text=text,
            start_s=words[0].start_s,
            end_s=words[-1].end_s,
            final=final,
            words=words if self.call.word_times else (),
        )
        self.tell(changed, "hearing")
