"""What a pretended caller says and does, and when: a spoken script as plain data.

Must not live here: the file format (`antiphon.testing.scriptfile`), audio, clocks, or when a
step's moment has come (`antiphon.testing.caller`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

__all__ = [
    "Breath",
    "HangUp",
    "Moment",
    "Play",
    "Role",
    "Say",
    "Script",
    "Silence",
    "Sound",
    "SoundKind",
    "Sounding",
    "Step",
    "Wait",
]

Role: TypeAlias = Literal["question", "breath", "backchannel", "interruption"]
"""What a step is for; an audit of the call judges the agent by it. A question wants an answer,
and so does an utterance with a breath in it, which must be heard out; a backchannel, or a noise,
must not stop the agent; an interruption must."""
SoundKind: TypeAlias = Literal["cough", "hum", "noise", "slam"]


@dataclass(frozen=True, slots=True)
class Breath:
    """A pause inside one utterance."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Moment:
    """Not before the agent has been speaking for a while."""

    after_s: float
    """Since the agent began, as the caller hears it."""
    timeout_s: float = 10.0
    """When to give the step up because the agent never spoke that long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Words for the caller's voice."""

    parts: tuple[str | Breath, ...]
    role: Role = "question"
    moment: Moment | None = None
    """None: at once."""
    level_db: float = 0.0
    """Against the caller's normal voice."""
    line: int = 0
    """In the script file, from 1."""

    @property
    def text(self) -> str:
        return " ".join(part for part in self.parts if isinstance(part, str))


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """A recording instead of the caller's voice."""

    path: Path
    text: str = ""
    """What is said in it."""
    role: Role = "question"
    moment: Moment | None = None
    level_db: float = 0.0
    """Against the recording as it is."""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A noise made by formula."""

    kind: SoundKind
    text: str
    """What it amounts to."""
    seconds: float = 0.5
    role: Role = "backchannel"
    moment: Moment | None = None
    level_db: float = 0.0
    """Against the caller's normal voice."""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Say nothing until the agent has spoken and is silent."""

    timeout_s: float = 15.0
    quiet_s: float = 0.6
    """How long the agent must be silent: longer than the pause between two of its clauses."""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Say nothing, whatever the agent does."""

    seconds: float
    quiet_s: float | None = None
    """If not None, only until the agent has spoken up and been silent again for this long."""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """Put the phone down."""

    line: int = 0


Sounding: TypeAlias = Say | Play | Sound
Step: TypeAlias = Sounding | Wait | Silence | HangUp


@dataclass(frozen=True, slots=True)
class Script:
    """A caller: how they sound and what they do. After the last step they hang up."""

    steps: tuple[Step, ...]
    pitch: float = 1.0
    """1.15 is a voice 15 % higher than the engine's own, at the same tempo."""
    speed: float = 1.0
    voice: str = ""
    """The engine's name for it; empty is its default."""
