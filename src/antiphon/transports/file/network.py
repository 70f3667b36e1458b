"""The network between us and a file call's caller: one direction of it.

Lives here: when a packet arrives, and which frames are lost. Pure: the time is an argument and
the dice are seeded.
"""

import numpy as np

from antiphon.audio.frame import frame_samples
from antiphon.transports.file.settings import LineSettings

__all__ = ["Direction"]


class Direction:
    """Packets keep their order, as on the one connection that real media streams use."""

    def __init__(self, settings: LineSettings, delay_s: float, rate_hz: int, lane: int) -> None:
        """``lane`` keeps the dice of two directions apart."""
        self._delay_s, self._jitter_s, self._loss = delay_s, settings.jitter_s, settings.loss
        self._random = np.random.default_rng((settings.seed, lane))
        self._frame_bytes = 2 * frame_samples(rate_hz)
        self._latest_s = float("-inf")

    def arrival_s(self, sent_s: float) -> float:
        """When a packet sent at ``sent_s`` is there."""
        more_s = float(self._random.uniform(0, self._jitter_s)) if self._jitter_s else 0.0
        self._latest_s = max(self._latest_s, sent_s + self._delay_s + more_s)
        return self._latest_s

    def through(self, pcm: bytes) -> bytes:
        """What is left of the audio: lost frames are silence."""
        if not self._loss:
            return pcm
        size = self._frame_bytes
        frames = [pcm[at : at + size] for at in range(0, len(pcm), size)]
        lost = self._random.random(len(frames)) < self._loss
        return b"".join(bytes(len(f)) if gone else f for f, gone in zip(frames, lost, strict=True))
