import numpy as np
import pytest

from antiphon.audio.frame import frame_samples, int16, pcm16


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
