"""How loud a recording is, and where in it someone speaks.

Levels are in dBFS: 0 is a square wave at full scale (so a full-scale sine has an RMS of -3.01).

An *onset* is defined exactly, because latencies are recomputed from recordings with it: sample
``i`` is an onset if ``|x[i]|`` is above the floor and both the first and the second half of the
``sustain_s`` window that starts at ``i`` have an RMS above the floor. Two halves, so that a lone
click is no onset. An *offset* is the mirror image: an onset of the recording played backwards.
A span of speech is a group of such samples with no gap of ``min_gap_s`` between neighbours.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "QUIETEST_DBFS",
    "Span",
    "amplitude",
    "decibels",
    "loudness_dbfs",
    "offset_s",
    "onset_s",
    "peak_dbfs",
    "rms_dbfs",
    "speech_spans",
]

QUIETEST_DBFS: Final = -120.0
"""Reported for silence, whose level would be minus infinity; below what 16 bits can hold."""
FLOOR_DBFS: Final = -45.0
"""Speech is above, line noise and room are below: the level our figures are stated at."""
SUSTAIN_S: Final = 0.020
MIN_GAP_S: Final = 0.2
"""A pause shorter than this belongs to the speech around it."""

BLOCK_S: Final = 0.4
STEP_S: Final = 0.1
ABSOLUTE_GATE_DBFS: Final = -70.0
RELATIVE_GATE_DB: Final = 10.0
"""The four figures of ITU-R BS.1770, whose K-weighting is left out: one voice on one channel."""

Samples = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of speech, in seconds from the start of the recording."""

    start_s: float
    end_s: float


def amplitude(db: float) -> float:
    """The factor a level in decibels stands for; 0 for minus infinity."""
    return float(10.0 ** (db / 20))


def decibels(ratio: float) -> float:
    """The level a factor stands for, at least QUIETEST_DBFS."""
    return max(QUIETEST_DBFS, 20 * math.log10(ratio)) if ratio > 0 else QUIETEST_DBFS


def rms_dbfs(samples: Samples) -> float:
    """Mean level; of no samples, QUIETEST_DBFS."""
    if not len(samples):
        return QUIETEST_DBFS
    # Not np.dot: for a second of audio BLAS wakes a thread, which spins for 50 ms afterwards.
    power = np.square(samples, dtype=np.float64).mean()
    return decibels(math.sqrt(power) / 32768)


def peak_dbfs(samples: Samples) -> float:
    """Level of the largest sample; of no samples, QUIETEST_DBFS."""
    return decibels(float(np.abs(samples.astype(np.int32)).max(initial=0)) / 32768)


def loudness_dbfs(samples: Samples, rate_hz: int) -> float:
    """RMS of the parts that are speech: quiet blocks are left out in two passes."""
    block = min(round(BLOCK_S * rate_hz), len(samples))
    if not block:
        return QUIETEST_DBFS
    starts = np.arange(0, len(samples) - block + 1, max(1, round(STEP_S * rate_hz)))
    energy = _energy(samples)
    power = (energy[starts + block] - energy[starts]) / block
    power = power[power > amplitude(ABSOLUTE_GATE_DBFS) ** 2]
    if not len(power):
        return QUIETEST_DBFS
    power = power[power >= power.mean() * amplitude(-RELATIVE_GATE_DB) ** 2]
    return decibels(math.sqrt(power.mean()))


def onset_s(
    samples: Samples,
    rate_hz: int,
    *,
    after_s: float = 0.0,
    floor_db: float = FLOOR_DBFS,
    sustain_s: float = SUSTAIN_S,
) -> float | None:
    """When the first onset at or after ``after_s`` is; None if nothing is heard from there on."""
    skipped = max(0, math.ceil(after_s * rate_hz))
    found = _onsets(samples[skipped:], rate_hz, floor_db, sustain_s)
    return float((skipped + found[0]) / rate_hz) if len(found) else None


def offset_s(
    samples: Samples,
    rate_hz: int,
    *,
    before_s: float = math.inf,
    floor_db: float = FLOOR_DBFS,
    sustain_s: float = SUSTAIN_S,
) -> float | None:
    """When the last sound before ``before_s`` ends; None if nothing is heard until then."""
    kept = math.floor(max(0.0, min(before_s * rate_hz, len(samples))))
    found = _offsets(samples[:kept], rate_hz, floor_db, sustain_s)
    return float((found[-1] + 1) / rate_hz) if len(found) else None


def speech_spans(
    samples: Samples, rate_hz: int, floor_db: float = FLOOR_DBFS, min_gap_s: float = MIN_GAP_S
) -> list[Span]:
    """Where someone speaks, in order; pauses below ``min_gap_s`` do not end a span."""
    begins = _onsets(samples, rate_hz, floor_db, SUSTAIN_S)
    loud = np.union1d(begins, _offsets(samples, rate_hz, floor_db, SUSTAIN_S))
    if not len(loud):
        return []
    cuts = np.flatnonzero(np.diff(loud) >= min_gap_s * rate_hz) + 1
    return [
        Span(float(part[0] / rate_hz), float((part[-1] + 1) / rate_hz))
        for part in np.split(loud, cuts)
    ]


def _onsets(samples: Samples, rate_hz: int, floor_db: float, sustain_s: float) -> NDArray[np.intp]:
    """Indices of every sample that meets the definition, ascending."""
    half = max(1, round(sustain_s * rate_hz / 2))
    if len(samples) < 2 * half:
        return np.zeros(0, np.intp)
    floor = amplitude(floor_db)
    energy = _energy(samples)
    above = energy[half:] - energy[:-half] > floor * floor * half
    above = above[:-half] & above[half:]
    return np.flatnonzero(above & (np.abs(samples[: len(above)].astype(np.int32)) > floor * 32768))


def _offsets(samples: Samples, rate_hz: int, floor_db: float, sustain_s: float) -> NDArray[np.intp]:
    return len(samples) - 1 - _onsets(samples[::-1], rate_hz, floor_db, sustain_s)[::-1]


def _energy(samples: Samples) -> NDArray[np.float64]:
    """Running sum of squares, full scale 1, with a leading zero."""
    total = np.zeros(len(samples) + 1)
    np.cumsum(np.square(samples / 32768.0), out=total[1:])
    return total
