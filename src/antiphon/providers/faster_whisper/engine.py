"""Whisper in its child process: a whole recording in, its text out.

Only this file imports ``faster_whisper``.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from antiphon.audio.resample import resample, to_float
from antiphon.errors import Missing
from antiphon.net.engine import Tell, Work

try:
    from faster_whisper import WhisperModel
except ModuleNotFoundError as error:
    raise Missing(
        f"the Whisper recogniser needs the package {error.name}",
        fix="pip install 'antiphon[whisper]'",
    ) from None

__all__ = ["Engine"]

_PULL: Final = "run: antiphon models pull whisper-tiny-en"
RATE_HZ: Final = 16_000


class Engine:
    """See `antiphon.net.engine.Engine`."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        folder = Path(settings["model"])
        if not (folder / "model.bin").is_file():
            raise Missing(f"no model.bin in {folder}", fix=_PULL)
        self._word_times = settings["word_times"]
        self._model = WhisperModel(
            str(folder),
            device="cpu",
            compute_type="int8",
            cpu_threads=settings["threads"],
            local_files_only=True,
        )
        self.facts: Mapping[str, Any] = {"multilingual": self._model.model.is_multilingual}
        self._read(np.zeros(RATE_HZ, dtype=np.float32), "en", [])

    def work(self, work: Work, tell: Tell) -> None:
        """One answer: the text of the recording, and its words where asked for."""
        pcm = work.payload
        if work.fields["rate_hz"] != RATE_HZ:
            pcm = resample(pcm, work.fields["rate_hz"], RATE_HZ)
        tell(self._read(to_float(pcm), work.fields["language"], work.fields["keyterms"]), b"")

    def _read(
        self, samples: "np.ndarray[Any, np.dtype[np.float32]]", language: str, keyterms: list[str]
    ) -> Mapping[str, Any]:
        segments, _ = self._model.transcribe(
            samples,
            language=language if self.facts["multilingual"] else "en",
            beam_size=1,
            # No second tries at a higher temperature: each costs as much as the first.
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=not self._word_times,
            word_timestamps=self._word_times,
            hotwords=", ".join(keyterms) or None,
        )
        found = list(segments)
        words = [
            (word.word.strip(), float(word.start), float(word.end), float(word.probability))
            for segment in found
            for word in segment.words or ()
        ]
        log_sure = sum(segment.avg_logprob for segment in found) / max(1, len(found))
        text = " ".join(segment.text.strip() for segment in found)
        return {"text": text, "words": words, "confidence": min(1.0, math.exp(log_sure))}
