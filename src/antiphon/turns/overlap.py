"""The caller made a sound over the agent: do they want the floor?

The sound itself says nothing for half a second; only words do, and early words are often
misread. So every reading is remembered (`Overheard`), and `judge`, asked whenever evidence
changes, says yes, no, or not yet and when to ask again. The rule and its numbers come from
docs/decisions/0003-evidence.md, part c.
"""

from dataclasses import dataclass
from typing import Final, Literal

from antiphon.turns import words
from antiphon.turns.settings import TurnSettings

__all__ = ["Overheard", "Verdict", "judge"]

# Before this much voice a reading is a guess.
TRUSTED_S: Final = 0.28
# Voice that goes on wants the floor: soon if it says something, later the more it listens.
OTHER_S: Final = 0.5
LISTENED_ONCE: Final = 1.0
LISTENED_ALWAYS: Final = 1.3
# After the sound: a remark this long was no listening noise, two words a little sooner.
REMARK_S: Final = 0.5
TWO_WORDS_S: Final = 0.4


@dataclass(slots=True)
class Overheard:
    """What the recogniser made of the sound so far."""

    text: str = ""
    """Its newest reading."""
    listening: int = 0
    """How many trusted readings were nothing but listening noises."""
    others_running: int = 0
    """How many readings, up to the newest, held two words or more that are something else."""
    read: int = 0
    """How many readings held words."""

    def hear(self, text: str, voiced_s: float) -> None:
        """Take a reading of the sound, which had this much voice by then."""
        self.text = text
        kind = words.listens_or_asks(text)
        self.read += bool(kind)
        self.listening += kind == "listening" and voiced_s >= TRUSTED_S
        several = kind == "other" and len(words.words_of(text)) >= 2
        self.others_running = self.others_running + 1 if several else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to do, and why in a few words."""

    call: Literal["yield", "keep", "wait"]
    why: str = ""
    wait_s: float = 0.0
    """For ``wait``: ask again after this much more audio at the latest."""


def judge(
    heard: Overheard,
    voiced_s: float,
    pause_s: float | None,
    final: bool,
    settings: TurnSettings,
) -> Verdict:
    """Whether the caller wants the floor.

    ``voiced_s`` is how much voice there was, ``pause_s`` how long it has been silent since (None
    while it goes on), ``final`` whether the recogniser has heard it to its end.
    """
    if settings.barge_in == "at_once":
        return Verdict(call="yield", why="any voice stops the agent")
    if pause_s is None:
        return _while_voiced(heard, voiced_s, settings)
    return _after(heard, voiced_s, pause_s, final, settings)


def _while_voiced(heard: Overheard, voiced_s: float, settings: TurnSettings) -> Verdict:
    kind = words.listens_or_asks(heard.text)
    trusted = voiced_s >= TRUSTED_S
    if trusted and (kind == "claim" or (heard.others_running >= 2 and heard.listening <= 1)):
        return Verdict(call="yield", why=f"heard {heard.text!r}")
    limit_s = _longest(heard, settings)
    if voiced_s >= limit_s:
        return Verdict(call="yield", why=f"voice for {voiced_s:.2f} s")
    looks = [at for at in settings.overlap_looks_s if at > voiced_s]
    return Verdict(call="wait", wait_s=min([limit_s, *looks]) - voiced_s)


def _longest(heard: Overheard, settings: TurnSettings) -> float:
    """How long a voice may go on before it wants the floor."""
    if heard.listening and heard.listening == heard.read:
        return settings.overlap_yield_s * LISTENED_ALWAYS
    if heard.listening or not heard.read:
        return settings.overlap_yield_s * LISTENED_ONCE
    return min(OTHER_S, settings.overlap_yield_s)


def _after(
    heard: Overheard, voiced_s: float, pause_s: float, final: bool, settings: TurnSettings
) -> Verdict:
    """The sound has ended."""
    kind = words.listens_or_asks(heard.text)
    several = len(words.words_of(heard.text)) >= 2
    remark = voiced_s >= (TWO_WORDS_S if several else REMARK_S) and not heard.listening
    if kind == "claim" or words.objects(heard.text) or (kind == "other" and remark):
        return Verdict(call="yield", why=f"heard {heard.text!r}")
    # Silence alone proves nothing until the recogniser has heard the sound to its end.
    enough_s = settings.overlap_keep_s * (1.0 if final else 2.0)
    if pause_s < enough_s:
        return Verdict(call="wait", wait_s=enough_s - pause_s)
    what = repr(heard.text) if heard.text else "a sound without words"
    return Verdict(call="keep", why=f"only {what}")
