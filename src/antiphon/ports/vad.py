"""Voice activity, as the media plane sees it: many calls, one batch."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class VoiceActivity(Protocol):
    """A detector whose memory of each call lies in a numbered slot."""

    def window(self, rate_hz: int) -> int:
        """How many samples one window has at 8000 or 16000 Hz."""
        ...

    def open(self) -> int:
        """A fresh slot."""
        ...

    def close(self, slot: int) -> None:
        """Give a slot back."""
        ...

    def score(
        self, windows: NDArray[np.float32], slots: Sequence[int], rate_hz: int
    ) -> NDArray[np.float32]:
        """The probability of speech in each window (rows, full scale 1.0) of the slot beside
        it. A slot may appear once in a batch."""
        ...
