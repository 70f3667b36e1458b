"""The oracle is CPython's own audioop, which left the library in 3.13; the digests of its full
tables stand in for it there."""

import hashlib
import sys
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.audio.g711 import decode_alaw, decode_mulaw, encode_alaw, encode_mulaw

EVERY_SAMPLE = np.arange(-32768, 32768).astype("<i2").tobytes()
EVERY_CODE = bytes(range(256))


@pytest.mark.parametrize(
    "code,data,digest",
    [
        (
            encode_mulaw,
            EVERY_SAMPLE,
            "81d633c9e6972a18c74a58720b96cb8ca0bdd096d4060b646dd708c3b846019a",
        ),
        (
            encode_alaw,
            EVERY_SAMPLE,
            "38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b",
        ),
        (
            decode_mulaw,
            EVERY_CODE,
            "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827",
        ),
        (
            decode_alaw,
            EVERY_CODE,
            "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174",
        ),
    ],
)
def test_the_whole_table_has_the_oracles_digest(
    code: Callable[[bytes], bytes], data: bytes, digest: str
) -> None:
    assert hashlib.sha256(code(data)).hexdigest() == digest


if sys.version_info < (3, 13):

    def test_every_value_agrees_with_the_oracle() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            import audioop
        assert encode_mulaw(EVERY_SAMPLE) == audioop.lin2ulaw(EVERY_SAMPLE, 2)
        assert encode_alaw(EVERY_SAMPLE) == audioop.lin2alaw(EVERY_SAMPLE, 2)
        assert decode_mulaw(EVERY_CODE) == audioop.ulaw2lin(EVERY_CODE, 2)
        assert decode_alaw(EVERY_CODE) == audioop.alaw2lin(EVERY_CODE, 2)


def test_alaw_codes_survive_a_round_trip() -> None:
    assert encode_alaw(decode_alaw(EVERY_CODE)) == EVERY_CODE


def test_mulaw_codes_survive_a_round_trip_but_for_its_second_zero() -> None:
    expected = EVERY_CODE.replace(b"\x7f", b"\xff")
    assert encode_mulaw(decode_mulaw(EVERY_CODE)) == expected


@given(st.binary(max_size=400).map(lambda data: data[: len(data) & ~1]), st.integers(0, 200))
def test_joined_frames_code_as_they_would_alone(pcm: bytes, at: int) -> None:
    at = min(2 * at, len(pcm))
    for code in (encode_mulaw, encode_alaw):
        assert code(pcm[:at]) + code(pcm[at:]) == code(pcm)


@given(st.integers(-32768, 32767))
def test_the_error_is_within_the_laws_step(sample: int) -> None:
    pcm = np.array([sample], "<i2").tobytes()
    for encode, decode in ((encode_mulaw, decode_mulaw), (encode_alaw, decode_alaw)):
        [back] = np.frombuffer(decode(encode(pcm)), "<i2")
        assert abs(int(back) - sample) <= max(16, abs(sample) // 16)
