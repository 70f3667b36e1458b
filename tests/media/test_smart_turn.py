import numpy as np
import pytest
from tests.media.recordings import recording

from antiphon.audio.resample import resample
from antiphon.media.smart_turn import RATE_HZ, WINDOW_SAMPLES, EndOfTurnModel, log_mel


def tone(hz: float, seconds: float = 8.0) -> np.ndarray:
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return (0.3 * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def slow_log_mel(audio: np.ndarray) -> np.ndarray:
    """The textbook definition, one frame and one triangle at a time."""
    x = (audio - audio.mean()) / np.sqrt(audio.var() + 1e-7)
    x = np.concatenate([x[200:0:-1], x, x[-2:-202:-1]])
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    power = np.array(
        [np.abs(np.fft.rfft(x[160 * n : 160 * n + 400] * window)) ** 2 for n in range(800)]
    )

    def hz(mel: float) -> float:
        return 200 * mel / 3 if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27)

    top = 15 + 27 * np.log(8) / np.log(6.4)
    corners = [hz(n * top / 81) for n in range(82)]
    mels = np.zeros((800, 80))
    for n in range(80):
        low, centre, high = corners[n : n + 3]
        for k in range(201):
            f = 40.0 * k
            up, down = (f - low) / (centre - low), (high - f) / (high - centre)
            mels[:, n] += power[:, k] * max(0.0, min(up, down)) * 2 / (high - low)
    log = np.log10(np.maximum(mels, 1e-10))
    return ((np.maximum(log, log.max() - 8) + 4) / 4).T


def test_features_are_those_of_the_textbook():
    rng = np.random.default_rng(5)
    audio = tone(700) * np.linspace(0, 1, WINDOW_SAMPLES, dtype=np.float32)
    audio += 0.01 * rng.standard_normal(WINDOW_SAMPLES).astype(np.float32)
    audio[:30_000] = 0.0
    features = log_mel(audio)
    assert features.dtype == np.float32
    assert features.shape == (80, 800)
    assert np.abs(features - slow_log_mel(audio.astype(np.float64))).max() < 1e-3


def test_a_tone_lights_the_band_it_lies_in():
    low, high = (int(log_mel(tone(hz))[:, 400].argmax()) for hz in (300, 3000))
    assert 6 <= low <= 8
    assert 53 <= high <= 55


def test_loudness_does_not_matter():
    audio = tone(440)
    assert np.abs(log_mel(audio) - log_mel(audio * np.float32(0.1))).max() < 1e-3


def test_silence_has_features_too():
    assert np.isfinite(log_mel(np.zeros(WINDOW_SAMPLES, np.float32))).all()


@pytest.mark.parametrize("shape", [(WINDOW_SAMPLES - 1,), (1, WINDOW_SAMPLES)])
def test_another_length_is_refused(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match="needs 128000 samples"):
        log_mel(np.zeros(shape, np.float32))


@pytest.fixture(scope="module")
def model(smart_turn_path) -> EndOfTurnModel:
    return EndOfTurnModel(smart_turn_path)


@pytest.fixture(scope="module")
def spoken(speech_path) -> bytes:
    """'Ever tried. Ever failed. No matter. Try again. Fail again. Fail better.' Each begins and
    ends where docs/decisions/0003 found it."""
    pcm, rate_hz = recording(speech_path, "beckett.wav")
    return resample(pcm, rate_hz, RATE_HZ)


def between(pcm: bytes, start_s: float, end_s: float, pause_s: float = 0.2) -> bytes:
    cut = pcm[2 * int(start_s * RATE_HZ) : 2 * int(end_s * RATE_HZ)]
    return cut + bytes(2 * int(pause_s * RATE_HZ))


@pytest.mark.models
def test_finished_sentences_score_above_the_same_ones_broken_off(model, spoken):
    finished = [(0.0, 1.54), (1.69, 2.91), (6.65, 9.96)]
    inside = [(0.0, 0.92), (1.69, 2.18), (6.65, 8.64)]
    assert min(model.score(between(spoken, *span)) for span in finished) > 0.8
    assert max(model.score(between(spoken, *span, pause_s=0.0)) for span in inside) < 0.5


@pytest.mark.models
def test_short_audio_is_as_if_silence_came_before(model, spoken):
    pcm = between(spoken, 1.69, 2.91)
    padded = bytes(2 * WINDOW_SAMPLES - len(pcm)) + pcm
    assert model.score(pcm) == model.score(padded)


@pytest.mark.models
def test_only_the_last_eight_seconds_count(model, spoken):
    pcm = between(spoken, 0.0, 9.96)
    assert model.score(pcm) == model.score(pcm[-2 * WINDOW_SAMPLES :])


@pytest.mark.models
def test_no_audio_has_a_score(model):
    assert 0.0 <= model.score(b"") <= 1.0
