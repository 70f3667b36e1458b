"""Cutting model text, as it streams in, into clauses worth speaking.

The first clause is short, so that the voice can begin early; the later ones are sentences, which
sound better whole. Nothing is lost or changed: the clauses joined are the text. How the text
arrives makes no difference: a cut is made only where no later character could unmake it.

Pure. How a clause is written for the ear is decided in speakable.py.
"""

import re
from typing import Final

__all__ = ["Segmenter"]

FIRST_LETTERS: Final = 4
"""Of a first clause that ends at a comma: "Sure," may stand alone, "No," may not."""
CONJUNCTION_WORDS: Final = 5
"""From here on a first clause may end before a conjunction."""
FIRST_WORDS: Final = 14
"""A first clause without any mark ends here. About five seconds of speech."""
LONGEST: Final = 180
"""Letters in a later clause: some twelve seconds. An ideograph counts as three."""

_TITLES: Final = frozenset(
    "mr mrs ms dr prof st sr jr rev fr gen col sgt capt lt hon gov sen rep mt ft e.g i.e cf viz"
    " vs approx appt dept".split()
)
"""Whatever follows, a period after these ends no sentence."""
_NUMBERED: Final = frozenset("no nos vol fig ext p pp art sec ch ver tel".split())
"""A period after these ends no sentence when a number follows."""
_EITHER: Final = frozenset(
    "etc inc ltd co corp bros ave blvd rd min max est al jan feb mar apr jun jul aug sep sept oct"
    " nov dec mon tue wed thu fri sat sun".split()
)
"""A period after these ends a sentence when a capital follows."""
_CONJUNCTIONS: Final = frozenset(
    "and but or because so which who where if when while although though since unless until then"
    " whereas before after".split()
)
_MARK: Final = re.compile(
    r"(?P<stop>[.!?…]+[\"'”’)\]*_]*)"
    r"|(?P<full>[。！？]+[」』”’）]*)"
    r"|(?P<comma>[,;:])"
    r"|(?P<wide>[，、；：])"
    r"|(?P<dash>[-–—])"
    r"|(?P<line>\n)"
    r"|(?P<gap>[^\S\n]+)"
)
_WIDE: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]")
_NEXT: Final = re.compile(r"\s*(\S)")
_NEXT_WORD: Final = re.compile(r"\s+([\w']+)(?=[^\w'])")
_LIST_NUMBER: Final = re.compile(r"(?:^|\n)\s*\d{1,3}$")

_Verdict = int | None
"""Where to cut; 0 for not here; None for not known before more text has come."""


class Segmenter:
    """Feed it text as it comes; flush it when the reply's text is complete."""

    def __init__(self) -> None:
        self._rest = ""
        self._first = True

    def feed(self, text: str) -> list[str]:
        """The clauses that are certain now."""
        self._rest += text
        return self._cut(final=False)

    def close(self) -> list[str]:
        """The clauses that are left, at a seam: what is fed next goes on with the reply."""
        return self._cut(final=True)

    def flush(self) -> list[str]:
        """The clauses that are left. The next text fed starts a new reply."""
        clauses = self.close()
        self._first = True
        return clauses

    @property
    def rest(self) -> str:
        """Text that belongs to no clause yet."""
        return self._rest

    def _cut(self, *, final: bool) -> list[str]:
        clauses = []
        while self._rest:
            end = self._end(final)
            if not end:
                if not final:
                    break
                end = len(self._rest)
            clauses.append(self._rest[:end])
            self._rest = self._rest[end:]
            self._first = False
        return clauses

    def _end(self, final: bool) -> _Verdict:
        text, longest = self._rest, _reach(self._rest)
        for mark in _MARK.finditer(text):
            if mark.start() >= longest:
                break
            if not _has_word(text[: mark.start()]):
                continue
            verdict = self._judge(mark, final)
            if verdict != 0:
                return verdict
        return _forced(text, longest) if len(text) > longest else 0

    def _judge(self, mark: re.Match[str], final: bool) -> _Verdict:
        match mark.lastgroup:
            case "stop":
                return _stop(mark, final)
            case "full":
                return None if _at_end(mark) and not final else mark.end()
            case "line":
                return mark.start()
            case _:
                pass
        if not self._first:
            return 0
        match mark.lastgroup:
            case "comma":
                return _comma(mark, final)
            case "wide":
                return mark.end()
            case "dash":
                return _dash(mark, final)
            case _:
                return _gap(mark, final)


