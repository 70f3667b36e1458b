"""How English reads what is not written in letters: money, dates, times, units, abbreviations.

A list of rules, each a pattern and what it is read as; speakable.py applies them in this order,
and what one rule has read no later rule sees. A rule that finds no sense in a match returns None.
Pure.
"""

import re
from collections.abc import Callable
from typing import Final

from antiphon.mouth.numerals import cardinal, decimal, digits, ordinal, year

__all__ = ["RULES", "Rule", "date_words"]

Match = re.Match[str]
Rule = tuple[re.Pattern[str], Callable[[Match], str | None]]

_MONTHS: Final = (
    "January February March April May June July August September October November December"
).split()
_MONTH: Final = r"(?P<month>" + "|".join(f"{m}|{m[:3]}\\.?" for m in _MONTHS) + r"|Sept\.?)"
_MONEY: Final = {
    "$": ("dollar", "cent"),
    "€": ("euro", "cent"),
    "£": ("pound", "pence"),
    "¥": ("yen", ""),
}
_SCALES: Final = {"k": "thousand", "m": "million", "bn": "billion", "b": "billion"}
_UNITS: Final = {
    "km/h": "kilometre per hour", "mph": "mile per hour", "km": "kilometre", "cm": "centimetre",
    "mm": "millimetre", "m": "metre", "kg": "kilogram", "mg": "milligram", "g": "gram",
    "ml": "millilitre", "l": "litre", "lbs": "pound", "lb": "pound", "oz": "ounce", "mi": "mile",
    "ft": "foot", "GB": "gigabyte", "MB": "megabyte", "TB": "terabyte", "kB": "kilobyte",
    "kWh": "kilowatt hour", "kW": "kilowatt", "MHz": "megahertz", "kHz": "kilohertz",
    "Hz": "hertz", "ms": "millisecond", "hrs": "hour", "hr": "hour", "mins": "minute",
    "min": "minute", "secs": "second", "sec": "second", "°C": "degree Celsius",
    "°F": "degree Fahrenheit", "°": "degree", "%": "percent",
}  # fmt: skip
_ANY_CASE: Final = {unit.lower(): name for unit, name in _UNITS.items()}
_PLURALS: Final = {"foot": "feet", "hertz": "hertz", "percent": "percent"}
_SHORT: Final = {
    "mr": "Mister", "mrs": "Missus", "dr": "Doctor", "prof": "Professor", "st": "Saint",
    "jr": "Junior", "sr": "Senior", "etc": "et cetera", "vs": "versus", "approx": "approximately",
    "appt": "appointment", "dept": "department", "ave": "Avenue", "blvd": "Boulevard",
    "rd": "Road", "ext": "extension", "inc": "Incorporated", "ltd": "Limited", "min": "minimum",
    "max": "maximum", "tel": "telephone", "e.g": "for example", "i.e": "that is", "a.m": "A M",
    "p.m": "P M", "a.k.a": "also known as",
}  # fmt: skip
_SLASHED: Final = {
    "mo": "month", "yr": "year", "hr": "hour", "wk": "week", "day": "day", "month": "month",
    "year": "year", "hour": "hour", "week": "week", "night": "night", "person": "person",
    "minute": "minute", "min": "minute", "user": "user", "unit": "unit",
}  # fmt: skip
_SIGNS: Final = {"&": "and", "+": "plus", "=": "equals", "@": "at", "©": "copyright", "~": "about"}
_FRACTIONS: Final = {"1/2": "one half", "1/3": "one third", "2/3": "two thirds",
                     "1/4": "one quarter", "3/4": "three quarters"}  # fmt: skip


def _money(found: Match) -> str:
    one, part = _MONEY[found["sign"]]
    amount = found["amount"].replace(",", "")
    if scale := found["scale"]:
        return f"{decimal(amount)} {_SCALES.get(scale.lower(), scale.lower())} {_many(one)}"
    whole, _, fraction = amount.partition(".")
    units, parts = int(whole), int(fraction.ljust(2, "0")[:2]) if fraction else 0
    said = [f"{cardinal(units)} {one if units == 1 else _many(one)}"] if units or not parts else []
    if parts and part:
        said.append(f"{cardinal(parts)} {part if parts == 1 else _many(part)}")
    return " and ".join(said)


