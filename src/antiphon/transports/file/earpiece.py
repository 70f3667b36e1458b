"""What the caller hears: the agent's audio played from the instant it arrives.

Pure: positions are samples of the caller's clock. Must not live here: pacing and delays
(`antiphon.transports.file.transport`).
"""

from collections import deque
from dataclasses import dataclass
from typing import TypeAlias

from antiphon.audio.gain import Gain

__all__ = ["Audio", "Cut", "Earpiece", "Flushed", "Order", "Played", "Ramp", "Report"]


@dataclass(frozen=True, slots=True)
class Audio:
    """More to play after what is there."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """Drop what is there."""


@dataclass(frozen=True, slots=True)
class Ramp:
    """Make it louder or softer from now on."""

    decibels: float
    ramp_s: float


@dataclass(frozen=True, slots=True)
class Played:
    """Heard up to this sample of the agent's timeline."""

    samples: int


@dataclass(frozen=True, slots=True)
class Flushed:
    """A cut took effect at this sample of the agent's timeline."""

    samples: int


Order: TypeAlias = Audio | Cut | Ramp
Report: TypeAlias = Played | Flushed


class Earpiece:
    """A loudspeaker without a jitter buffer: late audio is a gap, as long as it is late."""

    def __init__(self, rate_hz: int) -> None:
        self._gain = Gain(rate_hz)
        self._orders: deque[tuple[int, Order]] = deque()
        self._waiting = bytearray()
        self._now = 0
        self._received = 0  # of the agent's timeline
        self._reported = 0
        self._reports: list[Report] = []

    def receive(self, order: Order, at: int) -> None:
        """An order arrives at this sample of the caller's clock. Orders arrive in order."""
        self._orders.append((at, order))

    def render(self, until: int) -> tuple[bytes, list[Report]]:
        """What is heard up to that sample of the caller's clock, and what there is to report."""
        heard = bytearray()
        while self._orders and self._orders[0][0] < until:
            at, order = self._orders.popleft()
            heard += self._sound(at)
            self._obey(order)
        heard += self._sound(until)
        self._report()
        reports, self._reports = self._reports, []
        return bytes(heard), reports

    def _obey(self, order: Order) -> None:
        match order:
            case Audio(pcm=pcm):
                self._waiting += pcm
                self._received += len(pcm) // 2
            case Cut():
                self._report()
                self._reports.append(Flushed(self._position))
                self._waiting.clear()
                # What comes next lies behind all that was sent; nothing of it is heard yet.
                self._reported = self._received
            case Ramp(decibels=decibels, ramp_s=ramp_s):
                self._gain.set(decibels, ramp_s)

    @property
    def _position(self) -> int:
        return self._received - len(self._waiting) // 2

    def _report(self) -> None:
        if self._position > self._reported:
            self._reported = self._position
            self._reports.append(Played(self._position))

    def _sound(self, until: int) -> bytes:
        samples = max(0, until - self._now)
        self._now += samples
        piece = bytes(self._waiting[: 2 * samples])
        del self._waiting[: 2 * samples]
        return self._gain.apply(piece.ljust(2 * samples, b"\0")) if samples else b""
