from typing import get_args

import numpy as np
import pytest

from antiphon.testing import sounds
from antiphon.testing.script import SoundKind


@pytest.mark.parametrize("kind", get_args(SoundKind))
@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
def test_a_sound_is_as_long_as_asked_and_neither_clicks_nor_clips(
    kind: SoundKind, rate_hz: int
) -> None:
    made = sounds.make(kind, 0.4, rate_hz, seed=1)
    assert abs(len(made) / rate_hz - 0.4) < 0.002
    assert np.abs(made).max() == pytest.approx(0.5)
    assert abs(made[0]) < 0.02
    assert abs(made[-1]) < 0.02


def test_the_seed_decides() -> None:
    again = [sounds.make("cough", 0.4, 8_000, seed=seed) for seed in (1, 1, 2)]
    assert np.array_equal(again[0], again[1])
    assert not np.array_equal(again[0], again[2])


def test_a_slam_dies_away_and_a_hum_has_a_pitch() -> None:
    slam = sounds.make("slam", 0.5, 16_000, seed=1)
    assert np.square(slam[:4_000]).sum() > 100 * np.square(slam[4_000:]).sum()
    hum = sounds.make("hum", 0.6, 16_000, seed=1)
    first, second = (
        float(np.abs(np.fft.rfft(part, 16_000))[80:220].argmax() + 80)
        for part in (hum[:4_000], hum[-4_400:])
    )
    assert 105 < first < 160
    assert second > first + 10
