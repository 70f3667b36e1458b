"""English numbers in words. Pure tables and arithmetic; where they occur is english.py's matter."""

from typing import Final

__all__ = ["cardinal", "decimal", "digits", "ordinal", "year"]

_ONES: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
).split()
_TENS: Final = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES: Final = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_ORDINALS: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
LARGEST: Final = 10**15
"""From here on a number is read digit by digit."""


def cardinal(number: int) -> str:
    """ "one hundred twenty-three"."""
    if number < 0:
        return "minus " + cardinal(-number)
    if number >= LARGEST:
        return digits(str(number))
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return f"{_ONES[hundreds]} hundred" + (f" {cardinal(rest)}" if rest else "")
    for scale, name in _SCALES:
        if number >= scale:
            count, rest = divmod(number, scale)
            return f"{cardinal(count)} {name}" + (f" {cardinal(rest)}" if rest else "")
    raise AssertionError(number)


def ordinal(number: int) -> str:
    """ "twenty-third"."""
    words = cardinal(number)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    head, last = words[:cut], words[cut:]
    if last.endswith("y"):
        return head + last[:-1] + "ieth"
    return head + _ORDINALS.get(last, last + "th")


def digits(text: str) -> str:
    """Each digit by itself; anything else is left out."""
    return " ".join(_ONES[int(letter)] for letter in text if letter in "0123456789")


def decimal(text: str) -> str:
    """ "1,234.50" as "one thousand two hundred thirty-four point five zero"."""
    whole, _, fraction = text.replace(",", "").partition(".")
    words = cardinal(int(whole or 0))
    return f"{words} point {digits(fraction)}" if fraction else words


def year(number: int) -> str:
    """ "nineteen oh five", "two thousand seven", "twenty twenty-five"."""
    century, rest = divmod(number, 100)
    if 2000 <= number < 2010 or not 1000 <= number < 10000:
        return cardinal(number)
    if not rest:
        return cardinal(number) if century % 10 == 0 else f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"
