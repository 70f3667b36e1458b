"""What can be tuned about turn-taking, with presets for the usual channels.

Every default says where it comes from; the curves are in docs/decisions/0003-evidence.md.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["PRESETS", "TurnSettings"]

Seconds = Annotated[float, Field(ge=0.0, le=86_400.0, allow_inf_nan=False)]

Limit = Annotated[float, Field(ge=1.0, le=86_400.0, allow_inf_nan=False)]


class TurnSettings(BaseModel):
    """How patient, how polite and how long."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # endpointing: how long a pause must last
    floor_s: Seconds = 0.12
    """No turn ends before this much silence, whatever the evidence."""
    sure_s: Seconds = 0.3
    """The pause that is enough when all evidence says the turn is over."""
    unsure_s: Seconds = 1.2
    """The pause that is enough when all evidence says the caller will go on."""
    ceiling_s: Seconds = 2.4
    """No open turn waits longer than this."""
    eager_s: Seconds = 0.16
    """Preparing an answer starts no earlier than this in a pause."""
    looks_s: tuple[Seconds, ...] = (0.12, 0.25, 0.45, 0.8)
    """At which pauses the end-of-turn model is asked (45 ms of CPU each)."""
    transcript_grace_s: Seconds = 1.2
    """How long past the decision to wait for a recogniser that still owes a final."""

    # barge-in
    barge_in: Literal["decide", "at_once", "off"] = "decide"
    """``decide``: lower the voice first, then find out what the caller wants. ``at_once``: any
    speech over the agent stops it. ``off``: nothing does, and what was said is answered after."""
    overlap_looks_s: tuple[Seconds, ...] = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
    """How long into an overlap the recogniser is asked what it has heard so far (16-30 ms of CPU
    each on the local one)."""
    overlap_yield_s: Seconds = 0.65
    """Voice that lasts this long over the agent wants the floor even without words; half a
    second is enough with words, a third more is allowed to a listener's."""
    overlap_keep_s: Seconds = 0.3
    """Silence after a listening noise that proves it was one."""

    # silence and limits
    silence_s: Seconds = 7.0
    """How long a caller may say nothing before being asked."""
    silence_prompts: Annotated[int, Field(ge=0, le=20)] = 2
    """How often to ask before taking leave."""
    late_reply_s: Seconds = 1.8
    """How long an answer may take before a filler."""
    lost_reply_s: Seconds = 20.0
    """How long an answer may take before it is given up."""
    max_turn_s: Limit = 90.0
    """A caller who speaks for longer than this is answered, pause or no pause."""
    max_turns: Annotated[int, Field(ge=1)] = 200
    """How many turns are answered before the agent says goodbye."""
    max_call_s: Limit = 3600.0
    """How long a call may last before the agent says goodbye."""
    speculate: bool = True
    """Prepare answers during the pause. Off: work starts when the turn is over."""


PRESETS: Final[dict[str, TurnSettings]] = {
    "receptionist": TurnSettings(),
    "ivr": TurnSettings(sure_s=0.15, unsure_s=0.9, ceiling_s=1.4, silence_s=5.0),
    "dictation": TurnSettings(sure_s=0.9, unsure_s=3.0, ceiling_s=4.0, max_turn_s=600.0),
}
