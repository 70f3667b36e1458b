"""The caller made a sound over the agent: do they want the floor?

`judge` is asked whenever evidence changes while the agent's voice is lowered. It says yes, no,
or not yet and when to ask again. The rule follows docs/decisions/0003-evidence.md.
"""

from dataclasses import dataclass
from typing import Literal

from antiphon.turns import words
from antiphon.turns.settings import TurnSettings

__all__ = ["Overlap", "Verdict", "judge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """What is known about the sound."""

    text: str
    """The recogniser's newest reading of it; empty while there is none."""
    final: bool
    """Whether that reading covers all of the voice."""
    voiced_s: float
    """How much voice it held so far."""
    pause_s: float | None
    """How long it has been silent since; None while it goes on."""
    looks: int = 0
    """How often the recogniser was asked early."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to do, and why in a few words."""

    call: Literal["yield", "keep", "wait"]
    why: str = ""
    wait_s: float = 0.0
    """For ``wait``: ask again after this much more audio at the latest."""


def judge(overlap: Overlap, settings: TurnSettings) -> Verdict:
    """Whether the caller wants the floor."""
    if not settings.duck_and_decide:
        return Verdict(call="yield", why="any voice stops the agent")
    if words.words_of(overlap.text) and not words.is_backchannel(overlap.text):
        return Verdict(call="yield", why=f"heard {overlap.text!r}")
    if overlap.pause_s is None:
        return _while_voiced(overlap, settings)
    # Silence alone proves nothing until the recogniser has heard the sound to its end.
    enough_s = settings.overlap_keep_s * (1.0 if overlap.final else 2.0)
    if overlap.pause_s < enough_s:
        return Verdict(call="wait", wait_s=enough_s - overlap.pause_s)
    what = repr(overlap.text) if overlap.text else "a sound without words"
    return Verdict(call="keep", why=f"only {what}")


def _while_voiced(overlap: Overlap, settings: TurnSettings) -> Verdict:
    """Voice that goes on wants the floor, sooner when it has not said "mhm"."""
    limit_s = settings.overlap_yield_s * (1.5 if overlap.text else 1.0)
    if overlap.voiced_s >= limit_s:
        return Verdict(call="yield", why=f"voice for {overlap.voiced_s:.2f} s")
    waits = [limit_s, *settings.overlap_looks_s[overlap.looks :]]
    return Verdict(call="wait", wait_s=min(waits) - overlap.voiced_s)
