"""Settings of the Piper voice."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["PiperSettings"]


class PiperSettings(BaseModel):
    """How the local voice runs. It makes a clause at a time and knows the times of its words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Path
    """The ``.onnx`` file, or the folder with it and its ``.onnx.json`` (model ``piper-joe``)."""
    threads: int = Field(default=1, ge=1, le=8)
    """More make a clause sooner only while other cores are idle."""
    nice: int = Field(default=0, ge=0, le=19)
    """Added to the niceness of this process."""
