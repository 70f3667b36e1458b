import numpy as np
import pytest
from numpy.typing import NDArray
from tests.media.recordings import recording

from antiphon.audio.frame import int16
from antiphon.audio.resample import resample
from antiphon.media.silero import Silero

pytestmark = pytest.mark.models

Floats = NDArray[np.float32]


@pytest.fixture(scope="module")
def silero(silero_path) -> Silero:
    return Silero(silero_path)


def windows_of(silero: Silero, speech_path, rate_hz: int, skip_s: float = 0.0) -> Floats:
    pcm, recorded_hz = recording(speech_path, "beckett.wav")
    audio = int16(resample(pcm, recorded_hz, rate_hz)).astype(np.float32) / 32768
    audio = audio[int(skip_s * rate_hz) :]
    size = silero.window(rate_hz)
    return audio[: len(audio) // size * size].reshape(-1, size)


def alone(silero: Silero, windows: Floats, rate_hz: int) -> Floats:
    slot = silero.open()
    scores = [silero.score(window[None], [slot], rate_hz)[0] for window in windows]
    silero.close(slot)
    return np.array(scores)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
def test_it_tells_recorded_speech_from_silence(silero: Silero, speech_path, rate_hz: int):
    windows = windows_of(silero, speech_path, rate_hz)
    speech = alone(silero, windows, rate_hz)
    assert (speech > 0.5).mean() > 0.4
    assert (alone(silero, np.zeros_like(windows), rate_hz)[3:] < 0.1).all()


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
def test_a_batch_scores_what_each_call_would_score_alone(silero: Silero, speech_path, rate_hz: int):
    calls = [windows_of(silero, speech_path, rate_hz, skip_s=s)[:90] for s in (0.0, 0.7, 1.9, 3.1)]
    expected = [alone(silero, windows, rate_hz) for windows in calls]
    slots = [silero.open() for _ in calls]
    got = np.array(
        [
            silero.score(np.stack([windows[n] for windows in calls]), slots, rate_hz)
            for n in range(90)
        ]
    ).T
    for slot in slots:
        silero.close(slot)
    assert np.abs(got - np.array(expected)).max() < 1e-4


def test_calls_of_both_rates_in_any_order_do_not_disturb_one_another(silero: Silero, speech_path):
    narrow = windows_of(silero, speech_path, 8_000)[:60]
    wide = windows_of(silero, speech_path, 16_000, skip_s=2.0)[:60]
    expected = alone(silero, narrow, 8_000), alone(silero, wide, 16_000)
    one, other = silero.open(), silero.open()
    got: tuple[list[float], list[float]] = ([], [])
    for n in range(60):
        # The second call falls behind and catches up.
        got[0].append(silero.score(narrow[n][None], [one], 8_000)[0])
        for late in (n - 1, n) if n % 2 else ():
            got[1].append(silero.score(wide[late][None], [other], 16_000)[0])
    silero.close(one)
    silero.close(other)
    assert np.abs(np.array(got[0]) - expected[0]).max() < 1e-4
    assert np.abs(np.array(got[1]) - expected[1]).max() < 1e-4


def test_a_slot_used_again_remembers_nothing(silero: Silero, speech_path):
    windows = windows_of(silero, speech_path, 16_000)[:40]
    expected = alone(silero, windows, 16_000)
    slot = silero.open()
    for window in windows_of(silero, speech_path, 8_000)[:50]:
        silero.score(window[None], [slot], 8_000)
    silero.close(slot)
    assert silero.open() == slot
    got = [silero.score(window[None], [slot], 16_000)[0] for window in windows]
    silero.close(slot)
    assert np.array_equal(got, expected)


def test_a_reset_slot_remembers_nothing(silero: Silero, speech_path):
    windows = windows_of(silero, speech_path, 16_000)[:20]
    expected = alone(silero, windows, 16_000)
    slot = silero.open()
    silero.score(windows[5][None], [slot], 16_000)
    silero.reset(slot)
    got = [silero.score(window[None], [slot], 16_000)[0] for window in windows]
    silero.close(slot)
    assert np.array_equal(got, expected)


def test_more_calls_than_ever_before_keep_what_the_others_remember(silero_path, speech_path):
    silero = Silero(silero_path)
    windows = windows_of(silero, speech_path, 8_000)[:40]
    expected = alone(silero, windows, 8_000)
    first = silero.open()
    got = [silero.score(window[None], [first], 8_000)[0] for window in windows[:20]]
    slots = {silero.open() for _ in range(200)}
    assert len(slots | {first}) == 201
    got += [silero.score(window[None], [first], 8_000)[0] for window in windows[20:]]
    assert np.array_equal(got, expected)


def test_a_slot_is_closed_once(silero: Silero):
    slot = silero.open()
    silero.close(slot)
    with pytest.raises(KeyError):
        silero.close(slot)


def test_a_rate_without_windows_is_refused(silero: Silero):
    with pytest.raises(KeyError):
        silero.window(44_100)
