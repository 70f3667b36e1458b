"""Settings of the Whisper recogniser."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["FasterWhisperSettings"]


class FasterWhisperSettings(BaseModel):
    """How the local Whisper runs: the alternative to Moonshine where word times, keyterms or
    another language matter more than speed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Path
    """The folder with ``model.bin`` (model ``whisper-tiny-en``, or any CTranslate2 Whisper)."""
    threads: int = Field(default=1, ge=1, le=8)
    """More finish a reading sooner only while other cores are idle."""
    word_times: bool = False
    """Ask the model where each word lies, which costs it a second pass; estimated otherwise."""
    nice: int = Field(default=0, ge=0, le=19)
    """Added to the niceness of this process."""
