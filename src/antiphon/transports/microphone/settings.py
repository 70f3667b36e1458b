"""Which microphone and loudspeaker, and how far ahead to play."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["MicrophoneSettings"]


class MicrophoneSettings(BaseModel):
    """The system's default devices, unless told otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: int | str | None = None
    """A device number, or a part of its name."""
    output: int | str | None = None
    """The same, for the loudspeaker."""
    lead_s: Annotated[float, Field(gt=0, le=1)] = 0.2
    """How far ahead the agent's audio may wait beside the device. It can be lowered and dropped
    at any time, so this only has to outlast a stall of the event loop."""
    latency_s: Annotated[float, Field(gt=0, le=1)] = 0.04
    """Asked of the device, each way: four blocks, as Python may hold a block up for some ms."""
