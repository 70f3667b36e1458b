import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.audio.frame import int16, pcm16
from antiphon.audio.levels import rms_dbfs
from antiphon.audio.resample import Resampler, from_float, latency_s, mono, resample, to_float

RATES = st.sampled_from([8000, 11025, 16000, 22050, 24000, 44100, 48000])


def tone(rate_hz: int, hz: float, seconds: float, level: float = 0.5) -> bytes:
    return from_float(level * np.sin(2 * np.pi * hz * np.arange(int(rate_hz * seconds)) / rate_hz))


@settings(deadline=None, max_examples=60)
@given(
    RATES,
    RATES,
    st.integers(0, 6000),
    st.lists(st.integers(0, 1500), max_size=8),
    st.integers(0, 2**32 - 1),
)
def test_chunking_never_changes_the_output(
    from_hz: int, to_hz: int, samples: int, sizes: list[int], seed: int
) -> None:
    noise = np.random.default_rng(seed).integers(-32768, 32768, samples)
    pcm = pcm16(noise.astype(np.int16))
    whole = resample(pcm, from_hz, to_hz)
    stream, parts, rest = Resampler(from_hz, to_hz), b"", pcm
    for size in sizes:
        parts += stream.feed(rest[: 2 * size])
        rest = rest[2 * size :]
    parts += stream.feed(rest) + stream.flush()
    assert len(parts) == len(whole)
    assert np.abs(int16(parts).astype(int) - int16(whole)).max(initial=0) <= 1
    assert len(whole) // 2 == round(samples * (to_hz / from_hz))


@pytest.mark.parametrize("from_hz,to_hz", [(8000, 16000), (16000, 8000), (22050, 16000)])
def test_a_minute_does_not_drift(from_hz: int, to_hz: int) -> None:
    """Pulses 10 s apart come out where they belong."""
    wave = np.zeros(60 * from_hz)
    bump = 0.5 * np.hanning(from_hz // 100 | 1)
    centres_s = np.arange(5, 60, 10)
    for centre in centres_s * from_hz:
        wave[centre - len(bump) // 2 : centre + len(bump) // 2 + 1] = bump
    stream, out = Resampler(from_hz, to_hz), b""
    pcm = from_float(wave)
    frame = from_hz // 50 * 2
    for at in range(0, len(pcm), frame):
        out += stream.feed(pcm[at : at + frame])
    out += stream.flush()
    assert len(out) // 2 == 60 * to_hz
    for centre in centres_s:
        near = to_float(out)[(centre - 1) * to_hz : (centre + 1) * to_hz].astype(float)
        found_s = centre - 1 + near @ np.arange(len(near)) / near.sum() / to_hz
        assert abs(found_s - centre) < 0.0005


@pytest.mark.parametrize("from_hz,to_hz", [(8000, 16000), (16000, 8000), (48000, 16000)])
def test_a_live_stream_lags_by_what_it_says(from_hz: int, to_hz: int) -> None:
    stream, out = Resampler(from_hz, to_hz), 0
    for frames in range(1, 101):
        out += len(stream.feed(bytes(from_hz // 50 * 2))) // 2
        if frames > 5:
            assert frames * 0.02 - out / to_hz == pytest.approx(stream.latency_s, abs=0.001)
    assert 0 < stream.latency_s <= 0.0305


def test_the_same_rate_passes_the_same_object_through() -> None:
    stream, pcm = Resampler(8000, 8000), b"\x01\x02"
    assert stream.feed(pcm) is pcm
    assert stream.flush() == b""
    assert latency_s(8000, 8000) == 0


def test_after_a_flush_a_new_stream_begins() -> None:
    pcm = tone(8000, 440, 0.5)
    stream = Resampler(8000, 16000)
    first = stream.feed(pcm) + stream.flush()
    assert stream.feed(pcm) + stream.flush() == first


def test_silence_stays_silence() -> None:
    assert not any(resample(bytes(16000), 8000, 16000))


@pytest.mark.parametrize("from_hz,to_hz", [(8000, 16000), (24000, 8000), (44100, 16000)])
def test_the_voice_band_comes_through_and_what_does_not_fit_is_gone(
    from_hz: int, to_hz: int
) -> None:
    kept = int16(resample(tone(from_hz, 3000, 1), from_hz, to_hz))[to_hz // 4 : -to_hz // 4]
    assert rms_dbfs(kept) == pytest.approx(-9.03, abs=0.05)
    if from_hz > to_hz:
        alias = int16(resample(tone(from_hz, 0.47 * from_hz, 1), from_hz, to_hz))
        assert rms_dbfs(alias[to_hz // 4 : -to_hz // 4]) < -80


def test_stereo_becomes_the_mean_of_its_sides() -> None:
    stereo = np.array([100, 300, -32768, -32768, 32767, -32767], np.int16)
    assert int16(mono(pcm16(stereo), 2)).tolist() == [200, -32768, 0]
    assert mono(b"\x01\x02", 1) == b"\x01\x02"
    with pytest.raises(ValueError):
        mono(pcm16(stereo[:5]), 2)


@given(st.binary(max_size=200).map(lambda data: data[: len(data) & ~1]))
def test_floats_bring_back_the_same_samples(pcm: bytes) -> None:
    assert from_float(to_float(pcm)) == pcm


def test_floats_out_of_range_are_clipped() -> None:
    assert int16(from_float(np.array([-2.0, 2.0]))).tolist() == [-32768, 32767]