def _stop(mark: re.Match[str], final: bool) -> _Verdict:
    """A period, question or exclamation mark, with the quotes and brackets it closes."""
    text = mark.string
    if _at_end(mark):
        return mark.end() if final else None
    if not text[mark.end()].isspace():
        return mark.end() if _WIDE.match(text, mark.end()) else 0
    if not mark.group().startswith((".", "…")):
        return mark.end()
    before = text[: mark.start()].split()[-1].lstrip("\"'“‘([*_").lower()
    if mark.group()[0] == "." and _never_ends(before, text[: mark.start()]):
        return 0
    if not _depends(before, mark.group()):
        return mark.end()
    follows = _NEXT.match(text, mark.end())
    if follows is None:
        return mark.end() if final else None
    if before in _NUMBERED:
        return 0 if follows[1].isdigit() else mark.end()
    return 0 if follows[1].islower() or follows[1].isdigit() else mark.end()


def _never_ends(word: str, before: str) -> bool:
    initial = len(word) == 1 and word.isalpha() and word != "i"
    return word in _TITLES or initial or bool(_LIST_NUMBER.search(before))


def _depends(word: str, mark: str) -> bool:
    """Whether it takes the next character to know: p.m., U.S., etc., No., an ellipsis."""
    return word in _EITHER or word in _NUMBERED or "." in word or mark[:1] == "…" or ".." in mark


def _comma(mark: re.Match[str], final: bool) -> _Verdict:
    text = mark.string
    if sum(map(str.isalnum, text[: mark.start()])) < FIRST_LETTERS:
        return 0
    if not _at_end(mark) and not text[mark.end()].isspace():
        return 0
    follows = _NEXT.match(text, mark.end())
    if follows is None:
        return 0 if final else None
    # "March 3, 2027" and "5, 6, 7" belong together.
    return 0 if text[mark.start() - 1].isdigit() and follows[1].isdigit() else mark.end()


def _dash(mark: re.Match[str], final: bool) -> _Verdict:
    text, before = mark.string, mark.string[mark.start() - 1]
    long = mark.group() == "—"
    if not (before.isspace() or (long and before.isalpha())):
        return 0
    if _at_end(mark):
        return 0 if final else None
    after = text[mark.end()]
    return mark.end() if after.isspace() or (long and after.isalpha()) else 0


def _gap(mark: re.Match[str], final: bool) -> _Verdict:
    """The space between two words, once a first clause has grown long enough."""
    text = mark.string
    words = len(text[: mark.start()].split())
    if words < CONJUNCTION_WORDS:
        return 0
    if words >= FIRST_WORDS:
        return mark.start()
    if follows := _NEXT_WORD.match(text, mark.start()):
        return mark.start() if follows[1].lower() in _CONJUNCTIONS else 0
    # Either the next word is not complete yet, or something that is no word follows.
    tail = text[mark.end() :]
    complete = final or (tail and not re.fullmatch(r"[\w']+", tail))
    return 0 if complete else None


def _forced(text: str, longest: int) -> int:
    """Where to cut a sentence that is too long: at a comma if there is one, else at a space."""
    head = text[:longest]
    for pattern in (r"[,;:](?=\s)|[，、；：]|\s[-–—](?=\s)", r"\S(?=\s)"):
        ends = [found.end() for found in re.finditer(pattern, head)]
        if ends and ends[-1] > longest // 3:
            return ends[-1]
    return longest


def _reach(text: str) -> int:
    """How many characters of the text make the longest clause allowed."""
    if not _WIDE.search(text):
        return LONGEST
    weight = 0
    for index, letter in enumerate(text):
        weight += 3 if _WIDE.match(letter) else 1
        if weight > LONGEST:
            return index
    return LONGEST


def _has_word(text: str) -> bool:
    return any(map(str.isalnum, text))


def _at_end(mark: re.Match[str]) -> bool:
    return mark.end() == len(mark.string)
