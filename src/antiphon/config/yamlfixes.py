"""What to do about each complaint that YAML has, for somebody who does not know YAML.

Must not live here: reading a file, and what its settings may be.
"""

from collections.abc import Mapping
from typing import Final

import yaml

__all__ = ["fix_for", "line_of"]

_OPEN: Final = "unexpected end of stream"
_FIXES: Final[Mapping[str, str]] = {
    "character '\\t'": "indent with spaces: a tab may not stand there",
    "cannot start any token": "put the text in quotes",
    "mapping values are not allowed": 'a text with a colon in it wants quotes ("Hello: how are'
    ' you?"); or the line before lacks its colon, or a dash the space after it',
    _OPEN: "the quotation mark that opens here is closed nowhere",
    "undefined alias": "put a text that begins with * in quotes",
    "expected alphabetic": "put a text that begins with * or & in quotes",
    "could not determine a constructor": "put a text that begins with ! in quotes",
    "expected ',' or": "put commas between what is in brackets, and close them",
    "another document": "leave out the line of three dashes: a file is one list of settings",
}
"""By a part of what PyYAML says."""
_ELSE: Final = (
    "each setting is a name, a colon and a space; what belongs together begins in one column"
)


def line_of(error: yaml.MarkedYAMLError) -> int:
    """Where to look, counted from 1: what is never closed is told where it opens."""
    marks = (error.problem_mark, error.context_mark)
    mark = next(filter(None, reversed(marks) if _OPEN in (error.problem or "") else marks), None)
    return mark.line + 1 if mark else 1


def fix_for(error: yaml.MarkedYAMLError) -> str:
    """What most likely mends it."""
    return next((fix for part, fix in _FIXES.items() if part in (error.problem or "")), _ELSE)
