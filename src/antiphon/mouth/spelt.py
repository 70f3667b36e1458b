"""Reading a stretch as its author asked: letter by letter, as a date, as an amount. Pure.

What ``<say-as>`` means. English words come out for English; other languages get what is the same
everywhere, which is one letter or digit at a time. None: the text is read as any other.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from antiphon.mouth.english import RULES, date_words
from antiphon.mouth.numerals import cardinal, digits, ordinal

__all__ = ["spelt"]

_NAMES: Final = {
    ".": "dot", ",": "comma", "-": "dash", "_": "underscore", "/": "slash", "\\": "backslash",
    "@": "at", "#": "hash", "*": "star", "+": "plus", "&": "and", ":": "colon", "%": "percent",
    "=": "equals", "!": "exclamation mark", "?": "question mark", "$": "dollar", "'": "apostrophe",
}  # fmt: skip
_SIGNS: Final = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_CODE: Final = re.compile(
    rf"({'|'.join(_SIGNS)})\s*([\d.,]+)|([\d.,]+)\s*({'|'.join(_SIGNS)})", re.IGNORECASE
)
_LONGEST: Final = 15
"""Digits of a number that is read as one."""


def spelt(text: str, how: str, form: str, *, english: bool) -> str | None:
    """The words for a stretch read as ``how``; ``form`` is the order of a date's parts."""
    if how in _ANYWHERE:
        return _ANYWHERE[how](text, english) or None
    if not english:
        return None
    if how == "date":
        return _date(text, form)
    return _ENGLISH[how](text) if how in _ENGLISH else None


def _characters(text: str, english: bool) -> str:
    if not english:
        return " ".join("".join(letter for letter in text if letter.isalnum()))
    return " ".join(filter(None, map(_character, text)))


def _character(letter: str) -> str:
    if letter in "0123456789":
        return digits(letter)
    return letter.upper() if letter.isalpha() else _NAMES.get(letter, "")


def _digits(text: str, english: bool) -> str:
    letters = "".join(letter for letter in text if letter.isalnum())
    return _characters(letters, english)


def _telephone(text: str, english: bool) -> str:
    groups = re.findall(r"\d+", text)
    said = ", ".join(_digits(group, english) for group in groups)
    return f"plus {said}" if english and said and text.strip().startswith("+") else said


def _cardinal(text: str) -> str | None:
    number = _number(text)
    return None if number is None else cardinal(number)


def _ordinal(text: str) -> str | None:
    number = _number(re.sub(r"(?i)(?:st|nd|rd|th)\.?$", "", text.strip()))
    return None if number is None or number < 0 else ordinal(number)


def _number(text: str) -> int | None:
    bare = text.strip().replace(",", "").rstrip(".")
    fits = re.fullmatch(r"[-−]?\d+", bare) and len(bare) <= _LONGEST
    return int(bare.replace("−", "-")) if fits else None


def _date(text: str, form: str) -> str | None:
    """By its form where all its parts are numbers; otherwise as any date."""
    parts = re.findall(r"\d+", text)
    if not form or len(parts) != len(form) or re.search(r"[^\W\d_]", text):
        return None
    found = dict(zip(form, parts, strict=True))
    if "m" not in found or "d" not in found:
        return None
    return date_words(int(found["m"]), int(found["d"]), found.get("y"))


def _time(text: str) -> str | None:
    """Also "14.30" and "1430", which are no times elsewhere."""
    found = re.fullmatch(r"\s*(\d{1,2})[.h:]?(\d{2})\s*((?i:[ap]\.?m\.?)?)\s*", text)
    return _by_rules(f"{found[1]}:{found[2]} {found[3]}".strip()) if found else None


def _currency(text: str) -> str | None:
    found = _CODE.search(text)
    if found is None:
        return None
    sign = _SIGNS[(found[1] or found[4]).upper()]
    return _by_rules(text.replace(found[0], f"{sign}{found[2] or found[3]}"))


def _by_rules(text: str) -> str | None:
    """What the first rule that fits all of it reads."""
    for pattern, read in RULES:
        if (found := pattern.fullmatch(text.strip())) and (said := read(found)):
            return said
    return None


_ANYWHERE: Final[Mapping[str, Callable[[str, bool], str]]] = {
    "characters": _characters,
    "spell-out": _characters,
    "digits": _digits,
    "telephone": _telephone,
}
_ENGLISH: Final[Mapping[str, Callable[[str], str | None]]] = {
    "cardinal": _cardinal,
    "ordinal": _ordinal,
    "time": _time,
    "currency": _currency,
}
