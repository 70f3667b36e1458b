"""The call's clock and the caller's audio, told into each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.events import AudioAdvanced
from antiphon.observe.logreader import Told
from antiphon.observe.timebase import AudioClock


def advanced(*pairs: tuple[float, float]) -> AudioClock:
    return AudioClock([Told(n, t, AudioAdvanced(until_s=a)) for n, (t, a) in enumerate(pairs)])


def test_without_audio_the_clocks_are_taken_to_agree() -> None:
    assert AudioClock([]).told(3.0) == 3.0


def test_a_late_word_about_the_audio_is_not_believed_where_a_punctual_one_is_near() -> None:
    clock = advanced((10.0, 0.0), (11.0, 1.0), (12.4, 2.0), (13.0, 3.0))
    assert clock.told(2.0) == 12.0
    assert clock.heard(12.0) == 2.0


def test_clocks_that_drift_are_followed() -> None:
    clock = advanced(*((10 + second * 1.001, float(second)) for second in range(600)))
    assert clock.told(500.0) == pytest.approx(10 + 500.5, abs=0.01)


def test_far_from_any_word_the_nearest_counts() -> None:
    clock = advanced((10.0, 0.0), (11.0, 1.0))
    assert clock.told(500.0) == 510.0
    assert clock.heard(2.0) == -8.0


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=200), st.floats(0, 100))
def test_there_and_back_again(jitter: list[float], moment_s: float) -> None:
    """With a constant offset and any jitter the error never exceeds the jitter, both ways."""
    clock = advanced(*((7.0 + n * 0.5 + late, n * 0.5) for n, late in enumerate(jitter)))
    told = clock.told(moment_s)
    assert -1e-9 <= told - (7.0 + moment_s) <= 0.5 + 1e-9
    assert abs(clock.heard(told) - moment_s) <= 0.5 + 1e-9
