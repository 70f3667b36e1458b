"""A pretended mouth: replies queue, are made, become audible, end, fail, are cut off."""

from dataclasses import dataclass
from functools import partial

from tests.properties.worldtime import Time

from antiphon.actions import Speak
from antiphon.events import (
    Event,
    ReplyFailed,
    ReplyFinished,
    ReplyKind,
    ReplyReady,
    ReplyStarted,
    ReplyStopped,
)

__all__ = ["Mouth"]


@dataclass
class Reply:
    """One in the mouth."""

    number: int
    kind: ReplyKind
    held: bool
    text: str = ""
    complete: bool = False
    ready: bool = False
    stage: str = "waiting"


class Mouth:
    """Follows the order of the real one: fillers first, held replies beside the queue."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self._dice = time.dice
        self._replies: dict[int, Reply] = {}
        self._queue: list[Reply] = []
        self._discarded: set[int] = set()
        self.audible: Reply | None = None

    def speak(self, speak: Speak) -> None:
        reply = self._replies.get(speak.reply)
        if reply is None:
            if speak.reply in self._discarded:
                return
            reply = Reply(speak.reply, speak.kind, speak.held)
            self._replies[speak.reply] = reply
            front = [i for i, other in enumerate(self._queue) if other.kind != "filler"]
            at = front[0] if speak.kind == "filler" and front else len(self._queue)
            self._queue.insert(at, reply)
            self._time.after(self._dice.between(0.02, 0.5), partial(self._made, reply))
        if reply.stage != "over":
            reply.text += speak.text
            reply.complete |= speak.last
            self._pump()

    def hold(self, number: int, *, held: bool) -> None:
        assert number not in self._discarded, "a discarded reply comes back"
        if reply := self._replies.get(number):
            reply.held = held
        self._pump()

    def stop(self) -> None:
        for reply in [reply for reply in self._queue if not reply.held]:
            self._end(reply, ReplyStopped(reply=reply.number, heard="", unheard=reply.text))
        if self.audible:
            self._cut(self.audible)

    def discard(self, number: int) -> None:
        self._discarded.add(number)
        reply = self._replies.get(number)
        if reply is None or reply.stage == "over":
            return
        if reply is self.audible:
            self._cut(reply)
            return
        reply.stage = "over"
        self._queue.remove(reply)
        self._time.after(0.0, self._pump)

    def _made(self, reply: Reply) -> None:
        if reply.stage != "waiting":
            return
        if self._dice.happens(0.06):
            self._end(reply, ReplyFailed(reply=reply.number, heard="", reason="no voice"))
            return
        reply.ready = True
        self._time.tell(ReplyReady(reply=reply.number), "mouth")
        self._pump()

    def _pump(self) -> None:
        """Begin the next, if it may be heard and can be."""
        reply = next((reply for reply in self._queue if not reply.held), None)
        if self.audible is not None or reply is None:
            return
        if reply.complete and not reply.text.strip():
            self._end(reply, ReplyFinished(reply=reply.number, heard=""))
        elif reply.ready:
            self._queue.remove(reply)
            reply.stage, self.audible = "audible", reply
            self._time.tell(ReplyStarted(reply=reply.number), "mouth")
            self._time.after(self._dice.between(0.1, 2.5), partial(self._said, reply))

    def _said(self, reply: Reply) -> None:
        if reply.stage != "audible":
            return
        if not reply.complete:
            self._time.after(0.2, partial(self._said, reply))
        elif self._dice.happens(0.05):
            self._end(reply, ReplyFailed(reply=reply.number, heard="half", reason="died"))
        else:
            self._end(reply, ReplyFinished(reply=reply.number, heard=reply.text))

    def _end(self, reply: Reply, event: Event) -> None:
        reply.stage = "over"
        if reply in self._queue:
            self._queue.remove(reply)
        if self.audible is reply:
            self.audible = None
        self._time.tell(event, "mouth")
        self._time.after(0.05, self._pump)

    def _cut(self, reply: Reply) -> None:
        """Silent at once; what was heard of it is known a little later."""
        reply.stage, self.audible = "over", None
        event = ReplyStopped(reply=reply.number, heard="half", unheard="half")
        self._time.on_the_way["mouth"] += 1

        def confirmed() -> None:
            self._time.on_the_way["mouth"] -= 1
            self._time.tell(event, "mouth")

        self._time.after(self._dice.between(0.0, 0.3), confirmed)
        self._time.after(0.05, self._pump)
