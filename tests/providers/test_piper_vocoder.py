"""A voice cut in two sounds like the whole one; needs the weights, not ``piper``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antiphon.net.engine import Work
from antiphon.providers.piper import vocoder
from antiphon.providers.piper.vocoder import Cancelled, Voice
from antiphon.providers.piper.weights import halves, with_durations

WORK = Work({})


@pytest.fixture(scope="module")
def weights(model: Callable[[str], Path]) -> bytes:
    (file,) = model("piper-joe").glob("*.onnx")
    return file.read_bytes()


def sentence(phonemes: int, seed: int = 3) -> dict[str, Any]:
    """Gibberish: beginning, phonemes with a pad after each, end. No noise: twice the same."""
    ids = np.random.default_rng(seed).integers(14, 130, phonemes)
    padded = [1, 0, *(one for phoneme in ids for one in (phoneme, 0)), 2]
    return {
        "input": np.array([padded], dtype=np.int64),
        "input_lengths": np.array([len(padded)], dtype=np.int64),
        "scales": np.array([0.0, 1.0, 0.0], dtype=np.float32),
    }


@pytest.mark.models
@pytest.mark.parametrize("phonemes", [1, 3, 12, 60])
def test_stretches_sound_like_the_whole(
    weights: bytes, monkeypatch: pytest.MonkeyPatch, phonemes: int
) -> None:
    inputs = sentence(phonemes)
    cut = Voice(weights, 1).run(inputs, WORK)
    monkeypatch.setattr(vocoder, "halves", lambda _: None)
    whole = Voice(weights, 1).run(inputs, WORK)
    ((expected, last),) = whole.sound
    stretches = list(cut.sound)
    assert last
    assert [last for _, last in stretches] == [False] * (len(stretches) - 1) + [True]
    assert np.array_equal(cut.durations, whole.durations)
    together = np.concatenate([sound for sound, _ in stretches])
    assert together.shape == expected.shape
    assert np.abs(together - expected).max() < 1e-5


@pytest.mark.models
def test_cancelling_ends_a_run(weights: bytes) -> None:
    voice, work = Voice(weights, 1), Work({})
    run = voice.run(sentence(60), work)
    next(run.sound)
    work.cancel()
    with pytest.raises(Cancelled):
        next(run.sound)
    with pytest.raises(Cancelled):
        voice.run(sentence(60), work)


@pytest.mark.models
def test_the_halves_share_out_the_weights(weights: bytes) -> None:
    found = halves(weights)
    assert found is not None
    assert len(found.frames) + len(found.sound) < 1.01 * len(weights)


def test_a_model_that_is_not_known_is_left_whole() -> None:
    for strange in (b"", b"\x08\x07", b"/a/Ceil_output_0 /b/Ceil_output_0"):
        assert with_durations(strange) == (strange, False)
    assert halves(b"\x08\x07\x3a\x00") is None
