"""A room's sound as a loop: its level, its seam, and one call's way round it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.audio.frame import int16, pcm16
from antiphon.audio.levels import onset_s, rms_dbfs
from antiphon.audio.resample import from_float
from antiphon.mouth.ambient import LONGEST_S, Ambience, Room, room_tone

RATES_HZ = [8_000, 16_000, 24_000, 48_000]
QUIET_DBFS = -50.0
"""From here on others take it for a voice."""


def loudest_dbfs(samples: NDArray[np.int16], seconds: float, rate_hz: int) -> float:
    """Of any stretch of that length, wherever it begins, round the seam as well."""
    length = round(seconds * rate_hz)
    round_ = np.concatenate([samples, samples[:length]]) / 32768.0
    energy = np.concatenate([[0.0], np.cumsum(np.square(round_))])
    return float(10 * np.log10((energy[length:] - energy[:-length]).max() / length))


def office(rate_hz: int = 22_050) -> bytes:
    """Hiss, and now and then somebody sets down a cup 30 dB louder."""
    random = np.random.default_rng(7)
    sound = 0.01 * random.standard_normal(5 * rate_hz)
    for at in (0.0, 1.3, 4.9):
        start = round(at * rate_hz)
        cup = random.standard_normal(rate_hz // 20)[: len(sound) - start]
        sound[start : start + len(cup)] += 0.3 * cup * np.exp(-np.arange(len(cup)) / 300)
    return from_float(sound)


def test_the_room_of_our_own_is_always_the_same_one() -> None:
    assert room_tone() == room_tone()


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("level_dbfs", [-70.0, -56.0, -53.0])
def test_it_has_its_level_at_every_rate(rate_hz: int, level_dbfs: float) -> None:
    loop = Ambience(*room_tone(), level_dbfs).loop(rate_hz)
    # The highest level leaves the ceiling little room.
    assert rms_dbfs(loop) == pytest.approx(level_dbfs, abs=1.5 if level_dbfs > -55 else 0.2)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("level_dbfs", [-60.0, -53.0])
def test_nothing_in_it_is_taken_for_a_voice(rate_hz: int, level_dbfs: float) -> None:
    for pcm, own_hz in (room_tone(), (office(), 22_050)):
        loop = Ambience(pcm, own_hz, level_dbfs).loop(rate_hz)
        assert loudest_dbfs(loop, 0.010, rate_hz) < QUIET_DBFS
        assert loudest_dbfs(loop, 0.020, rate_hz) < QUIET_DBFS
        assert onset_s(np.tile(loop, 2), rate_hz) is None


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("sound", ["room", "office", "hum"])
def test_its_seam_cannot_be_told_from_the_rest(rate_hz: int, sound: str) -> None:
    hum = from_float(0.1 * np.sin(2 * np.pi * 171.7 / 16_000 * np.arange(50_000)))
    pcm, own_hz = {"room": room_tone(), "office": (office(), 22_050), "hum": (hum, 16_000)}[sound]
    loop = Ambience(pcm, own_hz, -56.0).loop(rate_hz).astype(int)
    jumps = np.abs(np.diff(loop))
    assert abs(loop[0] - loop[-1]) <= jumps.max()
    # No corner either, and no dip or swell where the end lies over the beginning.
    around = np.concatenate([loop[-4:], loop[:4]])
    assert np.abs(np.diff(around, 2)).max() <= np.abs(np.diff(loop, 2)).max()
    half = rate_hz // 2
    if sound == "room":
        seam, middle = rms_dbfs(loop[:half].astype(np.int16)), rms_dbfs(loop[half:].astype("<i2"))
        assert seam == pytest.approx(middle, abs=1.5)


def test_a_long_recording_is_cut_and_a_loop_made_once() -> None:
    pcm = from_float(0.1 * np.random.default_rng(1).standard_normal(8_000 * 90))
    ambience = Ambience(pcm, 8_000, -56.0)
    loop = ambience.loop(8_000)
    assert LONGEST_S - 1 < len(loop) / 8_000 <= LONGEST_S
    assert ambience.loop(8_000) is loop


def test_a_call_goes_round_and_round_without_losing_a_sample() -> None:
    loop = Ambience(*room_tone(), -56.0).loop(8_000)
    room = Room(loop, 8_000)
    frames = 2 * len(loop) // 160 + 3
    heard = int16(b"".join(room.alone(160) for _ in range(frames)))
    faded = round(0.12 * 8_000)
    assert np.array_equal(heard[faded:], np.resize(loop, frames * 160)[faded:])
    assert abs(int(heard[0])) <= 1


def test_behind_a_voice_it_is_added_and_never_wraps_around() -> None:
    loop = np.full(8_000, 60, np.int16)
    room = Room(loop, 8_000)
    for _ in range(8):
        room.alone(160)
    voice = np.array([0, 1_000, 32_767, 32_720, -32_768] * 32, np.int16)
    assert int16(room.under(pcm16(voice))).tolist()[:5] == [60, 1_060, 32_767, 32_767, -32_708]
