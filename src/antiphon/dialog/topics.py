"""Which topic a caller's words point to: a plain count of matching words and phrases."""

import re
from collections.abc import Sequence
from typing import Final

from antiphon.dialog.settings import Topic

__all__ = ["bare_answer", "mentions", "topic_for"]

_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_LEAD: Final = re.compile(
    r"^(?:(?:yes|yeah|sure|okay|well|um|uh)[,.]?\s+)*"
    r"(?:(?:my|the)\s+(?:\w+\s+)?(?:name|number|date|address)\s+is|it['’]?s|it\s+is|this\s+is"
    r"|i['’]?m|i\s+am)[,:]?\s+",
    re.IGNORECASE,
)
# Endings a plain plural or verb form adds; "prices" should find "price".
_ENDINGS: Final = ("ing", "es", "s", "ed", "e")


def topic_for(text: str, topics: Sequence[Topic]) -> Topic | None:
    """The topic most of the words point to; of equals, the first listed. None where none."""
    best, best_score = None, 0
    for topic in topics:
        score = sum(_weight(ask) for ask in topic.asks if mentions(text, ask))
        if score > best_score:
            best, best_score = topic, score
    return best


def mentions(text: str, phrase: str) -> bool:
    """Whether the words of ``phrase`` stand in ``text``, in that order, side by side."""
    said, wanted = _stems(text), _stems(phrase)
    width = len(wanted)
    return any(said[at : at + width] == wanted for at in range(len(said) - width + 1))


def bare_answer(text: str) -> str:
    """What was asked for, without the words that lead up to it: "My name is Ann." is "Ann"."""
    said = text.strip().rstrip(".!?,")
    return _LEAD.sub("", said, count=1) or said


def _weight(phrase: str) -> int:
    """Two words that match together say more than two that match apart."""
    return 2 * len(_stems(phrase)) - 1


def _stems(text: str) -> list[str]:
    return [_stem(word) for word in _WORD.findall(text.lower().replace("’", "'"))]


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word
