"""A recording made small enough to be carried inside a page. Pure."""

import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.g711 import encode_mulaw
from antiphon.audio.resample import resample
from antiphon.observe.playback import Recording

__all__ = ["PEAKS_HZ", "mulaw_wav", "peaks"]

MOST_HZ: Final = 16_000
"""Stereo mu-law at this rate is 2.6 MB a minute once in base64; speech has little above it."""
PEAKS_HZ: Final = 200
"""One look every 5 ms: at the strongest zoom a look is three pixels wide."""


def mulaw_wav(recording: Recording) -> bytes:
    """Both sides as a stereo mu-law WAV file, which every browser plays, at 16 kHz or less."""
    rate_hz = min(recording.rate_hz, MOST_HZ)
    sides = [
        encode_mulaw(resample(side.tobytes(), recording.rate_hz, rate_hz))
        for side in (recording.caller, recording.agent)
    ]
    length = min(map(len, sides))
    both = np.stack([np.frombuffer(side[:length], np.uint8) for side in sides], axis=1)
    form = struct.pack("<HHIIHHH", 7, 2, rate_hz, 2 * rate_hz, 2, 8, 0)
    chunks = (
        _chunk(b"fmt ", form) + _chunk(b"fact", struct.pack("<I", length)),
        _chunk(b"data", both.tobytes()),
    )
    return _chunk(b"RIFF", b"WAVE" + b"".join(chunks))


def peaks(samples: NDArray[np.int16], rate_hz: int) -> bytes:
    """The lowest and the highest sample of every 5 ms, in turn, as signed bytes."""
    count = max(1, round(rate_hz / PEAKS_HZ))
    rows = np.zeros(-(-len(samples) // count) * count, np.int16)
    rows[: len(samples)] = samples
    rows = rows.reshape(-1, count) >> 8
    return np.stack([rows.min(axis=1), rows.max(axis=1)], axis=1).astype(np.int8).tobytes()


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body
