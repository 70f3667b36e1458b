"""Reaction times measured in a recording, and nothing but the recording. Pure.

Where the log or a script is needed to know *what* to measure, that is the audit's business.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.levels import amplitude, decibels, offset_s, onset_s, speech_spans
from antiphon.observe.playback import Recording

__all__ = ["ducked_s", "longest_pause_s", "onsets_between", "resting_s", "silent_s", "spoken_by"]

DUCKED_DB: Final = 12.0
"""A ducked voice is 15 dB down; 3 dB of that is how much a voice varies from word to word."""
REFERENCE_S: Final = 2.0
"""How much of the voice before an interruption says how loud it was."""
WINDOW_S: Final = 0.02
PAUSE_S: Final = 0.3
"""A gap longer than this is a pause in the agent's voice, not a gap between two words."""
BREATH_S: Final = 0.6
"""No longer does a speaker rest between two sentences."""
QUIET_FLOOR_DB: Final = -60.0
"""A lowered voice is still a voice: 20 dB below a soft one, above the noise of 16 bits."""
ROOM_DB: Final = 6.0
"""An agent's ambient sound is no voice: its loudest moments are so far above its usual level."""
ROOM_SHARE: Final = 5
"""In so many hundredths of a call, at least, the agent's side is the room alone, or silence."""
LOUDEST_ROOM_DB: Final = -50.0
"""No ambient sound is louder."""


def spoken_by(
    samples: NDArray[np.int16], rate_hz: int, start_s: float, end_s: float
) -> tuple[float, float] | None:
    """The first and last sample above the floor between two moments; None for silence."""
    kept = samples[: round(end_s * rate_hz)]
    first_s = onset_s(kept, rate_hz, after_s=start_s)
    last_s = offset_s(kept, rate_hz)
    if first_s is None or last_s is None or last_s <= first_s:
        return None
    return first_s, last_s


def onsets_between(
    samples: NDArray[np.int16], rate_hz: int, start_s: float, end_s: float
) -> list[float]:
    """Where speech sets in after a pause, strictly between two moments."""
    spans = speech_spans(samples, rate_hz, min_gap_s=PAUSE_S)
    return [span.start_s for span in spans if start_s < span.start_s < end_s]


def longest_pause_s(
    samples: NDArray[np.int16], rate_hz: int, start_s: float, end_s: float
) -> float:
    """The longest stretch between two moments in which a voice, even a lowered one, rests."""
    part = samples[round(start_s * rate_hz) : round(end_s * rate_hz)]
    length_s = end_s - start_s
    floor_db = quiet_floor_db(samples, rate_hz)
    spans = speech_spans(part, rate_hz, floor_db=floor_db, min_gap_s=WINDOW_S)
    edges = [0.0, *(edge for span in spans for edge in (span.start_s, span.end_s)), length_s]
    return max(after - before for before, after in zip(edges[::2], edges[1::2], strict=True))


def silent_s(recording: Recording, spoke_s: float) -> float | None:
    """How long after ``spoke_s`` the agent's voice, audible then, was last above the floor.
    None where it was not audible."""
    for span in speech_spans(recording.agent, recording.rate_hz, min_gap_s=PAUSE_S):
        if span.start_s < spoke_s < span.end_s:
            return span.end_s - spoke_s
    return None


def resting_s(recording: Recording, spoke_s: float, until_s: float) -> float | None:
    """The same where the agent drew breath between two sentences at ``spoke_s``: how long after
    it the voice that came back, up to ``until_s``, was last above the floor. 0 where none came
    back, None where there was no voice shortly before."""
    spans = speech_spans(recording.agent, recording.rate_hz, min_gap_s=PAUSE_S)
    if not any(spoke_s - BREATH_S <= span.end_s <= spoke_s for span in spans):
        return None
    back = (span.end_s - spoke_s for span in spans if spoke_s <= span.start_s < until_s)
    return next(back, 0.0)


def ducked_s(recording: Recording, spoke_s: float, until_s: float) -> float | None:
    """How long after ``spoke_s`` the agent's voice was last as loud as before, up to
    ``until_s``. None where there was no voice before to compare with."""
    rate_hz = recording.rate_hz
    before = _levels(recording.agent, rate_hz, max(0.0, spoke_s - REFERENCE_S), spoke_s)
    after = _levels(recording.agent, rate_hz, spoke_s, until_s)
    voiced = before[before > amplitude(quiet_floor_db(recording.agent, rate_hz)) * 32768]
    if not len(voiced):
        return None
    loud = np.flatnonzero(after > np.percentile(voiced, 95) * amplitude(-DUCKED_DB))
    return float((loud[-1] + 1) * WINDOW_S) if len(loud) else 0.0


def quiet_floor_db(samples: NDArray[np.int16], rate_hz: int) -> float:
    """What a lowered voice is above: silence, or the room's sound behind the agent."""
    levels = _levels(samples, rate_hz, 0.0, len(samples) / rate_hz)
    if not len(levels):
        return QUIET_FLOOR_DB
    room = float(np.percentile(levels, ROOM_SHARE)) / 32768
    return min(max(QUIET_FLOOR_DB, decibels(room) + ROOM_DB), LOUDEST_ROOM_DB)


def _levels(
    samples: NDArray[np.int16], rate_hz: int, start_s: float, end_s: float
) -> NDArray[np.float64]:
    window = round(WINDOW_S * rate_hz)
    part = samples[round(start_s * rate_hz) : round(end_s * rate_hz)].astype(np.float64)
    rows = part[: len(part) // window * window].reshape(-1, window)
    levels: NDArray[np.float64] = np.sqrt(np.square(rows).mean(axis=1))
    return levels
