"""The media plane: per-frame work for all calls of a process, on one wheel.

Lives here: one tick every 5 ms, voice activity scored in batches over every ear whose window
is complete, and a 20 ms beat for each speaker. Must not live here: what is in the audio (ear),
what a score means (edges), what is sent on a beat (mouth).
"""

import logging
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

import numpy as np

from antiphon.ports.clock import Clock
from antiphon.ports.vad import VoiceActivity

__all__ = ["TICK_S", "Beat", "Plane", "Windows"]

TICK_S: Final = 0.005
BUCKETS: Final = 4
"""Ticks in the 20 ms between two frames; speakers are spread over them."""
BATCH: Final = 64
"""Windows in one run: larger ones cost the same a window and hold the loop longer (a prototype
with 800 calls: loop lag p99 2.7 ms with this cap, 4.4 ms without)."""
BATCH_LIMIT: Final = 512
"""While windows wait the batch doubles up to this, or socket work would starve the detector."""
CATCH_UP_TICKS: Final = 40
"""Overdue ticks made good at most (200 ms). Past that the clock jumped or the process slept:
sending the backlog at once would only fill the callers' buffers."""
EARLY_S: Final = 0.001
"""A tick this early is on time. uvloop's clock and timers count whole milliseconds, and sums of
5 ms are not exact: sleeping again for the rest, which rounds to nothing, took a fifth of a core."""
LAG_MEMORY_S: Final = 1.0
"""How long a late tick shows in `Plane.lag_s`."""


_log = logging.getLogger(__name__)


class Windows(Protocol):
    """An ear, as the plane sees it: complete windows in, scores out."""

    slot: int
    vad_rate_hz: int

    def take(self) -> bytes:
        """The oldest complete window, PCM16."""
        ...

    def scored(self, probability: float) -> bool:
        """The score of the window just taken; returns whether another is complete."""
        ...


class Beat:
    """One speaker's place on the wheel."""

    def __init__(self, callback: Callable[[float], None], bucket: "list[Beat]") -> None:
        self._callback = callback
        self._bucket = bucket

    def fire(self, now_s: float) -> None:
        if self not in self._bucket:
            return
        try:
            self._callback(now_s)
        except Exception:  # noqa: BLE001 - one call's bug must not silence every other call
            self.cancel()
            _log.exception("a frame callback failed and is stopped")

    def cancel(self) -> None:
        """No more beats. Cancelling twice does nothing."""
        if self in self._bucket:
            self._bucket.remove(self)


class Plane:
    """Run one per process, in the task group that outlives every call.

    Admission reads `backlog`, `late_s` and `lag_s`: round-trip times look healthy long after
    scores have fallen behind.
    """

    def __init__(self, vad: VoiceActivity, clock: Clock) -> None:
        self.vad = vad
        self.lag_s = 0.0
        """How late the worst tick of about the last second was."""
        self.late_s = 0.0
        """How long the windows scored last had waited."""
        self.skipped_ticks = 0
        """Ticks given up because the clock jumped or the process was held."""
        self._clock = clock
        self._ready: deque[tuple[Windows, float]] = deque()
        self._buckets: list[list[Beat]] = [[] for _ in range(BUCKETS)]
        self._batch = BATCH
        self._next_s = clock.now()
        self._turn = 0
        self._worst_until_s = 0.0

    @property
    def backlog(self) -> int:
        """Ears with a window waiting."""
        return len(self._ready)

    def ready(self, ear: Windows) -> None:
        """This ear has a complete window. Say it once; `Windows.scored` asks for more."""
        self._ready.append((ear, self._clock.now()))

    def every_frame(self, callback: Callable[[float], None]) -> Beat:
        """Call ``callback(now)`` once every 20 ms until its `Beat` is cancelled.

        It must return at once: it stands between every other call and its audio. If it raises
        it is never called again. The first beat comes within 20 ms; send the first frame
        without waiting for it.
        """
        bucket = min(self._buckets, key=len)
        beat = Beat(callback, bucket)
        bucket.append(beat)
        return beat

    async def run(self) -> None:
        """Turn the wheel until cancelled."""
        self._next_s = self._clock.now()
        while True:
            await self._clock.sleep_until(self._next_s)
            self.tick(self._clock.now())
            # One batch, then the sockets, then the next: neither may starve the other.
            while self._ready:
                await self._clock.sleep_until(self._clock.now())
                self._score_batch(self._clock.now())
                if self._clock.now() >= self._next_s:
                    break

    def tick(self, now_s: float) -> None:
        """All beats that are due, and one batch of voice activity. Sync, for `run` and tests."""
        for _ in range(self._due(now_s)):
            # A copy: a callback may cancel its beat, or end a call and cancel another's.
            for beat in tuple(self._buckets[self._turn % BUCKETS]):
                beat.fire(now_s)
            self._turn += 1
        self._score_batch(now_s)

    def _due(self, now_s: float) -> int:
        """How many ticks to do now; moves the schedule on by them."""
        late_s = now_s - self._next_s
        if late_s < -EARLY_S:
            # Early by more than a tick means that the clock went back: start afresh from here.
            if late_s < -TICK_S:
                self._next_s = now_s + TICK_S
            return 0
        late_s = max(0.0, late_s)
        if late_s >= self.lag_s or now_s >= self._worst_until_s:
            self.lag_s, self._worst_until_s = late_s, now_s + LAG_MEMORY_S
        due = 1 + int(late_s / TICK_S)
        if due > CATCH_UP_TICKS:
            self.skipped_ticks += due - CATCH_UP_TICKS
            due = CATCH_UP_TICKS
            self._next_s = now_s + TICK_S
        else:
            self._next_s += due * TICK_S
        return due

    def _score_batch(self, now_s: float) -> None:
        if not self._ready:
            self._batch = BATCH
            return
        taken = [self._ready.popleft() for _ in range(min(self._batch, len(self._ready)))]
        self._batch = min(2 * self._batch, BATCH_LIMIT) if self._ready else BATCH
        self.late_s = now_s - taken[0][1]
        by_rate: dict[int, list[Windows]] = {}
        for ear, _ in taken:
            by_rate.setdefault(ear.vad_rate_hz, []).append(ear)
        for rate_hz, ears in by_rate.items():
            self._score(ears, rate_hz, now_s)

    def _score(self, ears: list[Windows], rate_hz: int, now_s: float) -> None:
        pcm = np.frombuffer(b"".join([ear.take() for ear in ears]), dtype="<i2")
        windows = pcm.reshape(len(ears), -1).astype(np.float32) * np.float32(1 / 32768)
        scores = self.vad.score(windows, [ear.slot for ear in ears], rate_hz).tolist()
        for ear, score in zip(ears, scores, strict=True):
            if ear.scored(score):
                self._ready.append((ear, now_s))
