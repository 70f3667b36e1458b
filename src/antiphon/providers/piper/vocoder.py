"""Running a Piper voice: phonemes to durations, and to sound a stretch at a time.

Lives here: ONNX sessions and cancelling them. Must not live here: ``piper``, text.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import Fail

from antiphon.net.engine import Work
from antiphon.providers.piper.weights import CONTEXT_FRAMES, halves, with_durations

__all__ = ["Cancelled", "Voice", "VoiceRun"]

Floats = NDArray[np.float32]

# The first stretch is 0.28 s of speech, ready 10 ms after the durations are; each later one twice
# as long, up to 1.1 s, which is made in 30 to 40 ms: what a cancelled clause may still cost.
_FIRST_FRAMES: Final = 24
_MOST_FRAMES: Final = 96


class Cancelled(Exception):
    """Nobody waits for this clause any more."""


@dataclass(frozen=True, slots=True)
class VoiceRun:
    """A sentence on its way: durations at once, sound as it is made."""

    durations: NDArray[np.int64]
    """In frames, one per phoneme id; empty where the model does not tell."""
    sound: Iterator[tuple[Floats, bool]]
    """Stretches of sound, and whether each is the last."""


class Voice:
    """The model, in two halves where it can be cut."""

    def __init__(self, model: bytes, threads: int) -> None:
        self._threads = threads
        self._halves = halves(model)
        if self._halves is None:
            whole, self._knows_times = with_durations(model)
            self._first = self._session(whole)
        else:
            self._knows_times = True
            self._first = self._session(self._halves.frames)
            self._second = self._session(self._halves.sound)

    def run(self, inputs: Mapping[str, Any], work: Work) -> VoiceRun:
        """Start a sentence. Raises `Cancelled`, here or amid the sound."""
        made = _run(self._first, inputs, work)
        hops = made[1].reshape(-1) if self._knows_times else np.zeros(0)
        sound = self._whole(made[0]) if self._halves is None else self._stretches(made[0], work)
        return VoiceRun(hops.astype(np.int64), sound)

    def _whole(self, sound: Floats) -> Iterator[tuple[Floats, bool]]:
        yield sound.reshape(-1), True

    def _stretches(self, frames: Floats, work: Work) -> Iterator[tuple[Floats, bool]]:
        assert self._halves is not None
        total, begin, size = frames.shape[2], 0, _FIRST_FRAMES
        while begin < total:
            # A remainder shorter than a first stretch is not worth a run of its own.
            end = begin + size if begin + size + _FIRST_FRAMES < total else total
            low, high = max(0, begin - CONTEXT_FRAMES), min(total, end + CONTEXT_FRAMES)
            given = {self._halves.joint: np.ascontiguousarray(frames[:, :, low:high])}
            sound = _run(self._second, given, work)[0].reshape(-1)
            hop = len(sound) // (high - low)
            yield sound[(begin - low) * hop : (end - low) * hop], end == total
            begin, size = end, min(2 * size, _MOST_FRAMES)

    def _session(self, model: bytes) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        # A spinning worker takes the core that the recogniser needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _run(session: onnxruntime.InferenceSession, inputs: Mapping[str, Any], work: Work) -> Any:
    """One inference that cancelling the work ends within milliseconds, at the next operator."""
    options = onnxruntime.RunOptions()
    work.on_cancel(lambda: setattr(options, "terminate", True))
    try:
        return session.run(None, dict(inputs), run_options=options)
    except Fail:
        if work.cancelled:
            raise Cancelled from None
        raise
