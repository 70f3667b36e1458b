"""How the agent sounds: what the author of an agent may choose about its voice."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["MouthSettings"]


class MouthSettings(BaseModel):
    """The ``mouth`` part of an agent file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    voice: str = ""
    """Which of the preferred engine's voices; empty for its default. Those that stand in for it
    have their own: ``providers`` in the agent file."""
    speed: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0
    """1 is the voice's own pace."""
    language: str = "en"
    """Of what is said. Numbers and abbreviations are spelled out for English only."""
    lexicon: Mapping[str, str] = Field(default_factory=dict)
    """Words the voice gets wrong, as they should be written for it: ``{"SQL": "sequel"}``.
    Whole words, in any case."""
    duck_db: Annotated[float, Field(ge=-40.0, le=-6.0)] = -18.0
    """How far the voice drops while the caller may want the floor. Below -15 it is out of the
    way; not so low that a line that was only coughed at seems to have died."""
    loudness_dbfs: Annotated[float, Field(ge=-35.0, le=-12.0)] = -20.0
    """The level every voice is brought to."""
    stall_s: Annotated[float, Field(gt=0.0, le=30.0)] = 3.0
    """A voice that owes a clause and makes no sound for this long has failed."""
    stand_in_s: Annotated[float, Field(gt=0.0, le=30.0)] = 1.0
    """The same where another voice can go on: then there is no need to be so patient."""
