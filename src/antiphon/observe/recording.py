"""The recording of a call: what the caller said on the left, what they heard on the right.

Lives here: laying both voices on the caller's clock, a WAV file that is valid at every moment.
Must not live here: pacing, gain, or any opinion about what is in the samples.
"""

import errno
import os
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from antiphon.errors import ConfigError

__all__ = ["Recorder"]

Samples = NDArray[np.int16]

_OPEN_S: Final = 2.0
"""How long a stretch stays open for either side before it is written: longer than the lead any
transport may have (1 s) and than the frames of a bad network are late."""
_STEP_S: Final = 0.5
"""How much is written at a time, and how often the sizes in the header are corrected."""
_FULL: Final = {errno.ENOSPC, errno.EDQUOT}
"""A disk that is full from the start is no reason not to hold the call."""
_FRAME_BYTES: Final = 4
_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
_MOST_FRAMES: Final = (0xFFFFFFFF - _HEADER.size) // _FRAME_BYTES
"""What a WAV header can count: 18 hours at 16 kHz."""


class Recorder:
    """Records one call. Tell it both sides in any order; whatever is not told is silence.

    A disk that refuses ends the recording, not the call: ``warn`` hears of it once, and
    ``trouble`` keeps what it was told.
    """

    def __init__(self, path: Path, rate_hz: int, warn: Callable[[str], None]) -> None:
        """Raises `ConfigError` where no file can be made."""
        self.path = path
        self.rate_hz = rate_hz
        self.trouble = ""
        self._warn = warn
        self._step = round(_STEP_S * rate_hz)
        # Samples from `_from` on that either side may still change; behind it all is on disk.
        self._open: Samples = np.zeros((round(_OPEN_S * rate_hz) + self._step, 2), dtype="<i2")
        self._from = 0
        self._until = 0
        self._file: int | None = None
        try:
            # Readable by its owner only: it is the caller's voice.
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            if error.errno not in _FULL:
                raise ConfigError(
                    f"cannot write the recording {path}: {error.strerror}",
                    fix="name a file in a directory that exists and may be written to",
                ) from None
            self._give_up(error)
        self._write(0)

    @property
    def seconds(self) -> float:
        """How long the recording is."""
        return self._until / self.rate_hz

    def caller(self, pcm: bytes, at_sample: int) -> None:
        """PCM16 mono from the caller; its first sample is this one of the caller's audio."""
        self._lay(0, pcm, at_sample)

    def agent(self, pcm: bytes, at_sample: int) -> None:
        """PCM16 mono that the caller heard while they were at this sample. What is told again
        replaces what was told."""
        self._lay(1, pcm, at_sample)

    def unheard(self, at_sample: int) -> None:
        """A flush: nothing told of the agent from this sample of the caller's on was heard."""
        self._open[max(0, at_sample - self._from) :, 1] = 0

    def close(self) -> None:
        """Write what is left. Closing twice does nothing."""
        self._write(self._until - self._from)
        self._release()

    def _lay(self, side: int, pcm: bytes, at_sample: int) -> None:
        samples: Samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2")
        late = min(max(0, self._from - at_sample), len(samples))
        samples, at_sample = samples[late:], at_sample + late
        while len(samples) and self._file is not None:
            start = at_sample - self._from
            piece = samples[: max(0, len(self._open) - start)]
            if len(piece):
                self._open[start : start + len(piece), side] = piece
                samples, at_sample = samples[len(piece) :], at_sample + len(piece)
                self._until = max(self._until, at_sample)
            else:
                self._make_room(at_sample)

    def _make_room(self, at_sample: int) -> None:
        if at_sample - self._from < 2 * len(self._open):
            self._write(self._step)
        else:  # a long silence on both sides: the file system keeps it as a hole
            self._write(len(self._open))
            self._from = at_sample - self._step

    def _write(self, count: int) -> None:
        """Put the first ``count`` open samples on disk and correct the sizes in the header."""
        if self._file is None:
            return
        try:
            if self._from + count > _MOST_FRAMES:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            _put(self._file, self._open[:count].tobytes(), self._at(self._from))
            _put(self._file, self._header(self._from + count), 0)
        except OSError as error:
            self._give_up(error)
            return
        kept = len(self._open) - count
        self._open[:kept] = self._open[count:]
        self._open[kept:] = 0
        self._from += count

    def _give_up(self, error: OSError) -> None:
        self.trouble = (
            f"recording stopped after {self._from / self.rate_hz:.1f} s: {error.strerror};"
            f" {self.path} lacks the rest"
        )
        self._release()
        self._warn(self.trouble)

    def _release(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                os.close(self._file)
            self._file = None

    def _at(self, frame: int) -> int:
        return _HEADER.size + frame * _FRAME_BYTES

    def _header(self, frames: int) -> bytes:
        size = frames * _FRAME_BYTES
        rate = self.rate_hz
        form = (b"fmt ", 16, 1, 2, rate, rate * _FRAME_BYTES, _FRAME_BYTES, 16)
        return _HEADER.pack(b"RIFF", _HEADER.size - 8 + size, b"WAVE", *form, b"data", size)


def _put(file: int, data: bytes, at: int) -> None:
    left = memoryview(data)
    while left:
        written = os.pwrite(file, left, at)
        left, at = left[written:], at + written
