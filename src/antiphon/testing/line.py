"""A pretended connection: what the caller would hear, to the sample, in pretended time.

Lives here: `PretendTransport`, a `Transport` for tests. It is the network and the far end of it:
everything takes ``delay_s`` there and as long back, audio is played as a device would play it,
reports come, come late, or never come. It asks nothing of the code under test but the port.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.frame import FRAME_S, frame_samples, int16
from antiphon.audio.gain import Gain
from antiphon.errors import Unavailable
from antiphon.ports.clock import Clock
from antiphon.ports.transport import Line, TransportFacts

__all__ = ["Faults", "PretendTransport"]

_FAR_FADE_S = 0.005
"""A far end that can set a gain also fades when it flushes; a carrier's does not."""


@dataclass(slots=True, kw_only=True)
class Faults:
    """How the far end misbehaves. May be changed while it runs."""

    played: Literal["on time", "never"] = "on time"
    flushed: Literal["on time", "never"] = "on time"
    transfer: Literal["done", "refused"] = "done"
    report_late_s: float = 0.0
    """Added to the way back of every report."""


@dataclass(slots=True)
class _Piece:
    samples: NDArray[np.int16]
    at: int = 0


@dataclass(kw_only=True)
class PretendTransport:
    """One caller. Read `heard_audio` and `heard_at` after the fact; let the caller speak with
    `caller_says`; end the call from their side with `hang_up`."""

    clock: Clock
    ducking: Literal["remote_gain", "flush", "lead"] = "flush"
    rate_hz: int = 8000
    lead_s: float = 0.2
    delay_s: float = 0.0
    """One way, for audio and orders alike; the same back, for reports."""
    confirms: bool = True
    transfers: bool = False
    transfer_s: float = 0.0
    """How long the far end takes to connect the caller elsewhere."""
    report_every_s: float = 0.1
    faults: Faults = field(default_factory=Faults)
    name: str = "pretend"
    log: list[tuple[float, str]] = field(default_factory=list)
    """What the engine ordered, and when: "flush", "gain -18", "transfer: desk", "close: reason"."""
    notices: list[Mapping[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.facts = TransportFacts(
            name=self.name,
            rate_hz=self.rate_hz,
            ducking=self.ducking,
            lead_s=self.lead_s,
            confirms=self.confirms,
            delay_s=self.delay_s,
            transfers=self.transfers,
        )
        self.sent_samples = 0
        self.dry_spells = 0
        """Times the far end ran out of audio; the end of every reply is one."""
        self._begun_s = self.clock.now()
        self._line: Line | None = None
        self._left: asyncio.Future[str] | None = None
        self._caller: deque[bytes] = deque()
        self._on_the_way: deque[Callable[[], None]] = deque()
        self._queue: deque[_Piece] = deque()
        self._arrived = 0
        self._played = 0
        self._reported = 0
        self._gain = Gain(self.rate_hz)
        self._heard: list[NDArray[np.int16]] = []
        self._heard_samples = 0
        self._reporting = False

    # --- for the test ------------------------------------------------------------------------

    def attach(self, line: Line) -> None:
        """Report to this line without running the caller's side."""
        self._line = line

    @property
    def heard_audio(self) -> NDArray[np.int16]:
        """Everything that left the caller's loudspeaker until now, silence included, from the
        moment this was made."""
        self._play_until_now()
        return np.concatenate([np.zeros(0, np.int16), *self._heard])

    @property
    def played_samples(self) -> int:
        """How far the caller has come on the line of agent samples."""
        self._play_until_now()
        return self._played

    def heard_at(self, when_s: float, length_s: float = 0.02) -> NDArray[np.int16]:
        """What the caller heard in ``length_s`` from ``when_s`` on."""
        start = round((when_s - self._begun_s) * self.rate_hz)
        return self.heard_audio[start : start + round(length_s * self.rate_hz)]

    def caller_says(self, pcm: bytes) -> None:
        """The caller speaks this after what they are saying already."""
        size = 2 * frame_samples(self.rate_hz)
        for at in range(0, len(pcm), size):
            self._caller.append(pcm[at : at + size].ljust(size, b"\0"))

    def hang_up(self, reason: str = "hung up") -> None:
        """The caller leaves."""
        if self._left and not self._left.done():
            self._left.set_result(reason)

    def press(self, digit: str) -> None:
        """The caller presses a key."""
        if self._line:
            self._line.pressed(digit)

    # --- the port ----------------------------------------------------------------------------

    async def run(self, line: Line) -> str:
        """Twenty milliseconds of the caller every 20 ms, silence where they say nothing."""
        self._line = line
        self._left = asyncio.get_running_loop().create_future()
        silence = bytes(2 * frame_samples(self.rate_hz))
        next_s = self.clock.now()
        while not self._left.done():
            next_s += FRAME_S
            await self.clock.sleep_until(next_s)
            line.heard(self._caller.popleft() if self._caller else silence)
        return self._left.result()

    def play(self, pcm: bytes) -> None:
        """Audio leaves; it arrives after ``delay_s``."""
        self.sent_samples += len(pcm) // 2
        self._there(lambda: self._arrive(pcm))

    def gain(self, decibels: float, ramp_s: float) -> None:
        """Only a far end with ``remote_gain`` may be told."""
        if self.ducking != "remote_gain":
            raise AssertionError("this far end has no gain")
        self.log.append((self.clock.now(), f"gain {decibels:g}"))
        self._there(lambda: self._set_gain(decibels, ramp_s))

    def flush(self) -> None:
        """Only a far end that can drop audio may be told."""
        if self.ducking == "lead":
            raise AssertionError("this far end cannot flush")
        self.log.append((self.clock.now(), "flush"))
        sent = self.sent_samples
        self._there(lambda: self._drop(sent))

    def tell(self, notice: Mapping[str, object]) -> None:
        """Kept in ``notices``."""
        self.notices.append(notice)

    async def transfer(self, to: str) -> None:
        """Kept in ``log``."""
        if not self.transfers:
            raise AssertionError("this far end cannot transfer")
        self.log.append((self.clock.now(), f"transfer: {to}"))
        await self.clock.sleep_until(self.clock.now() + self.transfer_s)
        if self.faults.transfer == "refused":
            raise Unavailable("nobody answers")

    async def aclose(self, reason: str) -> None:
        """Kept in ``log``."""
        self.log.append((self.clock.now(), f"close: {reason}"))

    # --- the far end -------------------------------------------------------------------------

    def _there(self, act: Callable[[], None]) -> None:
        """On the way to the far end nothing overtakes anything: timers due at once would."""
        if self.delay_s <= 0:
            act()
            return
        self._on_the_way.append(act)
        self._later(self.delay_s, self._deliver)

    def _deliver(self) -> None:
        """What was sent first is there first."""
        self._on_the_way.popleft()()

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(seconds, act)

    def _arrive(self, pcm: bytes) -> None:
        self._play_until_now()
        self._queue.append(_Piece(int16(pcm)))
        self._arrived += len(pcm) // 2
        if not self._reporting and self.confirms:
            self._reporting = True
            self._later(self.report_every_s, self._report)

    def _set_gain(self, decibels: float, ramp_s: float) -> None:
        self._play_until_now()
        self._gain.set(decibels, ramp_s)

    def _drop(self, sent: int) -> None:
        self._play_until_now()
        cut = self._played
        if self.ducking == "remote_gain":
            self._fade_out()
        self._queue.clear()
        self._played = self._arrived = sent
        if self.faults.flushed == "on time":
            self._back(lambda line: line.flushed(cut))

    def _fade_out(self) -> None:
        """The few milliseconds a fading device still plays; they are not counted as heard."""
        rest = np.concatenate([np.zeros(0, np.int16), *(p.samples[p.at :] for p in self._queue)])
        rest = rest[: round(_FAR_FADE_S * self.rate_hz)]
        fading = (rest * np.linspace(1.0, 0.0, len(rest))).astype(np.int16)
        self._sound(fading)

    def _report(self) -> None:
        self._play_until_now()
        position = self._played
        if self.faults.played == "on time" and position > self._reported:
            self._back(lambda line: line.played(position))
        self._reported = position
        self._reporting = bool(self._queue)
        if self._reporting:
            self._later(self.report_every_s, self._report)

    def _back(self, act: Callable[[Line], None]) -> None:
        if (line := self._line) is not None:
            late_s = self.delay_s + self.faults.report_late_s
            if late_s > 0:
                self._later(late_s, lambda: act(line))
            else:
                act(line)

    def _play_until_now(self) -> None:
        due = round((self.clock.now() - self._begun_s) * self.rate_hz)
        while self._heard_samples < due:
            missing = due - self._heard_samples
            if not self._queue:
                self._sound(np.zeros(missing, np.int16))
                return
            piece = self._queue[0]
            part = piece.samples[piece.at : piece.at + missing]
            piece.at += len(part)
            self._played += len(part)
            self._sound(part)
            if piece.at >= len(piece.samples):
                self._queue.popleft()
                self.dry_spells += not self._queue

    def _sound(self, samples: NDArray[np.int16]) -> None:
        self._heard_samples += len(samples)
        self._heard.append(int16(self._gain.apply(samples.tobytes())))