def _many(name: str) -> str:
    head, gap, rest = name.partition(" ")
    if rest == "hour":
        return name + "s"
    return (_PLURALS.get(head) or (head if head in ("yen", "pence") else head + "s")) + gap + rest


def _measure(found: Match) -> str | None:
    unit = found["unit"]
    # "5 m" is a length, "5 M" is not; "5 KM" can only be one thing.
    name = _UNITS.get(unit) or (_ANY_CASE.get(unit.lower()) if len(unit) > 1 else None)
    if name is None:
        return None
    one = found["number"] in ("1", "-1")
    return f"{_number(found['number'])} {name if one else _many(name)}"


def _number(text: str) -> str:
    sign = "minus " if text[0] in "-−" else ""
    return sign + decimal(text.lstrip("-−"))


def _plain(found: Match) -> str:
    text = found[0]
    bare = text.lstrip("-−")
    # Numbers too long to be an amount, and those that begin with zero, are codes.
    if (len(bare) > 1 and bare[0] == "0" and "." not in bare) or len(bare.replace(",", "")) > 15:
        return digits(bare)
    if "," not in bare and "." not in bare and len(bare) >= 7:
        return digits(bare)
    if len(bare) == 4 and bare.isdigit() and 1900 <= int(bare) < 2100:
        return year(int(bare))
    return _number(text)


def _time(found: Match) -> str | None:
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if hour > 24 or minute > 59:
        return None
    half = found["half"]
    said = cardinal(hour)
    if minute:
        said += f" {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    elif not half:
        said += " o'clock" if 0 < hour <= 12 else " hundred hours"
    return f"{said} {half[0].upper()} M" if half else said


def _iso_date(found: Match) -> str | None:
    return date_words(int(found["m"]), int(found["d"]), found["y"])


def _slash_date(found: Match) -> str | None:
    first, second = int(found["a"]), int(found["b"])
    month, day = (second, first) if first > 12 else (first, second)
    return date_words(month, day, found["y"])


def _month_date(found: Match) -> str | None:
    return date_words(_month(found), int(found["d"]), found["y"])


def _day_month(found: Match) -> str | None:
    month, day = _month(found), int(found["d"])
    if not 1 <= day <= 31:
        return None
    said = f"the {ordinal(day)} of {_MONTHS[month - 1]}"
    return f"{said}, {year(int(found['y']))}" if found["y"] else said


def _month(found: Match) -> int:
    return next(i for i, full in enumerate(_MONTHS, 1) if full.startswith(found["month"][:3]))


def date_words(month: int, day: int, of: str | None = None) -> str | None:
    """ "March third, twenty twenty-six"; None where there is no such day."""
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    said = f"{_MONTHS[month - 1]} {ordinal(day)}"
    return f"{said}, {year(int(of))}" if of else said


def _version(found: Match) -> str:
    return " point ".join(cardinal(int(part)) for part in found[0].split("."))


def _phone(found: Match) -> str | None:
    groups = re.findall(r"\d+", found[0])
    if not 7 <= sum(map(len, groups)) <= 15:
        return None
    said = ", ".join(digits(group) for group in groups)
    return f"plus {said}" if found[0].startswith("+") else said


def _address(found: Match) -> str:
    text = re.sub(r"^https?://(www\.)?|/$", "", found[0])
    for sign, name in (
        (".", "dot"),
        ("/", "slash"),
        ("@", "at"),
        ("-", "dash"),
        ("_", "underscore"),
    ):
        text = text.replace(sign, f" {name} ")
    return re.sub(r"\d+", lambda number: digits(number[0]), re.sub(r"[^\w\s']", " ", text))


def _rule(pattern: str, read: Callable[[Match], str | None], flags: int = 0) -> Rule:
    return re.compile(pattern, flags), read


