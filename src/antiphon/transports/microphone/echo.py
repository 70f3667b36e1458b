"""Keeping the agent from hearing itself: a loudspeaker beside a microphone.

Lives here: the seam, WebRTC's echo canceller behind it, and half-duplex for where that is not
installed. Blocks are 10 ms; nothing here knows a device.
"""

from typing import TYPE_CHECKING, Final, Protocol

from antiphon.audio.frame import int16
from antiphon.audio.levels import rms_dbfs

if TYPE_CHECKING:
    from livekit.rtc.audio_frame import AudioFrame

__all__ = ["BLOCK_S", "EchoCanceller", "HalfDuplex", "WebRtc", "best_canceller"]

BLOCK_S: Final = 0.010
"""WebRTC's audio processing takes blocks of exactly this length."""
_MAX_DELAY_S: Final = 0.5
"""WebRTC refuses to look further back than this."""


class EchoCanceller(Protocol):
    """One microphone beside one loudspeaker."""

    remark: str
    """What the user should know about it, empty where there is nothing."""

    def cancel(self, captured: bytes, played: bytes, delay_s: float) -> bytes:
        """The captured block without the agent in it. ``played`` is the block given to the
        device now; ``delay_s`` is from giving a sample until its echo is captured."""
        ...


class WebRtc:
    """Echo cancellation, noise suppression, high-pass and automatic gain from WebRTC."""

    remark = ""

    def __init__(self, rate_hz: int) -> None:
        """8, 16, 32 or 48 kHz. Raises ImportError where livekit is not installed."""
        # Loads a native library of 20 MB: only calls through a microphone pay for it.
        from livekit.rtc.apm import AudioProcessingModule  # noqa: PLC0415
        from livekit.rtc.audio_frame import AudioFrame  # noqa: PLC0415

        self._rate_hz, self._frame = rate_hz, AudioFrame
        self._samples = round(BLOCK_S * rate_hz)
        self._apm = AudioProcessingModule(
            echo_cancellation=True,
            noise_suppression=True,
            high_pass_filter=True,
            auto_gain_control=True,
        )

    def cancel(self, captured: bytes, played: bytes, delay_s: float) -> bytes:
        far = self._block(played)
        near = self._block(captured)
        self._apm.process_reverse_stream(far)
        self._apm.set_stream_delay_ms(round(1000 * min(max(delay_s, 0.0), _MAX_DELAY_S)))
        self._apm.process_stream(near)
        return bytes(near.data.cast("B"))

    def _block(self, pcm: bytes) -> "AudioFrame":
        return self._frame(bytearray(pcm), self._rate_hz, 1, self._samples)


class HalfDuplex:
    """Shuts the microphone while the agent is audible. The caller cannot interrupt."""

    remark = (
        "Echo cancellation is not installed, so the agent cannot be interrupted: the microphone"
        " is off while it speaks. Use headphones with it, or: pip install livekit"
    )

    _AUDIBLE_DBFS: Final = -50.0
    """An agent's ambient sound is below, and plays all the time."""
    _TAIL_S: Final = 0.2
    """How long a room goes on sounding."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._shut_s = 0.0

    def cancel(self, captured: bytes, played: bytes, delay_s: float) -> bytes:
        self._shut_s = max(0.0, self._shut_s - len(captured) / 2 / self._rate_hz)
        if rms_dbfs(int16(played)) > self._AUDIBLE_DBFS:
            self._shut_s = max(self._shut_s, delay_s + self._TAIL_S)
        return bytes(len(captured)) if self._shut_s > 0 else captured


def best_canceller(rate_hz: int) -> EchoCanceller:
    """WebRTC's where it can be loaded, else half-duplex."""
    try:
        return WebRtc(rate_hz)
    except (ImportError, OSError):  # OSError: the package without a native library for this system
        return HalfDuplex(rate_hz)
