import numpy as np

from antiphon.transports.microphone.speaker import Speaker

RATE_HZ = 16_000
BLOCK = 160


def level(samples: int, amplitude: int = 10_000) -> bytes:
    return np.full(samples, amplitude, "<i2").tobytes()


def block(speaker: Speaker, at_s: float = 0.0) -> np.ndarray:
    return np.frombuffer(speaker.pull(BLOCK, at_s), "<i2")


def test_blocks_are_full_and_silent_where_there_is_nothing() -> None:
    speaker = Speaker(RATE_HZ)
    assert block(speaker).tolist() == [0] * BLOCK
    speaker.play(level(200))
    assert block(speaker).tolist() == [10_000] * BLOCK
    assert block(speaker).tolist() == [10_000] * 40 + [0] * 120


def test_heard_follows_the_device_clock_and_silence_is_not_counted() -> None:
    speaker = Speaker(RATE_HZ)
    speaker.play(level(200))
    for n in range(4):
        block(speaker, at_s=1.04 + n * 0.01)
    assert speaker.heard(1.03) == 0
    assert speaker.heard(1.04) == 160
    assert speaker.heard(1.05) == 200
    assert speaker.heard(9.0) == 200


def test_a_cut_fades_and_says_where_it_is() -> None:
    speaker = Speaker(RATE_HZ)
    speaker.play(level(1600))
    block(speaker, 0.01)
    assert speaker.flush() == 160 + 80
    faded = block(speaker, 0.02)
    assert np.all(np.diff(faded) <= 0), "it only falls"
    assert np.abs(np.diff(faded)).max() < 300, "and never jumps"
    assert faded[80:].tolist() == [0] * 80
    assert speaker.heard(1.0) == 240


def test_what_is_played_after_a_cut_counts_on_from_what_was_sent() -> None:
    speaker = Speaker(RATE_HZ)
    speaker.play(level(1600))
    block(speaker, 0.01)
    speaker.flush()
    speaker.play(level(100, 5_000))
    after = block(speaker, 0.02)
    assert after[80:].tolist() == [5_000] * 80
    assert speaker.heard(0.02) == 1680
    block(speaker, 0.03)
    assert speaker.heard(0.03) == 1700


def test_a_cut_with_nothing_waiting_is_where_the_device_is() -> None:
    speaker = Speaker(RATE_HZ)
    assert speaker.flush() == 0
    speaker.play(level(100))
    block(speaker)
    assert speaker.flush() == 100
    speaker.play(level(400))
    first = speaker.flush()
    assert speaker.flush() == first, "twice is once"


def test_gain_ramps_down_and_up_again() -> None:
    speaker = Speaker(RATE_HZ)
    speaker.play(level(1600))
    speaker.gain(-20.0, 0.005)
    ducked = block(speaker)
    assert ducked[-1] == 1_000
    assert np.abs(np.diff(ducked)).max() < 300
    speaker.gain(0.0, 0.005)
    assert block(speaker)[-1] == 10_000
