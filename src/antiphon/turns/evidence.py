"""How long to wait in a pause: all evidence about the end of a turn, as one number.

`patience` turns the evidence into the length of pause that is enough. It is asked again
whenever evidence changes, so a turn ends as soon as the pause outgrows the patience.
The shape follows docs/decisions/0003-evidence.md.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

from antiphon.events import Expectation
from antiphon.turns import words
from antiphon.turns.settings import TurnSettings
from antiphon.turns.words import Ending

__all__ = ["Evidence", "Patience", "patience"]

# Log-odds that the turn is over, fitted on recorded and synthetic speech (0003, part a): the
# sound and the words weigh about the same. A comma and an open word weigh more than fitted,
# because they are the one thing a listener would never take for an end.
SCORE_WEIGHT: Final = 0.5
WORDS_WEIGHT: Final = 1.5
ENDINGS: Final[dict[Ending, float]] = {
    "none": 0.0,
    "question": 0.65,
    "sentence": 0.55,
    "comma": -1.5,
    "open": -1.6,
}
# A single score never weighs more than this: the model is sometimes sure and wrong.
LEAST_SCORE: Final = 0.02
# From this likelihood on it is worth preparing an answer at once.
LIKELY: Final = 0.5

YES_NO_S = 0.25
COMPLETE_COUNT_S = 0.3
INCOMPLETE_COUNT_S = 1.8
COUNT_CEILING_S = 4.0
NAME_S = 0.7
DATE_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known about one pause."""

    text: str
    score: float | None
    """The lowest score of the end-of-turn model in this pause; None before the first. The
    lowest, because silence alone makes every later score higher."""
    expectation: Expectation
    hint: Literal["", "eager", "ended"] = ""
    """The recogniser's own opinion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a pause may last."""

    wait_s: float
    """The turn ends when the pause is this long."""
    ceiling_s: float
    """The turn ends here even if audio or transcript is missing."""
    likely: bool
    """Whether the end is likelier than not: then an answer is prepared at once."""
    why: str
    """The evidence in a few words."""


def patience(evidence: Evidence, settings: TurnSettings) -> Patience:
    """How long to wait, given all that is known."""
    if counted := _counted(evidence, settings):
        return counted
    wait_s, likely, why = _open(evidence, settings)
    kind = evidence.expectation.kind
    if kind == "yes_no" and words.says_yes_or_no(evidence.text):
        wait_s, likely, why = min(wait_s, YES_NO_S), True, "a yes or no was asked for"
    elif kind == "name":
        wait_s = max(wait_s, NAME_S)
    elif kind == "date":
        wait_s = max(wait_s, DATE_S)
    if evidence.hint == "ended":
        wait_s, likely, why = settings.floor_s, True, "the recogniser says so"
    wait_s = min(max(wait_s, settings.floor_s), settings.ceiling_s)
    return Patience(wait_s=wait_s, ceiling_s=settings.ceiling_s, likely=likely, why=why)


def _counted(evidence: Evidence, settings: TurnSettings) -> Patience | None:
    """Digits and spelling: what counts is how many there are, not how they sound."""
    kind, wanted = evidence.expectation.kind, evidence.expectation.count
    if kind not in ("digits", "spelling"):
        return None
    ceiling_s = max(settings.ceiling_s, COUNT_CEILING_S)
    count_of = words.count_digits if kind == "digits" else words.count_letters
    count = count_of(evidence.text)
    if not count:
        # They answered with something else ("I don't have it here"): an open turn.
        return None if evidence.text else _counting(INCOMPLETE_COUNT_S, ceiling_s, "none given")
    if wanted and count >= wanted:
        wait_s = max(COMPLETE_COUNT_S, settings.floor_s)
        return _counting(wait_s, ceiling_s, f"{count} of {wanted} given")
    return _counting(INCOMPLETE_COUNT_S, ceiling_s, f"{count} of {wanted or 'some'} given")


def _counting(wait_s: float, ceiling_s: float, why: str) -> Patience:
    likely = wait_s < INCOMPLETE_COUNT_S
    return Patience(wait_s=wait_s, ceiling_s=ceiling_s, likely=likely, why=why)


def _open(evidence: Evidence, settings: TurnSettings) -> tuple[float, bool, str]:
    """An open turn: the sound and the words together, on a curve from sure to unsure."""
    end = words.ending(evidence.text)
    z = WORDS_WEIGHT * ENDINGS[end]
    if evidence.score is not None:
        z += SCORE_WEIGHT * _log_odds(evidence.score)
    likelihood = 1 / (1 + math.exp(-z))
    sure_s = max(settings.sure_s, 0.01)
    wait_s = sure_s * (settings.unsure_s / sure_s) ** (1 - likelihood)
    sound = "no score" if evidence.score is None else f"score {evidence.score:.2f}"
    return wait_s, likelihood >= LIKELY, f"{sound}, {_SAID[end]}"


_SAID: Final[dict[Ending, str]] = {
    "none": "words without an end",
    "question": "a question",
    "sentence": "a sentence",
    "comma": "words up to a comma",
    "open": "unfinished words",
}


def _log_odds(score: float) -> float:
    held = min(max(score, LEAST_SCORE), 1 - LEAST_SCORE)
    return math.log(held / (1 - held))
