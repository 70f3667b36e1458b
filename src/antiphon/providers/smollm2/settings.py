"""Settings of the embedded language model."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["SmolLM2Settings"]


class SmolLM2Settings(BaseModel):
    """How the local language model runs. It is for small talk and tests: never for facts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Path
    """The ``.gguf`` file, or the folder with it (model ``smollm2-135m``)."""
    context_tokens: int = Field(default=2048, ge=256, le=8192)
    """For one conversation: prompt and answer."""
    together: int = Field(default=2, ge=1, le=8)
    """Answers made at a time; each keeps the prompt it began with."""
    system_prompt: str = ""
    """Read once at start, so that the first answer of the first call need not wait for it."""
    nice: int = Field(default=0, ge=0, le=19)
    """Added to the niceness of this process. It makes words faster than they are said, and
    shares its core with the voice that says them."""
