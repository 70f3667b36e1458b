"""A pretended detector and clock for the media plane, and the real models where they are kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.models.store import ModelStore


@dataclass
class HandClock:
    """Stands still until the test moves it."""

    now_s: float = 1000.0

    def now(self) -> float:
        return self.now_s

    async def sleep_until(self, when_s: float) -> None:
        self.now_s = max(self.now_s, when_s)


@dataclass
class LoudnessDetector:
    """Speech is whatever is loud: the score is 1.0 for a window with any sample above half."""

    runs: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    claimed: set[int] = field(default_factory=set)

    def window(self, rate_hz: int) -> int:
        return {8_000: 256, 16_000: 512}[rate_hz]

    def open(self) -> int:
        slot = min(set(range(len(self.claimed) + 1)) - self.claimed)
        self.claimed.add(slot)
        return slot

    def close(self, slot: int) -> None:
        self.claimed.remove(slot)

    def score(
        self, windows: NDArray[np.float32], slots: Sequence[int], rate_hz: int
    ) -> NDArray[np.float32]:
        assert windows.shape == (len(slots), self.window(rate_hz))
        assert len(set(slots)) == len(slots), "a slot twice in one batch"
        assert set(slots) <= self.claimed, "a slot that is not open"
        self.runs.append((rate_hz, tuple(slots)))
        return (np.abs(windows).max(axis=1) > 0.5).astype(np.float32)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def detector() -> LoudnessDetector:
    return LoudnessDetector()


def _model(name: str) -> Path:
    store = ModelStore()
    if not store.present(name):
        pytest.skip(f"model {name} is not here: antiphon models pull {name}")
    return store.path(name)


@pytest.fixture(scope="session")
def silero_path() -> Path:
    return _model("silero-vad")


@pytest.fixture(scope="session")
def smart_turn_path() -> Path:
    return _model("smart-turn")


@pytest.fixture(scope="session")
def speech_path() -> Path:
    return _model("speech-samples")
