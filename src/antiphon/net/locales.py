"""From a language as an agent file has it to the locale a vendor wants: ``en`` becomes ``en-US``.

Lives here: which region is meant where none is named. Must not live here: what a vendor supports.
"""

from collections.abc import Mapping
from typing import Final

__all__ = ["locale"]

REGIONS: Final[Mapping[str, str]] = {
    "ar": "SA",
    "cs": "CZ",
    "da": "DK",
    "el": "GR",
    "en": "US",
    "he": "IL",
    "hi": "IN",
    "ja": "JP",
    "ko": "KR",
    "nb": "NO",
    "pt": "BR",
    "sv": "SE",
    "uk": "UA",
    "vi": "VN",
    "zh": "CN",
}
"""Of languages whose usual region is not called as they are."""


def locale(language: str) -> str:
    """A language with its region; one that has a region stays as it is."""
    if "-" in language or len(language) != 2:
        return language
    return f"{language}-{REGIONS.get(language, language.upper())}"
