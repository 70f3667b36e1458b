"""Voice activity for every call of a process at once, by one Silero model.

Lives here: the ONNX session, the recurrent state of each call, batching.
Must not live here: when a window is complete (ear), what a score means (edges),
when to run (plane).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

__all__ = ["Silero"]

Floats = NDArray[np.float32]

# The model's contract: 32 ms windows, each seen behind the last 4 ms of the one before.
_WINDOW_SAMPLES = {8_000: 256, 16_000: 512}
_CONTEXT_SAMPLES = {8_000: 32, 16_000: 64}
_LAYERS, _WIDTH = 2, 128
_FIRST_SLOTS = 64


class Silero:
    """One session on one thread. A call owns a slot: its row in the state arrays.

    About 31 us a window at 8 kHz and 54 us at 16 kHz in a batch of 32 or more, 83 and 107
    alone (2-core guest, one thread).
    """

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # The published file carries unused initialisers and warns about each at load.
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self._rates = {hz: np.array(hz, dtype=np.int64) for hz in _WINDOW_SAMPLES}
        self._state: Floats = np.zeros((_LAYERS, 0, _WIDTH), dtype=np.float32)
        self._context: Floats = np.zeros((0, max(_CONTEXT_SAMPLES.values())), dtype=np.float32)
        self._free: list[int] = []
        self._claimed: set[int] = set()

    def window(self, rate_hz: int) -> int:
        """How many samples one window has at 8000 or 16000 Hz; KeyError at any other rate."""
        return _WINDOW_SAMPLES[rate_hz]

    def open(self) -> int:
        """A slot with no memory; the memory grows with the most calls ever held at once."""
        if not self._free:
            self._grow()
        slot = self._free.pop()
        self._claimed.add(slot)
        self.reset(slot)
        return slot

    def close(self, slot: int) -> None:
        """Give a slot back. KeyError if it is not open."""
        self._claimed.remove(slot)
        self._free.append(slot)

    def reset(self, slot: int) -> None:
        """Forget what was heard in this slot: audio was lost, what follows is not its sequel."""
        self._state[:, slot] = 0.0
        self._context[slot] = 0.0

    def score(self, windows: Floats, slots: Sequence[int], rate_hz: int) -> Floats:
        """The probability of speech in each window (rows, full scale 1.0) of the slot beside it.

        A slot may appear once in a batch, and must be used at one rate for as long as it is open.
        """
        context = _CONTEXT_SAMPLES[rate_hz]
        rows = np.asarray(slots, dtype=np.intp)
        heard = np.concatenate((self._context[rows, :context], windows), axis=1)
        probabilities, state = self._session.run(
            None, {"input": heard, "state": self._state[:, rows], "sr": self._rates[rate_hz]}
        )
        self._state[:, rows] = state
        self._context[rows, :context] = windows[:, -context:]
        scores: Floats = probabilities[:, 0]
        return scores

    def _grow(self) -> None:
        had = self._state.shape[1]
        slots = max(_FIRST_SLOTS, 2 * had)
        state = np.zeros((_LAYERS, slots, _WIDTH), dtype=np.float32)
        context = np.zeros((slots, self._context.shape[1]), dtype=np.float32)
        state[:, :had], context[:had] = self._state, self._context
        self._state, self._context = state, context
        self._free = list(range(slots - 1, had - 1, -1))
