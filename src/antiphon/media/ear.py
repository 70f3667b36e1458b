"""One call's ear: caller audio in, audio time and speech edges out.

Lives here: the audio clock and its gaps, windows for voice activity, the last eight seconds
for the end-of-turn model, fan-out to recogniser and recorder. Must not live here: what a pause
means (turns), recognition. Nothing here awaits; all of it runs where the audio arrives.
"""

from collections.abc import Callable
from typing import Final

from antiphon.audio.resample import Resampler
from antiphon.audio.ring import Ring
from antiphon.events import AudioAdvanced, SpeechStarted, SpeechStopped
from antiphon.media.edges import TAIL_S, Edges
from antiphon.media.meter import Meter
from antiphon.media.plane import Plane
from antiphon.ports.clock import Clock

__all__ = ["MISSING_AFTER_S", "RECENT_S", "Ear"]

WIDE_HZ: Final = 16_000
"""What recogniser and end-of-turn model are fed."""
RECENT_S: Final = 8.0
"""What the end-of-turn model looks at."""
MISSING_AFTER_S: Final = 0.2
"""No frame for this long: audio time goes on with the clock (DESIGN.md, precise rule 1)."""
BACKLOG_S: Final = 2.0
"""Audio that may wait for the detector. The oldest goes first, and is counted."""
LEAP_S: Final = 30.0
"""No gap grows by more than this between two looks: past that the clock jumped, not the audio."""
SILENCE_S: Final = 1.0
"""How much silence is handed on in one piece where audio is missing."""

_NATIVE_HZ: Final = (8_000, 16_000)
_BYTES: Final = 2


