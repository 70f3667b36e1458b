"""Sound as it comes, bare or in a WAV file, cut anywhere."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import RemoteProtocolError
from antiphon.net.wav import to_wav
from antiphon.net.wav_stream import MOST_HEAD, Sound

PCM = bytes(range(2, 202))


def read(data: bytes, step: int) -> tuple[bytes, int | None]:
    sound = Sound()
    pcm = b"".join(sound.feed(data[at : at + step]) for at in range(0, len(data), step))
    return pcm + sound.finish(), sound.rate_hz


def file(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        struct.pack("<4sI", kind, len(data)) + data + bytes(len(data) & 1) for kind, data in chunks
    )
    return b"RIFF\xff\xff\xff\xffWAVE" + body


def fmt(kind: int = 1, channels: int = 1, rate_hz: int = 16_000, bits: int = 16) -> bytes:
    return struct.pack("<HHIIHH", kind, channels, rate_hz, 0, 0, bits)


@given(st.integers(1, 300), st.binary(min_size=0, max_size=60))
def test_bare_sound_is_left_as_it_is(step: int, pcm: bytes) -> None:
    if not pcm.startswith(b"RIFF"):
        assert read(pcm, step) == (pcm, None)


@given(st.integers(1, 300))
def test_a_files_head_is_taken_off_and_its_rate_told(step: int) -> None:
    assert read(to_wav(PCM, 22_050), step) == (PCM, 22_050)


@pytest.mark.parametrize("length", [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x00\x00\xff\x7f"])
def test_a_length_that_nobody_knew_is_not_believed(length: bytes) -> None:
    head = to_wav(b"", 24_000)[:-4] + length
    assert read(head + PCM, 7) == (PCM, 24_000)


def test_what_stands_before_and_after_the_sound_is_left_out() -> None:
    data = file((b"LIST", b"odd"), (b"fmt ", fmt(0xFFFE)), (b"data", PCM), (b"LIST", b"after"))
    for step in (1, 5, len(data)):
        assert read(data, step) == (PCM, 16_000)


@pytest.mark.parametrize(
    "data, why",
    [
        (file((b"fmt ", fmt(channels=2)), (b"data", PCM)), "2 channels"),
        (file((b"fmt ", fmt(kind=3, bits=32)), (b"data", PCM)), "32 bits"),
        (file((b"fmt ", b"short"), (b"data", PCM)), "does not say its format"),
        (file((b"data", PCM)), "does not say its format"),
        (file((b"LIST", bytes(MOST_HEAD))), "without sound"),
        (to_wav(PCM, 24_000)[:40], "without sound"),
    ],
)
def test_other_files_are_turned_down(data: bytes, why: str) -> None:
    with pytest.raises(RemoteProtocolError, match=why):
        read(data, 11)


def test_a_head_without_an_end_is_not_waited_for() -> None:
    sound = Sound()
    endless = b"RIFF\xff\xff\xff\xffWAVELIST\xff\xff\xff\x00"
    assert sound.feed(endless) == b""
    with pytest.raises(RemoteProtocolError, match="without sound"):
        sound.feed(bytes(MOST_HEAD))
