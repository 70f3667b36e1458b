"""The end-of-turn model: from the last eight seconds of audio to p(the caller has finished).

Lives here: the log-mel front end the model was trained on and one ONNX session.
Must not live here: asyncio, threads, when to ask, what to do with the answer. A
score costs tens of milliseconds of one core, so the caller runs it off the loop.
"""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

__all__ = ["RATE_HZ", "WINDOW_SAMPLES", "EndOfTurnModel", "log_mel"]

Floats = NDArray[np.float32]

RATE_HZ = 16_000
WINDOW_SAMPLES = 8 * RATE_HZ
# The model's contract: the features of a Whisper encoder cut to eight seconds.
_FFT_SAMPLES = 400
_HOP_SAMPLES = 160
_MELS = 80
_FRAMES = WINDOW_SAMPLES // _HOP_SAMPLES
_VARIANCE_FLOOR = 1e-7
_POWER_FLOOR = 1e-10
_RANGE_BELS = 8.0


def _mel_from_hz(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney's scale: linear to 1 kHz (15 mel), then 27 mel to every factor of 6.4."""
    bent = 15.0 + np.log(np.maximum(hz, 1.0) / 1000.0) * 27.0 / np.log(6.4)
    return np.where(hz < 1000.0, hz * 3.0 / 200.0, bent)


def _hz_from_mel(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    bent = 1000.0 * np.exp((mel - 15.0) * np.log(6.4) / 27.0)
    return np.where(mel < 15.0, mel * 200.0 / 3.0, bent)


def _mel_bank() -> Floats:
    """Triangles of equal area, [fft bins, mels]."""
    bins_hz = np.arange(_FFT_SAMPLES // 2 + 1) * RATE_HZ / _FFT_SAMPLES
    top_mel = _mel_from_hz(np.array([RATE_HZ / 2]))[0]
    edges_hz = _hz_from_mel(np.linspace(0.0, top_mel, _MELS + 2))
    low, centre, high = edges_hz[:-2], edges_hz[1:-1], edges_hz[2:]
    hz = bins_hz[:, None]
    rising = (hz - low) / (centre - low)
    falling = (high - hz) / (high - centre)
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * 2.0 / (high - low)).astype(np.float32)


_BANK = _mel_bank()
_HANN = (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(_FFT_SAMPLES) / _FFT_SAMPLES)).astype(
    np.float32
)


def log_mel(audio: Floats) -> Floats:
    """Features [mels, frames] of exactly WINDOW_SAMPLES of audio at RATE_HZ."""
    if audio.shape != (WINDOW_SAMPLES,):
        raise ValueError(f"needs {WINDOW_SAMPLES} samples in one dimension, got {audio.shape}")
    level = audio - audio.mean()
    level /= np.sqrt(level.var() + _VARIANCE_FLOOR)
    padded = np.pad(level, _FFT_SAMPLES // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT_SAMPLES)[::_HOP_SAMPLES]
    spectrum = np.fft.rfft(frames[:_FRAMES] * _HANN, axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    bels = np.log10(np.maximum(power @ _BANK, _POWER_FLOOR))
    np.maximum(bels, bels.max() - _RANGE_BELS, out=bels)
    return np.ascontiguousarray(((bels + 4.0) / 4.0).T, dtype=np.float32)


class EndOfTurnModel:
    """One session on one thread. Not shared between threads; make one per worker."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # The published file carries unused initialisers and warns about each at load.
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def score(self, pcm16_16k: bytes) -> float:
        """The probability that the turn is over at the last sample given.

        Give the trailing pause too: it is part of the evidence. Audio beyond the last
        eight seconds is ignored; less is padded with silence in front.
        """
        samples = np.frombuffer(pcm16_16k, dtype="<i2")[-WINDOW_SAMPLES:]
        audio = np.zeros(WINDOW_SAMPLES, dtype=np.float32)
        if len(samples):
            audio[-len(samples) :] = samples
            audio /= 32768.0
        (scores,) = self._session.run(None, {self._input: log_mel(audio)[None]})
        return float(scores[0, 0])
