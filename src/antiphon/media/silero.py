"""Voice activity for every call of a process at once, by one Silero model.

Lives here: the ONNX session, the recurrent state of each call, batching.
Must not live here: when a window is complete (ear), what a score means (edges),
when to run (plane).
"""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

__all__ = ["Lane", "Silero"]

Floats = NDArray[np.float32]

# The model's contract: 32 ms windows, each seen after the last 4 ms of the one before.
_WINDOW_SAMPLES = {8_000: 256, 16_000: 512}
_CONTEXT_SAMPLES = {8_000: 32, 16_000: 64}
_STATE = (2, 128)
_FIRST_SLOTS = 64


class Lane:
    """All calls at one sample rate. A call owns a slot: its place in the state arrays."""

    def __init__(self, session: onnxruntime.InferenceSession, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.window_samples = _WINDOW_SAMPLES[rate_hz]
        self._context_samples = _CONTEXT_SAMPLES[rate_hz]
        self._session = session
        self._rate = np.array(rate_hz, dtype=np.int64)
        self._state: Floats = np.zeros((_STATE[0], _FIRST_SLOTS, _STATE[1]), dtype=np.float32)
        self._context: Floats = np.zeros((_FIRST_SLOTS, self._context_samples), dtype=np.float32)
        self._free = list(range(_FIRST_SLOTS - 1, -1, -1))

    def claim(self) -> int:
        """A slot with no memory. Give it back with `release`."""
        if not self._free:
            self._grow()
        slot = self._free.pop()
        self.reset(slot)
        return slot

    def release(self, slot: int) -> None:
        """The call is over; the slot may be claimed again."""
        if slot in self._free:
            raise ValueError(f"slot {slot} is not claimed")
        self._free.append(slot)

    def reset(self, slot: int) -> None:
        """Forget what was heard in this slot."""
        self._state[:, slot] = 0.0
        self._context[slot] = 0.0

    def score(self, windows: Floats, slots: NDArray[np.intp]) -> Floats:
        """The probability of speech in each window [B, window_samples], in -1..1.

        ``slots`` names the owner of each row; no owner may appear twice in one run.
        """
        state = self._state[:, slots]
        heard = np.concatenate((self._context[slots], windows), axis=1)
        probabilities, state = self._session.run(
            None, {"input": heard, "state": state, "sr": self._rate}
        )
        self._state[:, slots] = state
        self._context[slots] = windows[:, -self._context_samples :]
        scores: Floats = probabilities[:, 0]
        return scores

    def _grow(self) -> None:
        slots = self._state.shape[1]
        self._state = np.concatenate((self._state, np.zeros_like(self._state)), axis=1)
        self._context = np.concatenate((self._context, np.zeros_like(self._context)))
        self._free = list(range(2 * slots - 1, slots - 1, -1))


class Silero:
    """One session on one thread, and a lane for each sample rate."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self._lanes = {rate_hz: Lane(session, rate_hz) for rate_hz in _WINDOW_SAMPLES}

    def lane(self, rate_hz: int) -> Lane:
        """The lane for 8 or 16 kHz; anything else must be resampled first."""
        return self._lanes[rate_hz]
