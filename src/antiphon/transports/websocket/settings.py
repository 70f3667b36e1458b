"""What may be set about calls over a WebSocket, and the limits put on a peer."""

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

__all__ = ["WebSocketSettings"]


class WebSocketSettings(BaseModel):
    """Limits and timing of one connection."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rates_hz: tuple[PositiveInt, ...] = Field((8000, 16000, 24000, 48000), min_length=1)
    """Sample rates a client may choose."""
    lead_s: PositiveFloat = 0.4
    """Agent audio sent ahead of what is heard. Ducking and flushing take effect on what is
    already there, so this only has to outlast the network's hiccups."""
    queue_s: PositiveFloat = 2.0
    """Agent audio kept for a peer that is slow to take it; the oldest beyond that is dropped.
    Five times the lead: only a stalled connection gets there."""
    chunk_ms: int = Field(100, ge=20, le=200)
    """The most agent audio in one message, in milliseconds. What waits to be sent, as the lead of
    a reply does at its beginning, goes in messages so long; after that each frame goes as it is
    made. For a peer that is too slow, no less is dropped at a time."""
    heartbeat_s: PositiveFloat = 2.0
    """How often the peer is asked whether it is there."""
    gone_s: PositiveFloat = 8.0
    """A peer that sent nothing, or took nothing, for so long is gone. A phone that changes from
    one network to another is silent for up to 5 s."""
    hello_s: PositiveFloat = 5.0
    """A client that has not said hello by then is sent away."""
    max_message_bytes: PositiveInt = 65536
    """Of one message from the peer: 0.68 s of 48 kHz PCM16."""
    max_speed: float = Field(3.0, ge=1.0)
    """Caller audio may arrive this many times faster than real time, on average."""
    burst_s: PositiveFloat = 5.0
    """Caller audio that may arrive at once on top of that, after a stall."""
    max_messages_per_s: PositiveFloat = 50.0
    """Text messages; a page sends about ten position reports a second."""
