"""What kind of line a file call runs over."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from antiphon.ports.transport import TransportFacts

__all__ = ["LineSettings"]

Share = Annotated[float, Field(ge=0, le=1)]
Delay = Annotated[float, Field(ge=0, le=5)]

_BARE_LEAD_S: Final = 0.06
"""Without a flush nothing sent can be taken back, so little may be out (DESIGN.md, rule 2)."""


class LineSettings(BaseModel):
    """A perfect line that can be told to be worse.

    By default it behaves as a telephone carrier's media stream does: what was sent can be
    flushed, marks tell what was heard, and a lead of 0.2 s rides out the pauses of a busy event
    loop. That is the commonest kind of real call, and the strictest on the agent: its voice can
    only be lowered by taking it back and sending it again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ducking: Literal["remote_gain", "flush", "lead"] = "flush"
    """``flush``: a carrier's stream with clear and marks. ``lead``: a plain stream that can do
    neither. ``remote_gain``: a browser, that also lowers its loudspeaker when told."""
    lead_s: Annotated[float, Field(gt=0, le=1)] | None = None
    """How far the agent may send ahead; None is 0.2 s, or 0.06 s for ``lead``."""
    uplink_s: Delay = 0.0
    """From the caller's mouth to us, beyond the 20 ms of a frame. Reports take it too."""
    downlink_s: Delay = 0.0
    """From us to the caller's ear. Flushes and gain take it too."""
    jitter_s: Delay = 0.0
    """Up to this much more delay, both ways, drawn for every packet; packets never overtake."""
    loss: Share = 0.0
    """Share of frames lost, both ways. They are heard as silence, as a carrier fills them."""
    outages_s: tuple[tuple[float, float], ...] = ()
    """From, to: nothing at all comes from the caller, not even silence."""
    seed: int = 0
    """Of jitter and loss."""

    def facts(self, rate_hz: int) -> TransportFacts:
        """The same for the mouth and the ledger."""
        usual_s = _BARE_LEAD_S if self.ducking == "lead" else 0.2
        return TransportFacts(
            name="file",
            rate_hz=rate_hz,
            ducking=self.ducking,
            lead_s=usual_s if self.lead_s is None else self.lead_s,
            confirms=self.ducking != "lead",
            delay_s=self.downlink_s,
        )
