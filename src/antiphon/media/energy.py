"""Voice activity by loudness alone: no model, no memory beyond the noise floor of each call.

For tests, and where a neural detector is too dear. It calls any sound speech that rises well
above what was heard lately, music and slammed doors included.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["EnergyVad"]

Floats = NDArray[np.float32]

_WINDOW: Final = {8_000: 256, 16_000: 512}
# The floor follows quiet sounds at once and loud ones slowly (a few seconds), so that speech
# does not become its own background.
_RISE: Final = 1.02
_FIRST_FLOOR: Final = 10 ** (-60 / 20)
_LOWEST_FLOOR: Final = 10 ** (-70 / 20)
# Speech is this many dB above the floor; the probability is one half there.
_MARGIN_DB: Final = 15.0
_SOFTNESS_DB: Final = 2.0


class EnergyVad:
    """A `antiphon.ports.vad.VoiceActivity` of a few additions."""

    def __init__(self) -> None:
        self._floors: dict[int, float] = {}
        self._slots = 0

    def window(self, rate_hz: int) -> int:
        return _WINDOW[rate_hz]

    def open(self) -> int:
        self._slots += 1
        self._floors[self._slots] = _FIRST_FLOOR
        return self._slots

    def close(self, slot: int) -> None:
        del self._floors[slot]

    def score(self, windows: Floats, slots: Sequence[int], rate_hz: int) -> Floats:
        levels = np.sqrt(np.mean(windows.astype(np.float64) ** 2, axis=1))
        return np.array(
            [self._score(float(level), slot) for level, slot in zip(levels, slots, strict=True)],
            dtype=np.float32,
        )

    def _score(self, level: float, slot: int) -> float:
        floor = self._floors[slot]
        above_db = 20 * np.log10(max(level, 1e-9) / floor)
        self._floors[slot] = max(_LOWEST_FLOOR, min(level, floor * _RISE))
        return float(1 / (1 + np.exp(-(above_db - _MARGIN_DB) / _SOFTNESS_DB)))
