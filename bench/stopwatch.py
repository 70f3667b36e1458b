"""What calls.py measures inside the server it runs: loop lag, detector delay, reply overhead."""

import time
from typing import Any, Final

from antiphon.actions import Action, Answer
from antiphon.call.clock import LoopClock
from antiphon.events import Event
from antiphon.media.plane import Plane
from antiphon.media.silero import Silero

LOOK_S: Final = 0.005
"""How often the loop's lag is looked at."""


class Stopwatch:
    """What is measured inside the server; ``on`` while it counts."""

    def __init__(self) -> None:
        self.on = False
        self.vad_s: list[float] = []
        self.reply_s: list[float] = []
        self.lag_s: list[float] = []

    async def look_for_lag(self, clock: LoopClock) -> None:
        while True:
            before = time.perf_counter()
            await clock.sleep_until(clock.now() + LOOK_S)
            if self.on:
                # A timer of this loop is up to 1 ms early or late by itself.
                self.lag_s.append(max(0.0, time.perf_counter() - before - LOOK_S))


class TimedPlane(Plane):
    """A plane that notes how long each window waited, its own run of the model included."""

    def __init__(self, vad: Silero, clock: LoopClock, watch: Stopwatch) -> None:
        super().__init__(vad, clock)
        self._watch, self._since = watch, dict[int, float]()

    def ready(self, ear: Any) -> None:
        self._since[ear.slot] = time.perf_counter()
        super().ready(ear)

    def _score(self, ears: list[Any], rate_hz: int, now_s: float) -> None:
        super()._score(ears, rate_hz, now_s)
        done = time.perf_counter()
        waits = [done - self._since.pop(ear.slot) for ear in ears if ear.slot in self._since]
        self._watch.vad_s += waits if self._watch.on else []


class TimedReplies:
    """A watcher and a socket in one: from the decision to the first audio in the kernel."""

    def __init__(self, socket: Any, watch: Stopwatch) -> None:
        self._socket, self._watch, self._decided = socket, watch, 0.0
        self.receive, self.close = socket.receive, socket.close

    def event(self, event: Event, now: float) -> None: ...
    def spoken(self, *_: object) -> None: ...

    def actions(self, actions: list[Action], now: float) -> None:
        if any(isinstance(action, Answer) for action in actions):
            self._decided = time.perf_counter()

    async def send(self, message: str | bytes) -> None:
        await self._socket.send(message)
        if self._decided and isinstance(message, bytes):
            if self._watch.on:
                self._watch.reply_s.append(time.perf_counter() - self._decided)
            self._decided = 0.0
