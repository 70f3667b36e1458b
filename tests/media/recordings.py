"""Recorded speech for tests, out of the model store."""

import wave
from pathlib import Path

from antiphon.audio.resample import mono


def recording(folder: Path, name: str) -> tuple[bytes, int]:
    """Mono PCM16 and its rate."""
    with wave.open(str(folder / name)) as file:
        pcm = file.readframes(file.getnframes())
        return mono(pcm, file.getnchannels()), file.getframerate()
