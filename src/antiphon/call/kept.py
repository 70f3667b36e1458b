"""The newest stretch of a call's audio, addressed by seconds since the first sample. Pure."""

from collections import deque

__all__ = ["KeptAudio"]


class KeptAudio:
    """PCM16 mono in the pieces it came in."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._pieces: deque[bytes] = deque()
        self._kept_bytes = 0
        self._fed_bytes = 0

    @property
    def fed_s(self) -> float:
        """How much there was so far."""
        return self._fed_bytes / (2 * self._rate_hz)

    @property
    def first_s(self) -> float:
        """Where the oldest sample still there lies."""
        return (self._fed_bytes - self._kept_bytes) / (2 * self._rate_hz)

    def feed(self, pcm: bytes, keep_s: float) -> None:
        """Append; drop the oldest whole pieces that leave ``keep_s`` behind them."""
        self._pieces.append(pcm)
        self._kept_bytes += len(pcm)
        self._fed_bytes += len(pcm)
        most = keep_s * self._rate_hz * 2
        while self._kept_bytes - len(self._pieces[0]) >= most:
            self._kept_bytes -= len(self._pieces.popleft())

    def cut(self, from_s: float, until_s: float) -> bytes:
        """What is still there of the audio between two positions."""
        first = self._fed_bytes - self._kept_bytes
        low, high = (2 * round(at_s * self._rate_hz) - first for at_s in (from_s, until_s))
        return b"".join(self._pieces)[max(0, low) : max(0, high)]
