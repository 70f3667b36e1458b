"""A call in real time whose caller is a `CallerAudio`.

Lives here: the caller's clock. Every 20 ms of it, what the caller said goes out and what they
heard is rendered, both for the very same stretch of time, so that the recording is the caller's
side of the truth: latencies are measured in it. Must not live here: what the caller says
(`caller`), how a loudspeaker behaves (`earpiece`).
"""

from collections import deque
from collections.abc import Mapping
from typing import Final, Protocol, TypeAlias, assert_never

from antiphon.audio.frame import FRAME_S, frame_samples
from antiphon.errors import InternalError
from antiphon.ports.clock import Clock
from antiphon.ports.transport import Line
from antiphon.transports.file.caller import CallerAudio
from antiphon.transports.file.earpiece import Audio, Cut, Earpiece, Flushed, Order, Played, Ramp
from antiphon.transports.file.network import Direction
from antiphon.transports.file.settings import LineSettings

__all__ = ["HUNG_UP", "BothSides", "FileTransport"]

HUNG_UP: Final = "the caller hung up"

_MOST_FRAMES_AT_ONCE: Final = 3
"""After a stall the missed frames come a few at a time, as a carrier delivers them, not in one
burst that would itself stall the loop again."""
_CATCH_UP_S: Final = 0.005
"""Between two such helpings: 12 times real time."""
_EARLY_S: Final = 1e-6
"""Timers are not exact, and neither are sums of 20 ms."""

_Upward: TypeAlias = bytes | Played | Flushed


class BothSides(Protocol):
    """A recorder: both voices on the caller's clock."""

    def caller(self, pcm: bytes, at_sample: int) -> None: ...

    def agent(self, pcm: bytes, at_sample: int) -> None: ...


class FileTransport:
    """One call. The clock starts with `run`; sample 0 of both sides is that instant."""

    def __init__(
        self,
        caller: CallerAudio,
        clock: Clock,
        *,
        settings: LineSettings | None = None,
        recorder: BothSides | None = None,
    ) -> None:
        settings = settings or LineSettings()
        rate_hz = caller.rate_hz
        self.facts = settings.facts(rate_hz)
        self._caller, self._clock, self._recorder = caller, clock, recorder
        self._outages_s = settings.outages_s
        self._frame = frame_samples(rate_hz)
        self._up = Direction(settings, settings.uplink_s, rate_hz, 0)
        self._down = Direction(settings, settings.downlink_s, rate_hz, 1)
        self._earpiece = Earpiece(rate_hz)
        self._in_flight: deque[tuple[float, _Upward]] = deque()
        self._start_s: float | None = None
        self._frames = 0
        self._sent = 0

    async def run(self, line: Line) -> str:
        """See `Transport.run`."""
        if self._start_s is not None:
            raise InternalError("a file call cannot be run twice")
        self._start_s = self._clock.now()
        wake_s = self._start_s
        while True:
            await self._clock.sleep_until(wake_s)
            now_s = self._clock.now() + _EARLY_S
            for _ in range(_MOST_FRAMES_AT_ONCE):
                if self._frame_due_s(self._start_s) > now_s:
                    break
                if not self._pass_frame(self._start_s):
                    return HUNG_UP
                self._deliver(line, now_s)
            self._deliver(line, now_s)
            wake_s = self._frame_due_s(self._start_s)
            if wake_s <= now_s:
                wake_s = now_s + _CATCH_UP_S
            if self._in_flight:
                wake_s = min(wake_s, self._in_flight[0][0])

    def play(self, pcm: bytes) -> None:
        """See `Transport.play`."""
        self._sent += len(pcm) // 2
        self._order(Audio(self._down.through(pcm)))

    def gain(self, decibels: float, ramp_s: float) -> None:
        """See `Transport.gain`."""
        if self.facts.ducking == "remote_gain":
            self._order(Ramp(decibels, ramp_s))

    def flush(self) -> None:
        """See `Transport.flush`. A line that cannot flush answers that nothing was dropped."""
        if self.facts.ducking == "lead":
            self._in_flight.append((self._up.arrival_s(self._clock.now()), Flushed(self._sent)))
        else:
            self._order(Cut())

    def tell(self, notice: Mapping[str, object]) -> None:
        """A telephone has no screen."""

    async def transfer(self, to: str) -> None:
        """A caller out of a file has nowhere to go."""
        raise InternalError(f"a transfer to {to} on a line that has none")

    async def aclose(self, reason: str) -> None:
        """Nothing to give back: the recorder belongs to whoever made it."""

    def _order(self, order: Order) -> None:
        # Audio sent before the call began is there when it begins.
        arrival_s = self._down.arrival_s(self._clock.now())
        start_s = arrival_s if self._start_s is None else self._start_s
        self._earpiece.receive(order, round((arrival_s - start_s) * self.facts.rate_hz))

    def _frame_due_s(self, start_s: float) -> float:
        """When the frame that is being said now is complete."""
        return start_s + (self._frames + 1) * FRAME_S

    def _pass_frame(self, start_s: float) -> bool:
        """Say and hear one frame; False where the caller has hung up."""
        at, due_s = self._frames * self._frame, self._frame_due_s(start_s)
        said = self._caller.next(self._frame)
        if said is None:
            return False
        heard, reports = self._earpiece.render(at + self._frame)
        self._caller.hear(heard)
        if self._recorder:
            self._recorder.caller(said, at)
            self._recorder.agent(heard, at)
        self._frames += 1
        if not self._silenced(due_s - start_s):
            self._in_flight.append((self._up.arrival_s(due_s), self._up.through(said)))
        if self.facts.confirms:
            self._in_flight.extend((self._up.arrival_s(due_s), report) for report in reports)
        return True

    def _silenced(self, call_s: float) -> bool:
        return any(from_s < call_s <= to_s for from_s, to_s in self._outages_s)

    def _deliver(self, line: Line, now_s: float) -> None:
        while self._in_flight and self._in_flight[0][0] <= now_s:
            _, message = self._in_flight.popleft()
            match message:
                case bytes():
                    line.heard(message)
                case Played(samples=samples):
                    line.played(samples)
                case Flushed(samples=samples):
                    line.flushed(samples)
                case _:
                    assert_never(message)
