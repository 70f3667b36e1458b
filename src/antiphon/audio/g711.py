"""G.711: mu-law and A-law, by table.

Bytes in, bytes out, any length: many calls' frames may be joined and coded in one go. A-law has
no code for zero; its silence decodes to 8.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["decode_alaw", "decode_mulaw", "encode_alaw", "encode_mulaw"]


def decode_mulaw(payload: bytes) -> bytes:
    """mu-law to PCM16."""
    return _MULAW_TO_PCM.take(np.frombuffer(payload, np.uint8)).tobytes()


def decode_alaw(payload: bytes) -> bytes:
    """A-law to PCM16."""
    return _ALAW_TO_PCM.take(np.frombuffer(payload, np.uint8)).tobytes()


def encode_mulaw(pcm: bytes) -> bytes:
    """PCM16 to mu-law."""
    return _PCM_TO_MULAW.take(np.frombuffer(pcm, "<u2")).tobytes()


def encode_alaw(pcm: bytes) -> bytes:
    """PCM16 to A-law."""
    return _PCM_TO_ALAW.take(np.frombuffer(pcm, "<u2")).tobytes()


# A code is a sign bit, three bits of segment (an exponent) and four of step within it. The
# tables are built in the standard's own units: 14-bit magnitudes for mu-law, 13-bit for A-law.

_MULAW_BIAS: Final = 33
_MULAW_TOP: Final = 8158
_SEGMENT_STARTS: Final = 1 << np.arange(6, 13)


def _mulaw_to_pcm() -> NDArray[np.int16]:
    code = ~np.arange(256) & 0xFF
    magnitude = ((((code & 15) << 1) + _MULAW_BIAS) << ((code >> 4) & 7)) - _MULAW_BIAS
    return (np.where(code & 0x80, -magnitude, magnitude) << 2).astype(np.int16)


def _alaw_to_pcm() -> NDArray[np.int16]:
    code = np.arange(256) ^ 0x55
    segment, step = (code >> 4) & 7, ((code & 15) << 1) + 1
    magnitude = np.where(segment == 0, step, (step + 32) << np.maximum(segment - 1, 0))
    return (np.where(code & 0x80, magnitude, -magnitude) << 3).astype(np.int16)


def _pcm_to_mulaw() -> NDArray[np.uint8]:
    pcm = np.arange(65536).astype(np.uint16).view(np.int16).astype(np.int32) >> 2
    magnitude = np.minimum(np.abs(pcm), _MULAW_TOP) + _MULAW_BIAS
    segment = np.searchsorted(_SEGMENT_STARTS, magnitude, side="right")
    code = (segment << 4 | (magnitude >> (segment + 1)) & 15) ^ np.where(pcm < 0, 0x7F, 0xFF)
    table: NDArray[np.uint8] = code.astype(np.uint8)
    return table


def _pcm_to_alaw() -> NDArray[np.uint8]:
    pcm = np.arange(65536).astype(np.uint16).view(np.int16).astype(np.int32) >> 3
    # Below zero the steps are counted from -1, so that both halves have the same number.
    magnitude = np.where(pcm < 0, ~pcm, pcm)
    segment = np.searchsorted(_SEGMENT_STARTS >> 1, magnitude, side="right")
    code = segment << 4 | (magnitude >> np.maximum(segment, 1)) & 15
    return (code ^ np.where(pcm < 0, 0x55, 0xD5)).astype(np.uint8)


_MULAW_TO_PCM: Final = _mulaw_to_pcm()
_ALAW_TO_PCM: Final = _alaw_to_pcm()
_PCM_TO_MULAW: Final = _pcm_to_mulaw()
_PCM_TO_ALAW: Final = _pcm_to_alaw()
