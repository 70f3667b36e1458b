"""What the attributes of markup mean: times, paces, pitches, levels. Pure.

Values are those of SSML 1.1, as far as a voice on the telephone can follow them. Where the
standard leaves a word to the engine ("slow", "strong") the number is ours, so that every engine
means the same by it. What is not understood is None.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

__all__ = [
    "FASTEST",
    "LOUDEST_DB",
    "PLAIN",
    "READINGS",
    "SLOWEST",
    "SOFTEST_DB",
    "Delivery",
    "break_s",
    "changed",
    "tag_mistakes",
    "within",
]

READINGS: Final = frozenset(
    "digits characters spell-out telephone date time cardinal ordinal currency".split()
)
"""What ``interpret-as`` may be."""

FASTEST: Final = 2.0
SLOWEST: Final = 0.5
SEMITONES: Final = 12.0
"""An octave up or down; engines have less."""
LOUDEST_DB: Final = 6.0
SOFTEST_DB: Final = -20.0
"""Below it, words count as heard that nobody hears on a telephone."""
LONGEST_S: Final = 10.0
"""Of one break; a caller takes a longer silence for a dead line."""

BREAKS_S: Final[Mapping[str, float]] = {
    "none": 0.0, "x-weak": 0.1, "weak": 0.25, "medium": 0.5, "strong": 0.75, "x-strong": 1.0,
}  # fmt: skip
RATES: Final[Mapping[str, float]] = {
    "x-slow": 0.6, "slow": 0.8, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.5,
}  # fmt: skip
PITCHES: Final[Mapping[str, float]] = {
    "x-low": -4.0, "low": -2.0, "medium": 0.0, "default": 0.0, "high": 2.0, "x-high": 4.0,
}  # fmt: skip
VOLUMES_DB: Final[Mapping[str, float]] = {
    "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "default": 0.0, "loud": 3.0, "x-loud": 6.0,
}  # fmt: skip
_ATTRIBUTES: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "break": (("time", "strength"), ""),
    "prosody": (("rate", "pitch", "volume"), ""),
    "emphasis": (("level",), ""),
    "say-as": (("interpret-as", "format"), "interpret-as"),
    "sub": (("alias",), "alias"),
    "voice": (("name",), "name"),
    "audio": (("src",), "src"),
}
"""What each tag may have, and what it must have."""
_TIME: Final = re.compile(r"\+?(\d{1,6}(?:\.\d{1,6})?|\.\d{1,6})(ms|s)")
_NUMBER: Final = re.compile(r"([+-]?)(\d{1,6}(?:\.\d{1,6})?|\.\d{1,6})(%|st|dB|db|)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How a stretch of a reply is said."""

    manner: str = ""
    """The name of one of the agent's manners; empty: the reply's own."""
    rate: float = 1.0
    """Times the manner's own speed."""
    pitch_semitones: float = 0.0
    """Above the manner's own."""
    volume_db: float = 0.0
    """Above the manner's own."""


PLAIN: Final = Delivery()


def break_s(attributes: Mapping[str, str]) -> float | None:
    """How long a break is."""
    if "time" in attributes:
        found = _TIME.fullmatch(attributes["time"].strip())
        if found is None:
            return None
        return min(float(found[1]) / (1000 if found[2] == "ms" else 1), LONGEST_S)
    return BREAKS_S.get(attributes.get("strength", "medium").strip().lower())


def changed(delivery: Delivery, attributes: Mapping[str, str]) -> Delivery:
    """A delivery inside a prosody tag. What is not understood changes nothing."""
    rate = _rate(attributes.get("rate", "default")) or 1.0
    pitch = _pitch(attributes.get("pitch", "default")) or 0.0
    volume_db = _volume_db(attributes.get("volume", "default")) or 0.0
    return replace(
        delivery,
        rate=within(SLOWEST, round(delivery.rate * rate, 3), FASTEST),
        pitch_semitones=within(-SEMITONES, delivery.pitch_semitones + pitch, SEMITONES),
        volume_db=within(SOFTEST_DB, delivery.volume_db + volume_db, LOUDEST_DB),
    )


def tag_mistakes(name: str, given: Mapping[str, str]) -> Iterator[str]:
    """What the author of a tag should mend."""
    known, needed = _ATTRIBUTES.get(name, ((), ""))
    for unknown in given.keys() - set(known):
        yield f"{name} has no {unknown!r}; it has {', '.join(known) or 'nothing'}"
    if needed and not given.get(needed):
        yield f"{name} needs {needed}=..."
    elif name == "say-as" and given["interpret-as"].lower() not in READINGS:
        yield f"interpret-as is one of {', '.join(sorted(READINGS))}"
    if name == "break" and break_s(given) is None:
        yield f"a break is time=500ms or 1.5s, or strength={', '.join(BREAKS_S)}"
    if name == "prosody":
        for key, (read, shape) in _PROSODY.items():
            if key in given and read(given[key]) is None:
                yield f"prosody {key} cannot be {given[key]!r}; it is {shape}"


def _rate(value: str) -> float | None:
    if (word := RATES.get(value.strip().lower())) is not None:
        return word
    found = _NUMBER.fullmatch(value.strip())
    if found is None or found[3] not in ("%", "") or (found[1] and not found[3]):
        return None
    number = float(found[2]) / (100 if found[3] else 1)
    rate = 1 + (-number if found[1] == "-" else number) if found[1] else number
    return rate if rate > 0 else None


def _pitch(value: str) -> float | None:
    if (word := PITCHES.get(value.strip().lower())) is not None:
        return word
    found = _NUMBER.fullmatch(value.strip())
    if found is None or found[3] not in ("%", "st") or not found[1]:
        return None
    number = float(found[2]) * (-1 if found[1] == "-" else 1)
    if found[3] == "st":
        return number
    return 12 * math.log2(1 + number / 100) if number > -100 else None


def _volume_db(value: str) -> float | None:
    if (word := VOLUMES_DB.get(value.strip().lower())) is not None:
        return word
    found = _NUMBER.fullmatch(value.strip())
    if found is None or found[3].lower() != "db" or not found[1]:
        return None
    return float(found[2]) * (-1 if found[1] == "-" else 1)


_PROSODY: Final[Mapping[str, tuple[Callable[[str], float | None], str]]] = {
    "rate": (_rate, f"a word ({', '.join(RATES)}), 90%, +10% or 0.9"),
    "pitch": (_pitch, f"a word ({', '.join(PITCHES)}), +2st or +10%"),
    "volume": (_volume_db, f"a word ({', '.join(VOLUMES_DB)}) or -6dB"),
}


def within(least: float, value: float, most: float) -> float:
    """The value, or the nearest that is allowed."""
    return min(max(value, least), most)
