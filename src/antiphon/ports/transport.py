"""The way in: how a call's audio comes and goes.

A transport moves bytes. It knows nothing of turns; it reports what arrived to the `Line` it is
given, and plays what it is told. Samples played are counted on one line from the call's first
agent sample; a flush drops what was not yet heard, but the count goes on from what was sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportFacts:
    """What a transport can do. The mouth and the ledger follow these, never the type."""

    name: str
    rate_hz: int
    """Of the PCM16 mono on both sides of this port."""
    encoding: Literal["pcm16", "mulaw", "alaw"] = "pcm16"
    """What the caller's audio was before: a recogniser that reads it is sent it unchanged."""
    ducking: Literal["remote_gain", "flush", "lead"]
    """How the agent's voice gets lowered at once: told to the far side; by dropping what was
    sent and sending it again quieter; or only by never having more than the lead out."""
    lead_s: float
    """How much audio may be sent ahead of what is heard."""
    confirms: bool
    """Whether `Line.played` reports come; otherwise the paced sender is believed."""
    delay_s: float = 0.0
    """From the moment of sending to the caller's ear, where it is known."""
    transfers: bool = False
    """Whether the caller can be handed to somebody else."""


class Line(Protocol):
    """The call, as its transport sees it. All methods return at once; none raises."""

    def heard(self, pcm: bytes) -> None:
        """Caller audio, any length."""
        ...

    def played(self, samples: int) -> None:
        """The caller has heard the agent's audio up to this count."""
        ...

    def flushed(self, samples: int) -> None:
        """A flush took effect at this count: what lies between it and what was sent before
        the flush was never heard."""
        ...

    def pressed(self, digit: str) -> None:
        """A telephone key."""
        ...

    def warned(self, what: str) -> None:
        """The peer did something wrong that the call survives; for the call log."""
        ...


class Transport(Protocol):
    """One caller's connection."""

    facts: TransportFacts

    async def run(self, line: Line) -> str:
        """Report to ``line`` until the caller leaves; returns why. Cancelled when the call ends
        from our side. Raises `ProtocolError` or `Unavailable` when the connection breaks."""
        ...

    def play(self, pcm: bytes) -> None:
        """Send agent audio. Never blocks; the caller of this paces itself by the lead."""
        ...

    def gain(self, decibels: float, ramp_s: float) -> None:
        """Lower or raise what is being heard (``remote_gain`` only)."""
        ...

    def flush(self) -> None:
        """Drop what was sent and not yet heard (all but ``lead``). `Line.flushed` answers."""
        ...

    def tell(self, notice: Mapping[str, object]) -> None:
        """Show something to a caller who has a screen: captions, state, latencies. Transports
        without one ignore it."""
        ...

    async def transfer(self, to: str) -> None:
        """Have the caller connected to ``to`` (``transfers`` only); returns when they are in
        other hands, and the call ends then. Bounded in time. Raises `ProviderError` or
        `ProtocolError` where it cannot be done: the caller is still here."""
        ...

    async def aclose(self, reason: str) -> None:
        """Say goodbye to the peer. Must end within 2 s whatever the peer does."""
        ...
