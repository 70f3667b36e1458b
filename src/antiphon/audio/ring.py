"""The last seconds of a stream, addressed by where each sample lies in the whole call."""

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.frame import int16

__all__ = ["Ring"]


class Ring:
    """Remembers the newest ``capacity`` samples; memory is fixed from the start.

    Positions count samples since the call's first one, so a position found in one place (a
    recogniser's word, a voice edge) means the same here. What is older than the ring, or before
    the call, reads as silence.
    """

    def __init__(self, capacity: int) -> None:
        if capacity <= 0:
            raise ValueError("a ring holds at least one sample")
        self._samples = np.zeros(capacity, np.int16)
        self.end = 0
        """Position just past the newest sample: how many were written."""

    @property
    def start(self) -> int:
        """Position of the oldest sample still held."""
        return max(0, self.end - len(self._samples))

    def write(self, pcm: bytes) -> None:
        """Append PCM16."""
        self._append(int16(pcm))

    def read(self, start: int, stop: int) -> NDArray[np.int16]:
        """A copy of the samples in [start, stop).

        Raises ValueError if ``stop`` lies before ``start`` or in the future.
        """
        if not start <= stop <= self.end:
            raise ValueError(f"cannot read [{start}, {stop}) of {self.end} samples")
        out = np.zeros(stop - start, np.int16)
        kept = min(max(start, self.start), stop)
        capacity = len(self._samples)
        first = kept % capacity
        head = self._samples[first : first + stop - kept]
        out[kept - start : kept - start + len(head)] = head
        out[kept - start + len(head) :] = self._samples[: stop - kept - len(head)]
        return out

    def last(self, samples: int) -> NDArray[np.int16]:
        """A copy of the newest samples, with silence before the call's first."""
        return self.read(self.end - samples, self.end)

    def _append(self, new: NDArray[np.int16]) -> None:
        capacity = len(self._samples)
        tail = new[-capacity:]
        at = (self.end + len(new) - len(tail)) % capacity
        head = tail[: capacity - at]
        self._samples[at : at + len(head)] = head
        self._samples[: len(tail) - len(head)] = tail[len(head) :]
        self.end += len(new)
