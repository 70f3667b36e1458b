"""A recording made small."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.audio.g711 import decode_mulaw
from antiphon.observe.playback import Recording
from antiphon.observe.sound import mulaw_wav, peaks


def tones(rate_hz: int, seconds: float = 1.0) -> Recording:
    t = np.arange(round(rate_hz * seconds)) / rate_hz
    low, high = (8000 * np.sin(2 * np.pi * hz * t) for hz in (300, 700))
    return Recording(low.astype(np.int16), high.astype(np.int16), rate_hz)


@pytest.mark.parametrize("rate_hz, kept_hz", [(8_000, 8_000), (16_000, 16_000), (48_000, 16_000)])
def test_both_sides_survive(rate_hz: int, kept_hz: int) -> None:
    wav = mulaw_wav(tones(rate_hz))
    assert (wav[:4], wav[8:16]) == (b"RIFF", b"WAVEfmt ")
    assert struct.unpack_from("<I", wav, 4)[0] == len(wav) - 8
    form = struct.unpack_from("<HHIIHH", wav, 20)
    assert form == (7, 2, kept_hz, 2 * kept_hz, 2, 8)
    at = wav.index(b"data")
    body = wav[at + 8 :]
    assert struct.unpack_from("<I", wav, at + 4)[0] == len(body) == 2 * kept_hz
    for side, hz in enumerate((300, 700)):
        samples = np.frombuffer(decode_mulaw(body[side::2]), np.int16)
        assert np.abs(np.fft.rfft(samples)).argmax() == hz


def test_a_minute_fits_in_three_megabytes() -> None:
    assert len(mulaw_wav(tones(48_000, 6.0))) * 4 / 3 * 10 < 3_000_000


@given(st.lists(st.integers(-32768, 32767), max_size=400), st.sampled_from([8_000, 16_000]))
def test_a_peak_holds_what_it_covers(values: list[int], rate_hz: int) -> None:
    samples = np.array(values, np.int16)
    found = np.frombuffer(peaks(samples, rate_hz), np.int8).reshape(-1, 2).astype(int)
    count = rate_hz // 200
    assert len(found) == -(-len(values) // count)
    for n, (low, high) in enumerate(found):
        part = samples[n * count : (n + 1) * count]
        assert low <= part.min() >> 8
        assert high >= part.max() >> 8
