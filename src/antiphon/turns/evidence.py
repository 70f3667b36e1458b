"""How long to wait in a pause: all evidence about the end of a turn, as one number.

`patience` turns the evidence into the length of pause that is enough. It is asked again
whenever evidence changes, so a turn ends as soon as the pause outgrows the patience.
The shape follows docs/decisions/0003-evidence.md.
"""

from dataclasses import dataclass
from typing import Literal

from antiphon.events import Expectation
from antiphon.turns import words
from antiphon.turns.settings import TurnSettings

__all__ = ["Evidence", "Patience", "patience"]

# Without the audio model a pause says as much as a coin.
UNKNOWN_SCORE = 0.5
# A text that stops on "and" makes even a falling pitch doubtful; one closed like a sentence
# makes a doubtful pitch likelier to be the end.
DANGLING_SCORE = 0.35
SENTENCE_SCORE = 0.15

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
    """The end-of-turn model's newest score, None before the first."""
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
    why: str
    """The evidence in a few words."""


def patience(evidence: Evidence, settings: TurnSettings) -> Patience:
    """How long to wait, given all that is known."""
    if counted := _counted(evidence, settings):
        return counted
    wait_s, why = _open(evidence, settings)
    kind = evidence.expectation.kind
    if kind == "yes_no" and words.says_yes_or_no(evidence.text):
        wait_s, why = min(wait_s, YES_NO_S), "a yes or no was asked for"
    elif kind == "name":
        wait_s = max(wait_s, NAME_S)
    elif kind == "date":
        wait_s = max(wait_s, DATE_S)
    if evidence.hint == "ended":
        wait_s, why = settings.floor_s, "the recogniser says so"
    wait_s = min(max(wait_s, settings.floor_s), settings.ceiling_s)
    return Patience(wait_s=wait_s, ceiling_s=settings.ceiling_s, why=why)


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
        return None if evidence.text else _waiting(ceiling_s)
    if wanted and count >= wanted:
        wait_s, why = COMPLETE_COUNT_S, f"{count} of {wanted} given"
    else:
        wait_s, why = INCOMPLETE_COUNT_S, f"{count} of {wanted or 'some'} given"
    return Patience(wait_s=max(wait_s, settings.floor_s), ceiling_s=ceiling_s, why=why)


def _waiting(ceiling_s: float) -> Patience:
    return Patience(wait_s=INCOMPLETE_COUNT_S, ceiling_s=ceiling_s, why="nothing given yet")


def _open(evidence: Evidence, settings: TurnSettings) -> tuple[float, str]:
    """An open turn: the sound and the words together, on a curve from sure to unsure."""
    score = UNKNOWN_SCORE if evidence.score is None else evidence.score
    notes = ["no score" if evidence.score is None else f"score {evidence.score:.2f}"]
    if words.is_dangling(evidence.text):
        score *= DANGLING_SCORE
        notes.append("unfinished words")
    elif words.is_sentence(evidence.text):
        score = score + (1 - score) * SENTENCE_SCORE
        notes.append("a whole sentence")
    wait_s = settings.sure_s * (settings.unsure_s / max(settings.sure_s, 0.01)) ** (1 - score)
    return wait_s, ", ".join(notes)
