"""How long a caller heard nothing while it was not their turn, measured in the recording. Pure."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from antiphon.audio.levels import speech_spans
from antiphon.observe.playback import Recording

__all__ = ["DeadAir", "dead_air"]

GAP_S: Final = 0.2
"""Shorter silences are the gaps within speech."""


@dataclass(frozen=True, slots=True)
class DeadAir:
    """A silence that the agent ended: until then, the caller waited."""

    start_s: float
    end_s: float

    @property
    def seconds(self) -> float:
        return self.end_s - self.start_s


def dead_air(recording: Recording) -> list[DeadAir]:
    """Every such silence from the agent's first sound to its last, the longest first."""
    rate_hz = recording.rate_hz
    agent = speech_spans(recording.agent, rate_hz, min_gap_s=GAP_S)
    if not agent:
        return []
    sides = [np.abs(side.astype(np.int32)) for side in (recording.agent, recording.caller)]
    both = np.minimum(np.maximum(*sides), 32767).astype(np.int16)
    spans = speech_spans(both, rate_hz, min_gap_s=GAP_S)
    starts = [span.start_s for span in agent]
    silences = [
        DeadAir(before.end_s, after.start_s)
        for before, after in pairwise(spans)
        if any(abs(after.start_s - start) < GAP_S / 2 for start in starts)
        and after.start_s <= agent[-1].end_s
    ]
    return sorted(silences, key=lambda silence: silence.seconds, reverse=True)
