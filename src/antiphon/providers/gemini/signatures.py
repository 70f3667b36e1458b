"""The signatures of the tool calls a Gemini model made lately, and which it made at once. Pure."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

__all__ = ["STRANGER", "Signatures", "Signed"]

KEPT: Final = 2000
"""Calls remembered: far more than can be under way in one process."""
UNKNOWN: Final = b"skip_thought_signature_validator"
"""Google's own word for a call that no Gemini model made (third party: vercel/ai, pull request
15560, tried there against the live API)."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A call as the model made it."""

    answer: int
    """Calls of one answer were made at once, and are given back at once."""
    signature: bytes | None
    """Of calls made at once only the first has one."""
    id: str | None
    """The vendor's; None where it gave none."""


STRANGER: Final = Signed(-1, UNKNOWN, None)


class Signatures:
    """Of one model, for all calls of a process."""

    def __init__(self) -> None:
        self._signed: OrderedDict[str, Signed] = OrderedDict()
        self._answers = 0

    def answer(self) -> int:
        """A new answer begins."""
        self._answers += 1
        return self._answers

    def keep(self, call: str, signed: Signed) -> None:
        """Remember a call under our id of it."""
        self._signed[call] = signed
        while len(self._signed) > KEPT:
            self._signed.popitem(last=False)

    def of(self, call: str) -> Signed:
        """What is known of a call; `STRANGER` where nothing is."""
        return self._signed.get(call, STRANGER)
