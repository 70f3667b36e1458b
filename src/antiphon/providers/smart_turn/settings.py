"""Settings of the end-of-turn model."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["SmartTurnSettings"]


class SmartTurnSettings(BaseModel):
    """How the local end-of-turn model runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Path
    """The ``.onnx`` file, or the folder with it (model ``smart-turn``)."""
    nice: int = Field(default=0, ge=0, le=19)
    """Added to the niceness of this process: the transcript is waited for more than the score."""
