"""The caller has fallen silent: is the turn over?

`judge` is asked whenever evidence changes during a pause, and whenever the time it named has
come. It weighs nothing itself (that is `evidence`); it knows what else must be true before a
turn may end: a recogniser that has heard everything, audio that really arrived.
"""

from dataclasses import dataclass
from typing import Literal

from antiphon.turns.evidence import Evidence, Patience, patience
from antiphon.turns.settings import TurnSettings

__all__ = ["Pause", "Verdict", "judge"]

# What is due by arrival but not yet heard is asked about again after this.
AGAIN_S = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """What is known about one pause."""

    evidence: Evidence
    final: bool
    """Whether the recogniser has heard everything up to the last speech sample."""
    length_s: float
    """Audio time since the last speech sample."""
    heard_s: float
    """The same, without what never arrived."""
    looks: int
    """How often the end-of-turn model was asked in this pause."""
    prepared: bool
    """Whether an answer to these words is being prepared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to do now, and when to ask again."""

    call: Literal["answer", "nothing", "wait"]
    why: str = ""
    look: bool = False
    """Ask the end-of-turn model."""
    prepare: bool = False
    """Prepare an answer."""
    wait_s: float = 0.0
    """For ``wait``: ask again after this much more audio at the latest."""


def judge(pause: Pause, settings: TurnSettings) -> Verdict:
    """Whether the turn is over."""
    text = pause.evidence.text
    wait = patience(pause.evidence, settings)
    ms = f"after {pause.length_s * 1000:.0f} ms"
    if text and pause.final and (pause.heard_s >= wait.wait_s or pause.length_s >= wait.ceiling_s):
        return Verdict(call="answer", why=f"{wait.why}, {ms}")
    give_up_s = max(wait.ceiling_s, wait.wait_s + settings.transcript_grace_s)
    if pause.length_s >= give_up_s:
        return Verdict(call="answer" if text else "nothing", why=f"no final transcript, {ms}")
    if pause.final and not text and pause.heard_s >= settings.overlap_keep_s:
        return Verdict(call="nothing", why="a sound without words")
    look = pause.looks < len(settings.looks_s) and pause.heard_s >= settings.looks_s[pause.looks]
    prepare = _worth_preparing(pause, wait, settings)
    return Verdict(
        call="wait",
        look=look,
        prepare=prepare,
        wait_s=_next(pause, wait, give_up_s, settings),
    )


def _eager(wait: Patience, settings: TurnSettings) -> float:
    """From which pause on preparing is worth its cost: early where the end is likely, half-way
    where it is not."""
    return max(settings.eager_s, 0.0 if wait.likely else wait.wait_s / 2)


def _worth_preparing(pause: Pause, wait: Patience, settings: TurnSettings) -> bool:
    if not (settings.speculate and pause.final and pause.evidence.text) or pause.prepared:
        return False
    return pause.evidence.hint == "eager" or pause.heard_s >= _eager(wait, settings)


def _next(pause: Pause, wait: Patience, give_up_s: float, settings: TurnSettings) -> float:
    """After how much more audio anything could change by time alone."""
    heard = [*settings.looks_s]
    if pause.final:
        heard.append(wait.wait_s if pause.evidence.text else settings.overlap_keep_s)
        if pause.evidence.text and not pause.prepared and settings.speculate:
            heard.append(_eager(wait, settings))
    # The ceilings count audio whether it arrived or not.
    times = [at - pause.length_s for at in (give_up_s, wait.ceiling_s)]
    times += [at - pause.heard_s for at in heard]
    return min((at for at in times if at > 0), default=AGAIN_S)
