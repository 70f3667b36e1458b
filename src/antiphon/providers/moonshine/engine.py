"""The Moonshine model in its child process: a whole recording in, its text out.

Only this file imports ``moonshine_voice``. Its own voice detector and its streaming are not used:
the stream reads the whole segment again at every update, at the same cost as reading it here
(docs/decisions/0004-engines.md).
"""

import ctypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from moonshine_voice.errors import MoonshineError
from moonshine_voice.moonshine_api import ModelArch, TranscriptC
from moonshine_voice.transcriber import Transcriber

from antiphon.audio.resample import resample, to_float
from antiphon.errors import Missing, Rejected
from antiphon.net.engine import Tell, Work

__all__ = ["Engine"]

RATE_HZ: Final = 16_000
# The model was trained on whole sentences, and makes up a word where the sound breaks off. On 65
# prefixes of a recorded sentence: 50 wrong words of 479 without, 8 of 444 with 0.1 s, 7 with 0.2 s.
_PAD: Final = np.zeros(round(0.15 * RATE_HZ), dtype=np.float32)
_FILES: Final = ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin")
_OPTIONS: Final = {"vad_threshold": "0", "return_audio_data": "false"}


class Engine:
    """See `antiphon.net.engine.Engine`."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        model = Path(settings["model"])
        for name in _FILES:
            if not (model / name).is_file():
                raise Missing(
                    f"no {name} in {model}", fix="run: antiphon models pull moonshine-tiny-en"
                )
        try:
            self._transcriber = Transcriber(str(model), ModelArch.TINY, options=_OPTIONS)
        except MoonshineError as error:
            raise Missing(
                f"{model} does not load: {error}",
                fix="run: antiphon models verify moonshine-tiny-en",
            ) from None
        self.facts: Mapping[str, Any] = {"library": self._transcriber.get_version()}
        for seconds in (0.5, 2.0):
            self._read(np.zeros(round(seconds * RATE_HZ), dtype=np.float32))

    def work(self, work: Work, tell: Tell) -> None:
        """One answer: the text of the recording."""
        pcm = work.payload
        if work.fields["rate_hz"] != RATE_HZ:
            pcm = resample(pcm, work.fields["rate_hz"], RATE_HZ)
        text = self._read(np.concatenate((to_float(pcm), _PAD))) if pcm else ""
        tell({"text": text, "words": [], "confidence": 1.0}, b"")

    def _read(self, samples: "np.ndarray[Any, np.dtype[np.float32]]") -> str:
        """Past the library's own method, which makes a list of Python floats of every sample."""
        native, handle = self._transcriber._lib, self._transcriber._handle
        samples = np.ascontiguousarray(samples, dtype=np.float32)
        found = ctypes.POINTER(TranscriptC)()
        code = native.moonshine_transcribe_without_streaming(
            handle,
            samples.ctypes.data_as(ctypes.POINTER(ctypes.c_float)),
            len(samples),
            RATE_HZ,
            0,
            ctypes.byref(found),
        )
        if code:
            raise Rejected(f"recogniser error {code}", provider="local/moonshine")
        lines = self._transcriber._parse_transcript(found).lines
        return " ".join(line.text.strip() for line in lines if line.text.strip())