_NUMBER: Final = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_ALONE: Final = r"(?<![\w.,])"
_UNIT: Final = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_DAY: Final = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?"
_OF_YEAR: Final = r"(?:,? (?P<y>\d{4})\b)?"
_HALF: Final = r"(?P<half>[aApP])(?:\.[mM]\.|[mM]\b)"
_SITE: Final = r"(?:com|org|net|io|ai|dev|co\.uk|de|eu)"
_PHONES: Final = (
    r"\+\d{1,3}(?:[ .-]?\(?\d{1,8}\)?){1,5}(?!\w)",
    r"(?:\(\d{2,4}\)[ .-]?|(?<![\w.,$€£-])\d{2,4}[ .-])\d{3,4}(?:[ .-]\d{2,4}){1,3}(?!\w)",
    r"(?<![\w.-])\d{3}-\d{4}(?![\w-])",
)
_WORDS: Final = "|".join(sorted(map(re.escape, _SHORT), key=len, reverse=True))

# A line start or end stands for the neighbour that an earlier rule has read already.
RULES: Final[tuple[Rule, ...]] = (
    _rule(
        r"^[ \t]*(?P<n>\d{1,3})[.)](?=[ \t])",
        lambda found: f"{cardinal(int(found['n']))}, ",
        re.MULTILINE,
    ),
    _rule(r"https?://[^\s<>\"]*[\w/]|[\w.+-]+@\w[\w-]*(?:\.\w+)+", _address),
    _rule(
        rf"\b[a-z0-9][\w-]*(?:\.[a-z0-9][\w-]*)*\.{_SITE}(?:/[\w/-]*\w)?\b",
        _address,
        re.IGNORECASE,
    ),
    _rule(
        r"(?P<sign>[$€£¥])\s?(?P<amount>\d+(?:,\d{3})*(?:\.\d{1,2})?)"
        r"(?:\s?(?P<scale>million|billion|thousand|trillion|bn|[kKmMbB])\b)?",
        _money,
    ),
    _rule(
        rf"(?:(?<=\w)|^)/(?P<unit>{'|'.join(_SLASHED)})\b",
        lambda found: f" per {_SLASHED[found['unit']]}",
    ),
    _rule(_ALONE + r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?!\d)", _iso_date),
    _rule(_ALONE + r"(?P<a>\d{1,2})/(?P<b>\d{1,2})/(?P<y>\d{4})(?!\d)", _slash_date),
    _rule(rf"\b(?:the )?{_DAY} (?:of )?{_MONTH}\b{_OF_YEAR}", _day_month),
    _rule(rf"\b{_MONTH} {_DAY}(?!\d|:|\.\d){_OF_YEAR}", _month_date),
    _rule(
        rf"{_ALONE}(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?::\d{{2}})?(?:\s?{_HALF})?(?!\d)",
        _time,
    ),
    _rule(rf"{_ALONE}(?P<hour>\d{{1,2}})(?P<minute>)\s?{_HALF}", _time),
    _rule("|".join(_PHONES), _phone),
    _rule(_ALONE + r"(?P<a>[123]/[234])(?![\d/])", lambda found: _FRACTIONS.get(found["a"])),
    _rule(
        rf"{_ALONE}(?P<number>[-−]?(?:{_NUMBER}))\s?(?P<unit>{_UNIT})(?!\w)",
        _measure,
        re.IGNORECASE,
    ),
    _rule(_ALONE + r"(?P<n>\d{1,12})(?:st|nd|rd|th)\b", lambda found: ordinal(int(found["n"]))),
    _rule(_ALONE + r"\d+(?:\.\d+){2,}(?!\w)", _version),
    _rule(r"(?<=\d)\s?[–-]\s?(?=[$€£]?\d)", lambda _: " to "),
    _rule(r"\bNo\.\s?(?=\d)|#\s?(?=\d)", lambda _: "number "),
    _rule(rf"(?<!\w)[-−]?(?:{_NUMBER})(?!\w)", _plain),
    _rule(rf"\b(?P<word>{_WORDS})\.", lambda found: _SHORT[found["word"].lower()], re.IGNORECASE),
    _rule(r"(?:(?<=\w)|^)/(?:(?=\w)|$)", lambda _: " "),
    _rule(r"[&+=@©~]", lambda found: f" {_SIGNS[found[0]]} "),
)
