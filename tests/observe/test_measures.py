"""Reaction times, measured in made-up recordings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from antiphon.observe.measures import (
    ducked_s,
    longest_pause_s,
    onsets_between,
    silent_s,
    spoken_by,
)
from antiphon.observe.playback import Recording

RATE_HZ = 8_000


def sound(*parts: tuple[float, float, float], length_s: float = 10.0) -> NDArray[np.int16]:
    """Noise of a peak level between two moments, silence elsewhere."""
    chance = np.random.default_rng(1)
    samples = np.zeros(round(length_s * RATE_HZ))
    for start_s, end_s, db in parts:
        part = slice(round(start_s * RATE_HZ), round(end_s * RATE_HZ))
        samples[part] = chance.choice([-1, 1], part.stop - part.start) * 32767 * 10 ** (db / 20)
    return samples.astype(np.int16)


def agent(*parts: tuple[float, float, float]) -> Recording:
    return Recording(sound(), sound(*parts), RATE_HZ)


@given(st.floats(0.1, 4), st.floats(0.1, 4))
def test_the_first_and_last_sample_are_found_to_the_sample(start_s: float, length_s: float) -> None:
    samples = sound((start_s, start_s + length_s, -20))
    found = spoken_by(samples, RATE_HZ, 0.0, 10.0)
    assert found is not None
    assert found[0] == pytest.approx(start_s, abs=1.01 / RATE_HZ)
    assert found[1] == pytest.approx(start_s + length_s, abs=1.01 / RATE_HZ)


def test_silence_and_what_is_below_the_floor_are_not_speech() -> None:
    assert spoken_by(sound(), RATE_HZ, 0, 10) is None
    assert spoken_by(sound((1, 2, -50)), RATE_HZ, 0, 10) is None
    assert spoken_by(sound((1, 2, -20)), RATE_HZ, 3, 10) is None


def test_onsets_are_those_after_a_pause() -> None:
    samples = sound((1, 2, -20), (2.1, 3, -20), (4, 5, -20))
    assert onsets_between(samples, RATE_HZ, 0.5, 9) == [1.0, 4.0]
    assert onsets_between(samples, RATE_HZ, 1.0, 4.0) == []


def test_a_lowered_voice_is_no_pause() -> None:
    samples = sound((1, 2, -20), (2, 3, -48), (3.2, 4, -20))
    assert longest_pause_s(samples, RATE_HZ, 1, 4) == pytest.approx(0.2, abs=0.01)


def test_a_pause_at_either_end_counts() -> None:
    assert longest_pause_s(sound((2, 3, -20)), RATE_HZ, 1, 3) == pytest.approx(1.0)
    assert longest_pause_s(sound((2, 3, -20)), RATE_HZ, 2, 4) == pytest.approx(1.0)
    assert longest_pause_s(sound(), RATE_HZ, 2, 4) == pytest.approx(2.0)


def test_silence_comes_at_the_end_of_the_stretch_that_was_audible() -> None:
    recording = agent((1, 3, -20), (3.2, 4, -20), (5, 6, -20))
    assert silent_s(recording, 2.0) == pytest.approx(2.0)
    assert silent_s(recording, 4.5) is None


def test_a_ducked_voice_is_found_where_it_stays_down() -> None:
    recording = agent((1, 3.14, -20), (3.14, 5, -36))
    assert ducked_s(recording, 3.0, 5.0) == pytest.approx(0.14)


def test_a_gap_between_two_words_is_no_ducking() -> None:
    recording = agent((1, 3.1, -20), (3.2, 4, -20))
    assert ducked_s(recording, 3.0, 4.0) == pytest.approx(1.0)


def test_a_voice_already_down_is_ducked_at_once() -> None:
    recording = agent((1, 3, -20), (3, 5, -40))
    assert ducked_s(recording, 3.0, 5.0) == 0.0


def test_without_a_voice_before_there_is_nothing_to_compare_with() -> None:
    assert ducked_s(agent((3.5, 5, -20)), 3.0, 5.0) is None


def test_a_voice_that_ends_at_once_was_never_loud_again() -> None:
    assert ducked_s(agent((1, 3, -20)), 3.0, 3.005) == 0.0
