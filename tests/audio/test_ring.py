import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.audio.frame import pcm16
from antiphon.audio.ring import Ring


def ramp(samples: int, start: int = 1) -> np.ndarray:
    return np.arange(start, start + samples).astype(np.int16)


def test_the_newest_samples_are_kept_and_the_older_read_as_silence() -> None:
    ring = Ring(4)
    ring.write(pcm16(ramp(6)))
    assert (ring.start, ring.end) == (2, 6)
    assert ring.read(0, 6).tolist() == [0, 0, 3, 4, 5, 6]
    assert ring.last(3).tolist() == [4, 5, 6]


def test_before_the_call_there_was_silence() -> None:
    ring = Ring(8)
    ring.write(pcm16(ramp(2)))
    assert ring.last(5).tolist() == [0, 0, 0, 1, 2]


@pytest.mark.parametrize("start,stop", [(0, 3), (2, 1)])
def test_the_future_and_backward_ranges_cannot_be_read(start: int, stop: int) -> None:
    ring = Ring(4)
    ring.write(bytes(4))
    with pytest.raises(ValueError, match="cannot read"):
        ring.read(start, stop)


def test_a_ring_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Ring(0)


def test_what_was_read_does_not_change_with_the_ring() -> None:
    ring = Ring(2)
    ring.write(pcm16(ramp(2)))
    held = ring.last(2)
    ring.write(pcm16(ramp(2, 7)))
    assert held.tolist() == [1, 2]


@given(
    st.integers(1, 20),
    st.lists(st.integers(0, 50), max_size=12),
    st.integers(-5, 300),
    st.integers(0, 60),
)
def test_reads_as_an_endless_recording_would(
    capacity: int, writes: list[int], start: int, length: int
) -> None:
    ring, whole = Ring(capacity), np.zeros(0, np.int16)
    for samples in writes:
        new = ramp(samples, len(whole) + 1)
        whole = np.concatenate([whole, new])
        ring.write(pcm16(new))
    assert ring.end == len(whole)
    stop = min(ring.end, start + length)
    start = min(start, stop)
    expected = [
        int(whole[at]) if at >= max(0, len(whole) - capacity) else 0 for at in range(start, stop)
    ]
    assert ring.read(start, stop).tolist() == expected
