"""How long to wait before asking again, as data. Pure: luck and what the vendor said are arguments.

Lives here: the schedule. Must not live here: the waiting (a clock's) and the deciding (a breaker's,
a call's).
"""

from dataclasses import dataclass

__all__ = ["Backoff"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Waits that grow. The first is short: most failures are one broken connection."""

    waits_s: tuple[float, ...] = (0.0, 0.2, 0.5, 1.0, 2.0)
    """Before the first, second, ... further attempt. The last is used for all that follow."""
    spread: float = 0.2
    """So much of a wait is left to luck, in both directions: a vendor that comes back is not to
    be met by every call of every process at once."""
    most_s: float = 30.0
    """Never longer, whatever the vendor asks for: past this, another provider is the answer."""

    def __post_init__(self) -> None:
        if not self.waits_s or min(self.waits_s) < 0 or not 0 <= self.spread < 1:
            raise ValueError(f"not a schedule: {self}")

    def wait_s(self, failures: int, luck: float = 0.5, retry_after_s: float | None = None) -> float:
        """How long to wait after this many failures in a row, at least one.

        ``luck`` is uniform in 0..1; one half is the plain schedule. ``retry_after_s`` is what
        `antiphon.errors.AtCapacity` carries: nothing is asked earlier than that.
        """
        plain_s = self.waits_s[min(max(failures, 1), len(self.waits_s)) - 1]
        lucky_s = plain_s * (1 + self.spread * (2 * luck - 1))
        return min(max(lucky_s, retry_after_s or 0.0), self.most_s)
