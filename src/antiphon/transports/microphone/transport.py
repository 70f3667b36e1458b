"""A call through this machine's microphone and loudspeaker.

The device calls from a thread of its own, every 10 ms: it takes the next block of the agent's
audio and gives one of the caller's, and both go through the echo canceller there and then, where
it is certain which was played when. The event loop is only told. Lives here: that exchange. Must
not live here: finding devices (`devices`), the way to the loudspeaker (`speaker`).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from antiphon.errors import InternalError, Unavailable
from antiphon.ports.clock import Clock
from antiphon.ports.transport import Line, TransportFacts
from antiphon.transports.microphone.devices import (
    PortAudio,
    Stream,
    Times,
    open_stream,
    pick_rate_hz,
)
from antiphon.transports.microphone.echo import BLOCK_S, EchoCanceller, best_canceller
from antiphon.transports.microphone.settings import MicrophoneSettings
from antiphon.transports.microphone.speaker import Speaker

__all__ = ["MicrophoneTransport"]

_INBOX_BLOCKS: Final = 100
"""A second of caller audio may wait for a stalled event loop; then the oldest is dropped."""
_LOOK_S: Final = 0.25
"""How often to see whether the device is still there."""
_DEAD_S: Final = 2.0
"""A device that delivers nothing for so long is gone: unplugged, or the machine slept."""
_DEAF_S: Final = 4.0
"""A microphone has noise. Nothing but zeros for so long means that it is switched off, or that
the system gives silence to programs that may not listen."""
_DEAF: Final = (
    "the microphone delivers nothing but silence: switch it on, or allow this program to use it"
    " in the privacy settings of the system"
)


class MicrophoneTransport:
    """One call. Raises `Missing` on being made, where there are no devices to make it with."""

    def __init__(
        self,
        lib: PortAudio,
        clock: Clock,
        *,
        settings: MicrophoneSettings | None = None,
        canceller: Callable[[int], EchoCanceller] = best_canceller,
    ) -> None:
        """``lib`` is `devices.load()`; ``canceller`` makes one for a rate."""
        self._lib, self._clock = lib, clock
        self._settings = settings or MicrophoneSettings()
        rate_hz = pick_rate_hz(lib, self._settings)
        self.facts = TransportFacts(
            name="microphone",
            rate_hz=rate_hz,
            ducking="remote_gain",
            lead_s=self._settings.lead_s,
            confirms=True,
            delay_s=self._settings.latency_s,
        )
        self._canceller = canceller(rate_hz)
        self.remark = self._canceller.remark
        """What the user should be told before the call; may be empty."""
        self._speaker = Speaker(rate_hz)
        self._inbox: deque[bytes] = deque(maxlen=_INBOX_BLOCKS)
        self._awake = False  # whether the loop has been told that there is something
        self._gone = False
        self._blocks = 0
        self._dropped = self._dropped_told = 0
        self._zeros = 0  # blocks of nothing but zeros in a row
        self._confirmed = self._reported = 0
        self._latencies_s = (0.0, 0.0)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._line: Line | None = None

    async def run(self, line: Line) -> str:
        """See `Transport.run`. A microphone never hangs up: it ends by being cancelled, or with
        `Unavailable`."""
        if self._line is not None:
            raise InternalError("a microphone call cannot be run twice")
        self._loop, self._line = asyncio.get_running_loop(), line
        stream = open_stream(
            self._lib, self._settings, self.facts.rate_hz, self._exchange, self._finished
        )
        self._latencies_s = stream.latency
        try:
            if self.remark:
                line.warned(self.remark)
            await self._watch(line)
        finally:
            _close(stream)
        raise Unavailable("the sound device is gone", provider="microphone")

    def play(self, pcm: bytes) -> None:
        """See `Transport.play`."""
        self._speaker.play(pcm)

    def gain(self, decibels: float, ramp_s: float) -> None:
        """See `Transport.gain`."""
        self._speaker.gain(decibels, ramp_s)

    def flush(self) -> None:
        """See `Transport.flush`."""
        position = self._speaker.flush()
        if self._loop is not None and self._line is not None:
            self._loop.call_soon(self._line.flushed, position)

    def tell(self, notice: Mapping[str, object]) -> None:
        """What there is to see is printed by the command that made the call."""

    async def transfer(self, to: str) -> None:
        """Whoever sits at this machine has nowhere to go."""
        raise InternalError(f"a transfer to {to} on a line that has none")

    async def aclose(self, reason: str) -> None:
        """Nothing to say to a microphone; `run` gives the devices back."""

    # --- on the event loop -------------------------------------------------------------------

    async def _watch(self, line: Line) -> None:
        """Until the device is gone."""
        seen, seen_s = -1, self._clock.now()
        deaf = round(_DEAF_S / BLOCK_S)
        warned = False
        while not self._gone:
            now_s = self._clock.now()
            if self._blocks != seen:
                seen, seen_s = self._blocks, now_s
            elif now_s - seen_s >= _DEAD_S:
                return
            if self._zeros >= deaf and not warned:
                warned = True
                line.warned(_DEAF)
            await self._clock.sleep_until(now_s + _LOOK_S)

    def _collect(self) -> None:
        """Pass on what the device's thread has left."""
        self._awake = False
        line = self._line
        assert line is not None
        if dropped := self._dropped - self._dropped_told:
            self._dropped_told += dropped
            line.warned(f"{dropped * BLOCK_S:.2f} s of caller audio were dropped: the loop stalled")
        if pcm := b"".join(self._inbox.popleft() for _ in range(len(self._inbox))):
            line.heard(pcm)
        if self._confirmed > self._reported:
            self._reported = self._confirmed
            line.played(self._reported)

    # --- on the device's thread --------------------------------------------------------------

    def _exchange(self, captured: Any, played: Any, frames: int, times: Times, _: Any) -> None:
        self._blocks += 1
        heard_s, now_s, delay_s = self._device_times(times)
        block = self._speaker.pull(frames, heard_s + BLOCK_S)
        played[:] = block
        said = bytes(captured)
        self._zeros = 0 if any(said) else self._zeros + 1
        if len(self._inbox) == _INBOX_BLOCKS:
            self._dropped += 1
        self._inbox.append(self._canceller.cancel(said, block, delay_s))
        self._confirmed = self._speaker.heard(now_s)
        self._tell(self._collect)

    def _device_times(self, times: Times) -> tuple[float, float, float]:
        """When the block begins to sound, what time it is, and from playing to capturing."""
        if times.outputBufferDacTime and times.inputBufferAdcTime:
            heard_s, caught_s = times.outputBufferDacTime, times.inputBufferAdcTime
            return heard_s, times.currentTime, heard_s - caught_s
        # Some systems tell no times. Blocks come at an even pace, so counting them will do.
        now_s = self._blocks * BLOCK_S
        return now_s + self._latencies_s[1], now_s, sum(self._latencies_s)

    def _finished(self) -> None:
        self._gone = True

    def _tell(self, what: Callable[[], None]) -> None:
        if self._awake or self._loop is None:
            return
        self._awake = True
        self._loop.call_soon_threadsafe(what)


def _close(stream: Stream) -> None:
    # Waits for the block under way, some 10 ms, so that the thread is gone before the loop is.
    stream.abort()
    stream.close()
