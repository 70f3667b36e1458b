"""How the agent sounds: what the author of an agent may choose about its voice."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

__all__ = ["ROOM", "AmbientSettings", "Manner", "MouthSettings"]


def _plain(name: str) -> str:
    if not re.fullmatch(r"[\w-]{1,40}", name):
        raise ValueError(
            f"mouth.manners: {name!r} cannot be a name; it has up to 40 letters, digits, _ and -"
        )
    return name


ManneredName = Annotated[str, AfterValidator(_plain)]

ROOM: Final = "room"
"""The ambient sound that is made here and needs no file."""


class AmbientSettings(BaseModel):
    """What is heard of the agent's surroundings, during the whole call."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sound: Annotated[str, Field(min_length=1, max_length=300)] = ROOM
    """``room`` is a quiet room made here; anything else is an audio file, beside the agent file
    or in a folder below it. It plays in a loop: its first 30 s."""
    level_dbfs: Annotated[float, Field(ge=-70.0, le=-53.0)] = -56.0
    """Its mean level. The voice is at ``loudness_dbfs``; what listens for the voice, and every
    figure taken from a recording, begins above this."""

    @field_validator("sound")
    @classmethod
    def _below(cls, sound: str) -> str:
        path = PurePosixPath(sound)
        if path.is_absolute() or ".." in path.parts or "\\" in sound or "\0" in sound:
            raise ValueError(
                f"mouth.ambient.sound cannot be {sound!r}: it is room, or a file beside the agent "
                "file or in a folder below it, such as ambience/office.wav"
            )
        return sound


class Manner(BaseModel):
    """A way to speak. What is not set here is as ``mouth`` says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    voice: str | Mapping[str, str] = ""
    """Which of the preferred engine's voices; or for each engine its own, by the names of ``tts``:
    ``{elevenlabs/flash: ID, azure/speech: NAME}``."""
    speed: Annotated[float, Field(ge=0.5, le=2.0)] | None = None
    """1 is the voice's own pace."""
    style: str | None = None
    """One of the engine's words for it; see ``mouth.style``."""
    pitch_semitones: Annotated[float, Field(ge=-12.0, le=12.0)] = 0.0
    """Above the voice's own, where the engine can."""
    volume_db: Annotated[float, Field(ge=-20.0, le=6.0)] = 0.0
    """Above ``loudness_dbfs``, whatever the engine."""

    @field_validator("voice", mode="before")
    @classmethod
    def _one_or_each(cls, voice: object) -> object:
        names = voice.values() if isinstance(voice, Mapping) else (voice,)
        if not all(isinstance(name, str) for name in names):
            raise ValueError(
                f"a manner's voice cannot be {voice!r}: it is a name, or a name for each engine, "
                "such as {local/piper: NAME}; a number is put in quotes"
            )
        return voice


class MouthSettings(BaseModel):
    """The ``mouth`` part of an agent file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    voice: str = ""
    """Which of the preferred engine's voices; empty for its default. Those that stand in for it
    have their own: ``providers`` in the agent file."""
    speed: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0
    """1 is the voice's own pace."""
    style: str = ""
    """One of the engine's words for how it speaks, such as ``calm``; docs/reference/providers.md
    says which it knows. What an engine does not know it leaves out."""
    manners: Mapping[ManneredName, Manner] = Field(default_factory=dict)
    """Ways to speak, by name. Those called ``reply``, ``prompt``, ``notice`` and ``filler`` are for
    all that is said of that kind; others are named by a topic or in markup."""
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
    ambient: AmbientSettings | None = None
    """A quiet background behind the voice and in its pauses; null: silence."""
    stall_s: Annotated[float, Field(gt=0.0, le=30.0)] = 3.0
    """A voice that owes a clause and makes no sound for this long has failed."""
    stand_in_s: Annotated[float, Field(gt=0.0, le=30.0)] = 1.0
    """The same where another voice can go on: then there is no need to be so patient."""
