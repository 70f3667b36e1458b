"""How far a caller is on their way to somebody else. Pure.

They are told, and go when they have heard it. Must not live here: what they are told, and to whom
they are handed (receptionist.py); how it is done (`antiphon.call.transferring`).
"""

from dataclasses import dataclass, replace

__all__ = ["Handover"]


@dataclass(frozen=True, slots=True)
class Handover:
    """To whom, and how far that is."""

    to: str
    reply: int | None = None
    """They are told by this; None: they cut it short, and are to be told again."""
    ordered: bool = False
    """It is under way, and its end will be told."""

    @property
    def under_way(self) -> bool:
        """They are being told, or connected: nothing needs to be done."""
        return self.ordered or self.reply is not None

    def told_by(self, reply: int | None) -> bool:
        """Whether this is what they were to hear of it."""
        return reply is not None and reply == self.reply

    def again(self, reply: int) -> "Handover":
        """They are told once more, by this."""
        return replace(self, reply=reply, ordered=False)

    def stopped(self, reply: int) -> "Handover":
        """They cut a reply short."""
        return replace(self, reply=None) if self.told_by(reply) else self

    def now(self) -> "Handover":
        """They need not be told any more."""
        return replace(self, reply=None, ordered=True)
