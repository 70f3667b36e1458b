"""One frame of audio, and cutting a stream of bytes into frames.

A frame is mono PCM16. Where it came off the wire in another form, that payload stays beside it,
so that audio nobody changed leaves exactly as it came. Nothing here knows a transport.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from antiphon.audio import g711

__all__ = ["FRAME_S", "PCM16", "Encoding", "Frame", "Framer", "frame_samples", "int16", "pcm16"]

FRAME_S: Final = 0.020
"""Seconds in a frame, everywhere. What telephone carriers send."""

PCM16: Final[np.dtype[np.int16]] = np.dtype("<i2")
"""A sample as it lies on wires and in files."""

Encoding: TypeAlias = Literal["pcm16", "mulaw", "alaw"]
"""How samples lie on a wire: little-endian PCM16, or one G.711 byte a sample."""


def int16(pcm: bytes) -> NDArray[np.int16]:
    """The samples of PCM16 bytes, read-only and without a copy."""
    return np.frombuffer(pcm, PCM16)


def pcm16(samples: NDArray[np.floating] | NDArray[np.int16]) -> bytes:
    """PCM16 bytes of samples that are whole numbers within 16 bits."""
    return samples.astype(PCM16).tobytes()


def frame_samples(rate_hz: int) -> int:
    """Samples in one frame.

    Raises ValueError for a rate whose frame is not a whole number of samples (11 025 Hz).
    """
    samples, rest = divmod(rate_hz, round(1 / FRAME_S))
    if rest or samples <= 0:
        raise ValueError(f"{rate_hz} Hz does not divide into whole 20 ms frames")
    return samples


@dataclass(frozen=True, slots=True)
class Frame:
    """A stretch of one speaker's audio, FRAME_S long unless it ends a stream unpadded."""

    pcm: bytes
    """Mono PCM16, little endian."""
    rate_hz: int
    original: bytes | None = None
    """The payload as it came, to be sent on untouched where no gain was applied."""
    encoding: Encoding = "pcm16"
    """How ``original`` is encoded."""

    @property
    def samples(self) -> int:
        return len(self.pcm) >> 1

    @property
    def duration_s(self) -> float:
        return self.samples / self.rate_hz


class Framer:
    """Cuts a byte stream, however it arrives, into frames of exactly FRAME_S.

    Feed it every chunk; at the end of the stream call flush() once for the padded tail.
    """

    def __init__(self, rate_hz: int, encoding: Encoding = "pcm16") -> None:
        self._rate_hz = rate_hz
        self._encoding: Encoding = encoding
        self._frame_bytes = frame_samples(rate_hz) * (2 if encoding == "pcm16" else 1)
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes, oldest first."""
        if self._rest:
            data = self._rest + data
        size = self._frame_bytes
        if len(data) == size:
            self._rest = b""
            return [self._frame(bytes(data))]
        whole = len(data) - len(data) % size
        self._rest = bytes(data[whole:])
        return [self._frame(bytes(data[at : at + size])) for at in range(0, whole, size)]

    def flush(self) -> Frame | None:
        """What is left, made a whole frame with silence; None if nothing is.

        Half a PCM16 sample at the very end is dropped.
        """
        rest, self._rest = self._rest, b""
        if self._encoding == "pcm16":
            rest = rest[: len(rest) & ~1]
        if not rest:
            return None
        return self._frame(rest.ljust(self._frame_bytes, _SILENCE[self._encoding]))

    def _frame(self, payload: bytes) -> Frame:
        if self._encoding == "pcm16":
            return Frame(payload, self._rate_hz)
        return Frame(_DECODE[self._encoding](payload), self._rate_hz, payload, self._encoding)


_DECODE: Final = {"mulaw": g711.decode_mulaw, "alaw": g711.decode_alaw}
_SILENCE: Final = {"pcm16": b"\0", "mulaw": b"\xff", "alaw": b"\xd5"}
