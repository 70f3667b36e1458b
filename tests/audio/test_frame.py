import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.audio.frame import FRAME_S, Encoding, Frame, Framer, frame_samples, int16, pcm16
from antiphon.audio.g711 import decode_alaw, decode_mulaw

ENCODINGS = st.sampled_from(["pcm16", "mulaw", "alaw"])


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    chunks = []
    for size in sizes:
        chunks.append(data[:size])
        data = data[size:]
    return [*chunks, data]


def test_a_frame_knows_its_length() -> None:
    frame = Frame(bytes(320), 8000)
    assert (frame.samples, frame.duration_s, frame.original) == (160, FRAME_S, None)


def test_samples_and_bytes_are_each_other() -> None:
    samples = np.array([-32768, -1, 0, 1, 32767], np.int16)
    assert pcm16(samples) == b"\x00\x80\xff\xff\x00\x00\x01\x00\xff\x7f"
    assert int16(pcm16(samples)).tolist() == samples.tolist()


@pytest.mark.parametrize(
    "rate_hz,samples", [(8000, 160), (16000, 320), (22050, 441), (44100, 882), (48000, 960)]
)
def test_every_usual_rate_has_whole_frames(rate_hz: int, samples: int) -> None:
    assert frame_samples(rate_hz) == samples


@pytest.mark.parametrize("rate_hz", [11025, 0, -8000])
def test_a_rate_without_whole_frames_is_refused(rate_hz: int) -> None:
    with pytest.raises(ValueError, match="whole 20 ms frames"):
        frame_samples(rate_hz)


@given(st.binary(max_size=2000), st.lists(st.integers(0, 700), max_size=8), ENCODINGS)
def test_chunking_never_changes_the_frames(
    data: bytes, sizes: list[int], encoding: Encoding
) -> None:
    whole, parts = Framer(8000, encoding), Framer(8000, encoding)
    expected = whole.feed(data)
    got = [frame for chunk in cut(data, sizes) for frame in parts.feed(chunk)]
    assert got == expected
    assert parts.flush() == whole.flush()


@given(st.binary(max_size=2000), ENCODINGS)
def test_every_byte_comes_out_once_and_every_frame_is_whole(
    data: bytes, encoding: Encoding
) -> None:
    framer = Framer(8000, encoding)
    frames = framer.feed(data)
    tail = framer.flush()
    frames += [tail] if tail else []
    assert all(frame.samples == 160 for frame in frames)
    if encoding == "pcm16":
        data = data[: len(data) & ~1]
        assert b"".join(frame.pcm for frame in frames).rstrip(b"\0") == data.rstrip(b"\0")
    else:
        payload = b"".join(frame.original or b"" for frame in frames)
        silence = b"\xff" if encoding == "mulaw" else b"\xd5"
        assert payload.rstrip(silence) == data.rstrip(silence)
        assert {frame.encoding for frame in frames} <= {encoding}
    assert framer.flush() is None


def test_a_companded_frame_keeps_its_payload() -> None:
    payload = bytes(range(160))
    assert Framer(8000, "mulaw").feed(payload) == [
        Frame(decode_mulaw(payload), 8000, payload, "mulaw")
    ]
    assert Framer(8000, "alaw").feed(payload) == [
        Frame(decode_alaw(payload), 8000, payload, "alaw")
    ]


def test_the_padded_tail_is_silence() -> None:
    framer = Framer(8000, "mulaw")
    framer.feed(b"\x80")
    tail = framer.flush()
    assert tail is not None
    assert np.flatnonzero(int16(tail.pcm)).tolist() == [0]


def test_half_a_sample_at_the_end_is_dropped() -> None:
    framer = Framer(8000)
    assert framer.feed(b"\x01") == []
    assert framer.flush() is None


def test_other_byte_buffers_become_bytes() -> None:
    [frame] = Framer(8000).feed(bytearray(320))
    assert type(frame.pcm) is bytes
