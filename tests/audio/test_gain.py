import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.audio.frame import int16, pcm16
from antiphon.audio.gain import (
    CEILING_DBFS,
    KNEE_DBFS,
    MUTE_DB,
    Gain,
    fade_in,
    fade_out,
    normalise_gain_db,
    soft_limit,
)
from antiphon.audio.levels import amplitude, loudness_dbfs, peak_dbfs
from antiphon.audio.resample import from_float

RATE_HZ = 8000
LEVELS = st.one_of(st.just(MUTE_DB), st.just(0.0), st.floats(-60, 12))
RAMPS = st.floats(0.005, 0.1)


def steady(samples: int, value: int = 20000) -> bytes:
    return np.full(samples, value, "<i2").tobytes()


def tone(level: float, seconds: float = 1.0) -> bytes:
    phase = 2 * np.pi * 300 * np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return from_float(level * np.sin(phase))


def test_unit_gain_gives_back_the_same_object() -> None:
    gain, pcm = Gain(RATE_HZ), steady(160)
    assert gain.apply(pcm) is pcm
    gain.set(0.0)
    assert gain.settled
    assert gain.apply(pcm) is pcm


def test_a_duck_reaches_its_level_exactly_and_returns_to_unity() -> None:
    gain = Gain(RATE_HZ)
    gain.set(-20, 0.02)
    ducked = int16(gain.apply(steady(160)))
    assert (gain.settled, ducked[-1]) == (True, 2000)
    assert set(int16(gain.apply(steady(160)))) == {2000}
    gain.set(0.0, 0.02)
    assert gain.apply(steady(160)) != steady(160)
    pcm = steady(160)
    assert gain.apply(pcm) is pcm


def test_mute_is_silence() -> None:
    gain = Gain(RATE_HZ)
    gain.set(MUTE_DB, 0.01)
    assert not int16(gain.apply(steady(160)))[79:].any()


def test_a_new_target_in_the_middle_of_a_ramp_goes_on_from_there() -> None:
    gain = Gain(RATE_HZ)
    gain.set(MUTE_DB, 0.02)
    first = int16(gain.apply(steady(80)))
    assert not gain.settled
    assert gain.factor == pytest.approx(0.5, abs=0.01)
    gain.set(0.0, 0.02)
    second = int16(gain.apply(steady(160)))
    assert abs(int(second[0]) - int(first[-1])) < 20
    assert second[-1] == 20000


def test_a_ramp_of_no_length_is_a_step() -> None:
    gain = Gain(RATE_HZ, start_db=-6)
    gain.set(MUTE_DB, 0)
    assert not any(gain.apply(steady(10)))


@pytest.mark.parametrize("target_db", [40.1, math.inf, math.nan])
def test_a_gain_that_cannot_be_meant_is_refused(target_db: float) -> None:
    with pytest.raises(ValueError, match="dB"):
        Gain(RATE_HZ).set(target_db)


@settings(deadline=None)
@given(
    st.lists(st.tuples(LEVELS, RAMPS, st.integers(0, 400)), min_size=1, max_size=5),
    st.data(),
)
def test_chunking_never_changes_the_output(
    steps: list[tuple[float, float, int]], data: st.DataObject
) -> None:
    noise = np.random.default_rng(1).integers(-32768, 32768, 400).astype(np.int16)
    whole, parts = Gain(RATE_HZ), Gain(RATE_HZ)
    for target_db, ramp_s, samples in steps:
        whole.set(target_db, ramp_s)
        parts.set(target_db, ramp_s)
        pcm = pcm16(noise[:samples])
        cuts = data.draw(st.lists(st.integers(0, samples), max_size=4).map(sorted))
        edges = [0, *cuts, samples]
        pieces = [parts.apply(pcm[2 * a : 2 * b]) for a, b in pairwise(edges)]
        assert b"".join(pieces) == whole.apply(pcm)


@settings(deadline=None)
@given(st.lists(st.tuples(LEVELS, RAMPS, st.integers(1, 900)), min_size=1, max_size=6))
def test_gain_changes_never_click(steps: list[tuple[float, float, int]]) -> None:
    """On a steady input every jump comes from the gain: it stays below the slope of its ramp."""
    gain, level, out, bound = Gain(RATE_HZ), 6000, [6000], 0.0
    for target_db, ramp_s, samples in steps:
        start = gain.factor
        gain.set(target_db, ramp_s)
        change = abs(amplitude(target_db) - start)
        bound = max(bound, level * change * math.pi / 2 / round(ramp_s * RATE_HZ))
        out += int16(gain.apply(steady(samples, level))).tolist()
    # 1.5: where the limiter blends in, its own slope adds to that of the gain.
    assert np.abs(np.diff(out)).max() <= 1.5 * bound + 1


def test_crossing_unity_on_full_scale_audio_is_smooth() -> None:
    gain = Gain(RATE_HZ)
    gain.set(6.0, 0.1)
    loud = int16(gain.apply(steady(800, 32767))).astype(int)
    assert np.abs(np.diff(loud)).max() < 400
    assert loud[0] >= 32700
    assert peak_dbfs(loud[-1:].astype(np.int16)) <= CEILING_DBFS + 0.01


def test_fades_touch_only_their_edge() -> None:
    pcm = steady(400)
    start, end = int16(fade_in(pcm, RATE_HZ)), int16(fade_out(pcm, RATE_HZ))
    assert (abs(start[0]) < 50, end[-1]) == (True, 0)
    assert np.abs(np.diff(start.astype(int))).max() < 900
    assert np.abs(np.diff(end.astype(int))).max() < 900
    assert set(start[40:]) == set(end[:360]) == {20000}
    assert len(fade_out(steady(10), RATE_HZ)) == 20
    assert fade_out(b"", RATE_HZ) == fade_in(b"", RATE_HZ) == b""


@given(st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=50))
def test_the_limiter_keeps_its_ceiling_and_leaves_quiet_audio_alone(values: list[float]) -> None:
    samples = np.array(sorted(values), np.float32)
    limited = soft_limit(samples)
    quiet = np.abs(samples) <= np.float32(amplitude(KNEE_DBFS))
    assert (limited[quiet] == samples[quiet]).all()
    assert np.abs(limited).max() <= amplitude(CEILING_DBFS) + 1e-6
    assert (np.diff(limited) >= 0).all()
    assert soft_limit(-samples).tolist() == (-limited).tolist()


@pytest.mark.parametrize("level", [0.05, 0.1, 0.3, 0.9])
def test_a_normalised_voice_has_the_target_loudness(level: float) -> None:
    gain = Gain(RATE_HZ, normalise_gain_db(tone(level), RATE_HZ))
    assert loudness_dbfs(int16(gain.apply(tone(level))), RATE_HZ) == pytest.approx(-20, abs=0.1)


def test_silence_is_not_boosted_nor_a_whisper_beyond_the_limit() -> None:
    assert normalise_gain_db(bytes(8000), RATE_HZ) == 0
    assert normalise_gain_db(tone(0.01), RATE_HZ) == 12
    assert normalise_gain_db(tone(0.01), RATE_HZ, max_boost_db=6) == 6


def test_a_voice_with_high_peaks_is_boosted_less() -> None:
    peaky = int16(tone(0.02)).copy()
    peaky[::4000] = 32767
    assert normalise_gain_db(pcm16(peaky), RATE_HZ) == pytest.approx(5.0, abs=0.01)
