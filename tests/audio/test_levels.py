import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.audio.levels import (
    QUIETEST_DBFS,
    Span,
    amplitude,
    decibels,
    loudness_dbfs,
    offset_s,
    onset_s,
    peak_dbfs,
    rms_dbfs,
    speech_spans,
)

RATE_HZ = 8000
NOTHING = np.zeros(0, np.int16)


def tone(seconds: float, level: float = 0.1) -> np.ndarray:
    # 500 Hz from its crest, so that the first and last samples are loud ones.
    phase = 2 * np.pi * 500 * np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (level * 32767 * np.cos(phase)).astype(np.int16)


def quiet(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE_HZ), np.int16)


def test_full_scale_square_is_zero_and_full_scale_sine_three_below() -> None:
    assert rms_dbfs(np.full(100, -32768, np.int16)) == 0
    assert rms_dbfs(tone(1, 1.0)) == pytest.approx(-3.01, abs=0.01)
    assert peak_dbfs(tone(1, 0.5)) == pytest.approx(-6.02, abs=0.01)


def test_silence_and_nothing_have_the_quietest_level() -> None:
    for samples in (NOTHING, quiet(1)):
        assert rms_dbfs(samples) == peak_dbfs(samples) == QUIETEST_DBFS
        assert loudness_dbfs(samples, RATE_HZ) == QUIETEST_DBFS


def test_decibels_and_amplitude_are_each_other() -> None:
    assert amplitude(-20) == pytest.approx(0.1)
    assert decibels(0.1) == pytest.approx(-20)
    assert amplitude(-math.inf) == 0
    assert decibels(0) == decibels(1e-12) == QUIETEST_DBFS


def test_loudness_ignores_the_pauses() -> None:
    speech = np.concatenate([tone(1), quiet(3), tone(0.001, 0.003), quiet(2), tone(1)])
    assert loudness_dbfs(speech, RATE_HZ) == pytest.approx(rms_dbfs(tone(1)), abs=1.0)
    assert rms_dbfs(speech) < rms_dbfs(tone(1)) - 5


def test_loudness_of_a_word_shorter_than_a_block() -> None:
    assert loudness_dbfs(tone(0.1), RATE_HZ) == pytest.approx(rms_dbfs(tone(0.1)))


def test_an_onset_is_found_to_the_sample() -> None:
    recording = np.concatenate([quiet(0.5), tone(1), quiet(0.5)])
    assert onset_s(recording, RATE_HZ) == 0.5
    assert offset_s(recording, RATE_HZ) == pytest.approx(1.5, abs=0.001)
    assert speech_spans(recording, RATE_HZ) == [Span(0.5, offset_s(recording, RATE_HZ))]


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(np.array([32767], np.int16), id="a click"),
        pytest.param(tone(1, 0.002), id="hum below the floor"),
        pytest.param(tone(0.009), id="a blip of 9 ms"),
    ],
)
def test_what_is_not_sustained_or_not_loud_is_no_onset(sound: np.ndarray) -> None:
    recording = np.concatenate([quiet(0.3), sound, quiet(0.3)])
    assert onset_s(recording, RATE_HZ) is None
    assert offset_s(recording, RATE_HZ) is None
    assert speech_spans(recording, RATE_HZ) == []


def test_a_recording_shorter_than_the_window_holds_no_onset() -> None:
    assert onset_s(tone(0.019), RATE_HZ) is None
    assert onset_s(NOTHING, RATE_HZ) is None


def test_the_floor_can_be_moved() -> None:
    recording = np.concatenate([quiet(0.1), tone(1, 0.002)])
    assert onset_s(recording, RATE_HZ, floor_db=-70) == pytest.approx(0.1, abs=0.001)


def test_search_from_and_to_a_moment() -> None:
    recording = np.concatenate([tone(0.5), quiet(0.5), tone(0.5), quiet(0.5)])
    assert onset_s(recording, RATE_HZ, after_s=0.6) == 1.0
    assert onset_s(recording, RATE_HZ, after_s=-1) == 0.0
    assert onset_s(recording, RATE_HZ, after_s=1.6) is None
    assert offset_s(recording, RATE_HZ, before_s=0.9) == pytest.approx(0.5, abs=0.001)
    assert offset_s(recording, RATE_HZ, before_s=-1) is None
    assert offset_s(recording, RATE_HZ, before_s=9) == pytest.approx(1.5, abs=0.001)


def test_short_gaps_join_and_long_ones_part() -> None:
    recording = np.concatenate([tone(0.3), quiet(0.1), tone(0.3), quiet(0.4), tone(0.3)])
    spans = speech_spans(recording, RATE_HZ)
    assert [round(span.start_s, 2) for span in spans] == [0.0, 1.1]
    assert [round(span.end_s, 2) for span in spans] == [0.7, 1.4]
    assert len(speech_spans(recording, RATE_HZ, min_gap_s=0.05)) == 3
    assert len(speech_spans(recording, RATE_HZ, min_gap_s=1)) == 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.25, 0.6), st.floats(0.05, 0.6)), min_size=1, max_size=5))
def test_spans_are_where_the_sound_was_put(parts: list[tuple[float, float]]) -> None:
    recording, expected, at = NOTHING, [], 0
    for gap_s, sound_s in parts:
        recording = np.concatenate([recording, quiet(gap_s), tone(sound_s)])
        start = at + round(gap_s * RATE_HZ)
        at = len(recording)
        expected.append((start / RATE_HZ, at / RATE_HZ))
    spans = speech_spans(recording, RATE_HZ)
    assert len(spans) == len(expected)
    for span, (start_s, end_s) in zip(spans, expected, strict=True):
        assert span.start_s == start_s
        assert span.end_s == pytest.approx(end_s, abs=0.001)