class Ear:
    """Give it every chunk with `hear`, ask it the time with `clock`, end it with `close`.

    Positions everywhere count samples since the call's first, gaps included: silence is put
    where audio is missing, so that recogniser, recorder and ring agree.
    """

    def __init__(
        self,
        *,
        rate_hz: int,
        plane: Plane,
        emit: Callable[[SpeechStarted | SpeechStopped], None],
        on_16k: Callable[[bytes], None],
        clock: Clock,
        on_audio: Callable[[bytes, int], None] | None = None,
        on_line: Callable[[bytes], None] | None = None,
    ) -> None:
        """``on_16k`` gets PCM16 at 16 kHz in order, ``on_line`` the same at the call's rate;
        ``on_audio`` gets only what was really heard, with the position of its first sample."""
        self.vad_rate_hz = rate_hz if rate_hz in _NATIVE_HZ else WIDE_HZ
        self.slot = plane.vad.open()
        self.meter = Meter(rate_hz)
        self.dropped_samples = 0
        """Audio, at the detector's rate, that was never looked at for speech."""
        self.leaps = 0
        """Times the clock jumped."""
        self._rate_hz = rate_hz
        self._plane = plane
        self._emit = emit
        self._on_16k = on_16k
        self._on_audio = on_audio
        self._on_line = on_line
        self._clock = clock
        self._resampler = Resampler(rate_hz, WIDE_HZ)
        self._ring = Ring(int(RECENT_S * WIDE_HZ))
        window = plane.vad.window(self.vad_rate_hz)
        self._window_bytes = _BYTES * window
        self._backlog_bytes = int(BACKLOG_S * self.vad_rate_hz / window) * self._window_bytes
        self._edges = Edges(window / self.vad_rate_hz, TAIL_S[self.vad_rate_hz])
        self._waiting = bytearray()
        self._scored_bytes = 0
        self._queued = False
        self._torn = b""
        self._samples = 0
        self._missing = 0
        # Where the clock stood at the call's first sample, and at the newest one.
        self._began_s = self._accounted_s = clock.now()
        self._open = True

    @property
    def until_s(self) -> float:
        """Audio time: where the newest sample, heard or missing, ends."""
        return self._samples / self._rate_hz

    def hear(self, pcm: bytes) -> None:
        """PCM16 at the call's rate, any length; half a sample waits for its other half."""
        if not self._open:
            return
        pcm = self._torn + pcm
        whole = len(pcm) - len(pcm) % _BYTES
        pcm, self._torn = pcm[:whole], pcm[whole:]
        if not pcm:
            return
        now_s = self._clock.now()
        self._mind_gap(now_s, len(pcm) // _BYTES)
        self._accounted_s = now_s
        self._missing = 0
        if self._on_audio:
            self._on_audio(pcm, self._samples)
        self._take_in(pcm)

    def clock(self, now_s: float) -> AudioAdvanced:
        """How far the audio has come by ``now_s``, silence put where it is missing."""
        if self._open:
            self._mind_gap(now_s, 0)
        return AudioAdvanced(until_s=self.until_s, missing_s=self._missing / self._rate_hz)

    def recent_16k(self) -> bytes:
        """The last eight seconds, PCM16 at 16 kHz; less in a young call."""
        return self._ring.last(min(self._ring.end, int(RECENT_S * WIDE_HZ))).tobytes()

    def close(self) -> None:
        """The call is over. Closing twice does nothing."""
        if not self._open:
            return
        self._open = False
        self._waiting.clear()
        # A window that is already queued is still taken; its slot must stay until then.
        if not self._queued:
            self._plane.vad.close(self.slot)

    # --- for the plane -----------------------------------------------------------------------

    def take(self) -> bytes:
        window = bytes(self._waiting[: self._window_bytes])
        del self._waiting[: self._window_bytes]
        # Closed since it was queued: silence, whose score nobody will hear.
        return window or bytes(self._window_bytes)

    def scored(self, probability: float) -> bool:
        self._queued = False
        if not self._open:
            self._plane.vad.close(self.slot)
            return False
        self._scored_bytes += self._window_bytes
        for edge in self._edges.push(probability, self._vad_s(self._scored_bytes)):
            self._emit(edge)
        # Nothing waits if an edge has just ended the call.
        self._queued = len(self._waiting) >= self._window_bytes
        return self._queued

    # --- inside ------------------------------------------------------------------------------

    def _mind_gap(self, now_s: float, arriving: int) -> None:
        """Put silence where audio is missing before the ``arriving`` samples."""
        elapsed_s = now_s - self._accounted_s
        if elapsed_s < 0 or elapsed_s > LEAP_S:
            # The clock jumped: go on as if it had not, but for what LEAP_S allows.
            self.leaps += 1
            allowed_s = 0.0 if elapsed_s < 0 else LEAP_S
            self._began_s += elapsed_s - allowed_s
            self._accounted_s = now_s - allowed_s
            elapsed_s = allowed_s
        if not self._missing and elapsed_s <= MISSING_AFTER_S:
            return
        # Audio that came in a burst after a stall is ahead of the clock, and what is ahead cannot
        # be missing: without this, every stall would stretch the call.
        behind_s = now_s - self._began_s - self.until_s
        missing_s = min(elapsed_s, behind_s) - arriving / self._rate_hz
        samples = round(missing_s * self._rate_hz)
        if samples <= 0:
            return
        self._missing += samples
        self._accounted_s = now_s - arriving / self._rate_hz
        piece = int(SILENCE_S * self._rate_hz)
        for start in range(0, samples, piece):
            self._take_in(bytes(_BYTES * min(piece, samples - start)))

    def _take_in(self, pcm: bytes) -> None:
        self._samples += len(pcm) // _BYTES
        self.meter.add(pcm)
        if self._on_line:
            self._on_line(pcm)
        wide = self._resampler.feed(pcm)
        self._watch(pcm if self.vad_rate_hz == self._rate_hz else wide)
        if wide:
            self._ring.write(wide)
            self._on_16k(wide)

    def _watch(self, pcm: bytes) -> None:
        """Queue for the detector; what it cannot keep up with is dropped, oldest first."""
        self._waiting += pcm
        excess = len(self._waiting) - self._backlog_bytes
        if excess > 0:
            gone = -(-excess // self._window_bytes) * self._window_bytes
            del self._waiting[:gone]
            self._scored_bytes += gone
            self.dropped_samples += gone // _BYTES
        if not self._queued and len(self._waiting) >= self._window_bytes:
            self._queued = True
            self._plane.ready(self)

    def _vad_s(self, scored_bytes: int) -> float:
        return scored_bytes / _BYTES / self.vad_rate_hz
