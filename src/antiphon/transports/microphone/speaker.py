"""The agent's audio on its way to the device: fed by the event loop, drawn by the device's thread.

Lives here: the queue between the two, gain, cutting without a click, and which sample is heard
at which device time. Must not live here: the device.
"""

from collections import deque
from threading import Lock
from typing import Final

from antiphon.audio.gain import Gain, fade_out

__all__ = ["Speaker"]

_FADE_S: Final = 0.005
"""Long enough not to click, too short to be heard as a word going on."""


class Speaker:
    """One call's loudspeaker. Positions are samples of the agent's timeline."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._lock = Lock()
        self._gain = Gain(rate_hz)
        self._waiting = bytearray()
        self._fading = b""  # the faded rest of what a flush cut
        self._fading_until = 0
        self._received = 0
        self._handed = 0  # to the device
        self._heard = 0
        self._unheard: deque[tuple[float, int]] = deque()  # device time, position heard by then

    def play(self, pcm: bytes) -> None:
        """More to play after what is there."""
        with self._lock:
            self._waiting += pcm
            self._received += len(pcm) // 2

    def gain(self, decibels: float, ramp_s: float) -> None:
        """Louder or softer from the next block on."""
        with self._lock:
            self._gain.set(decibels, ramp_s)

    def flush(self) -> int:
        """Drop what the device does not have yet, but for a fade. Where the cut is."""
        with self._lock:
            if self._waiting:
                kept = 2 * round(_FADE_S * self._rate_hz)
                tail = bytes(self._waiting[:kept])
                self._fading_until = self._waiting_from + len(tail) // 2
                self._fading = fade_out(tail, self._rate_hz, _FADE_S)
                self._waiting.clear()
                return self._fading_until
            return self._fading_until if self._fading else self._handed

    def pull(self, samples: int, heard_at_s: float) -> bytes:
        """The next block for the device, which will have sounded at that device time."""
        with self._lock:
            block = self._fading[: 2 * samples]
            if block:
                self._fading = self._fading[len(block) :]
                self._handed = self._fading_until - len(self._fading) // 2
            more = bytes(self._waiting[: 2 * samples - len(block)])
            if more:
                del self._waiting[: len(more)]
                self._handed = self._waiting_from
            self._unheard.append((heard_at_s, self._handed))
            return self._gain.apply((block + more).ljust(2 * samples, b"\0"))

    def heard(self, device_s: float) -> int:
        """The position heard at this device time."""
        with self._lock:
            while self._unheard and self._unheard[0][0] <= device_s:
                self._heard = max(self._heard, self._unheard.popleft()[1])
            return self._heard

    @property
    def _waiting_from(self) -> int:
        return self._received - len(self._waiting) // 2
