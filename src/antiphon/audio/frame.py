"""One frame of audio: how long it is, and how its samples lie in bytes.

A frame is mono PCM16. Nothing here knows a transport.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["FRAME_S", "PCM16", "frame_samples", "int16", "pcm16"]

FRAME_S: Final = 0.020
"""Seconds in a frame, everywhere. What telephone carriers send."""

PCM16: Final[np.dtype[np.int16]] = np.dtype("<i2")
"""A sample as it lies on wires and in files."""


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
