"""What other folders may import from audio; a change here is a change of interface."""

import importlib

import pytest

NAMES = {
    "frame": "FRAME_S PCM16 frame_samples int16 pcm16",
    "g711": "decode_alaw decode_mulaw encode_alaw encode_mulaw",
    "gain": "CEILING_DBFS KNEE_DBFS MUTE_DB Gain fade_in fade_out normalise_gain_db soft_limit",
    "ledger": "Heard Ledger",
    "levels": "QUIETEST_DBFS Span amplitude decibels loudness_dbfs offset_s onset_s peak_dbfs "
    "rms_dbfs speech_spans",
    "resample": "Resampler from_float latency_s mono resample to_float",
    "ring": "Ring",
    "words": "SpokenWord estimate_words",
}


@pytest.mark.parametrize("module,names", NAMES.items())
def test_the_public_names(module: str, names: str) -> None:
    imported = importlib.import_module(f"antiphon.audio.{module}")
    assert imported.__all__ == names.split()
    assert all(hasattr(imported, name) for name in imported.__all__)
