"""How fast a peer may send: a bucket that fills with time."""

__all__ = ["Allowance"]


class Allowance:
    """``per_s`` units a second, and up to ``burst`` at once."""

    def __init__(self, per_s: float, burst: float, now_s: float) -> None:
        self._per_s, self._burst = per_s, burst
        self._left, self._at_s = burst, now_s

    def take(self, units: float, now_s: float) -> bool:
        """Use up ``units``; False if there were not so many, and then none are used."""
        earned = max(0.0, now_s - self._at_s) * self._per_s
        self._left, self._at_s = min(self._burst, self._left + earned), max(now_s, self._at_s)
        if units > self._left:
            return False
        self._left -= units
        return True
