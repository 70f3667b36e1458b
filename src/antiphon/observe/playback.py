"""A recording read back, both sides apart."""

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from antiphon.errors import ConfigError

__all__ = ["Recording", "load"]


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Both sides of a call on the caller's clock."""

    caller: NDArray[np.int16]
    agent: NDArray[np.int16]
    rate_hz: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.caller) / self.rate_hz


def load(path: Path) -> Recording:
    """A 16-bit stereo WAV file: caller left, agent right. Raises `ConfigError` on another."""
    try:
        with wave.open(str(path), "rb") as file:
            shape = (file.getnchannels(), file.getsampwidth())
            rate_hz, data = file.getframerate(), file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise ConfigError(f"cannot read the recording {path}: {error}") from None
    if shape != (2, 2):
        raise ConfigError(
            f"{path} has {shape[0]} channels of {8 * shape[1]} bits",
            fix="a call's recording has 2 channels of 16 bits, caller left, agent right",
        )
    sound = np.frombuffer(data[: len(data) // 4 * 4], dtype="<i2").reshape(-1, 2)
    return Recording(sound[:, 0].copy(), sound[:, 1].copy(), rate_hz)
