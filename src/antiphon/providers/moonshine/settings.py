"""Settings of the Moonshine recogniser."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["MoonshineSettings"]


class MoonshineSettings(BaseModel):
    """How the local recogniser runs. It streams partials, knows no word times and has no
    end-of-turn event of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Path
    """The folder with the encoder, the decoder and the tokenizer (model ``moonshine-tiny-en``)."""
    nice: int = Field(default=0, ge=0, le=19)
    """Added to the niceness of this process."""
