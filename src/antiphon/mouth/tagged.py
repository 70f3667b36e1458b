"""Telling tags from text, as it streams. Pure.

A tag is what XML would call one: a name, and attributes with values. ``x < y`` and ``a <b and c>``
are text. A tag whose name means something here is one however it is written, so that it is never
read aloud. Text is certain as soon as no later letter could make a tag of it, so how it arrives
makes no difference. What tags do is markup.py's matter.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias
from xml.sax.saxutils import unescape

__all__ = ["KNOWN", "SPECIAL", "Tag", "Tagged", "Token"]

KNOWN: Final = frozenset("break prosody emphasis say-as sub voice audio speak p s".split())
"""Tags that mean something."""
SPECIAL: Final = re.compile(r"[<&]")
"""Text without any of these is text."""
LONGEST_TAG: Final = 300
"""Letters; what goes on longer is text."""

_NAME: Final = r"[A-Za-z][\w:.-]*"
_VALUE: Final = r"(?:\"[^\"<]*\"|'[^'<]*'|[^\s\"'<>=/]+)"
_GIVEN: Final = rf"(?:\s+{_NAME}\s*=\s*{_VALUE})*"
_ATTRIBUTE: Final = re.compile(rf"({_NAME})\s*=\s*({_VALUE})")
_TAG: Final = re.compile(
    rf"<(?P<closes>/?)(?P<name>{_NAME})(?P<attributes>{_GIVEN})\s*(?P<empty>/?)>"
)
_BEGUN: Final = re.compile(
    rf"</?(?:{_NAME}{_GIVEN}(?:\s*/?|\s+{_NAME}\s*(?:=\s*(?:\"[^\"<]*|'[^'<]*|{_VALUE})?)?))?\Z"
)
_NAMES: Final = "|".join(sorted(KNOWN, key=len, reverse=True))
_LOOSE: Final = re.compile(
    rf"<(?P<closes>/?)(?P<name>{_NAMES})(?=[\s/>])(?P<attributes>[^<>]*?)(?P<empty>/?)>",
    re.IGNORECASE,
)
_LOOSE_BEGUN: Final = re.compile(rf"</?(?:{_NAMES})(?:[\s/][^<>]*)?\Z", re.IGNORECASE)
_STUB: Final = re.compile(
    rf"</?(?:{_NAMES})(?=[\s<]|\Z)(?:\s+{_NAME}\s*=\s*(?:{_VALUE}|[\"'][^\"'<]*(?=<|\Z))?)*",
    re.IGNORECASE,
)
"""What there is of a known tag that never ends. What may be words stays."""
_LEAST_STUB: Final = 2
"""Letters of its name, at the very end of a reply: ``<br``."""
_ENTITIES: Final[Mapping[str, str]] = {
    "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&#39;": "'",
}  # fmt: skip
_IN_VALUES: Final = {"&quot;": '"', "&apos;": "'", "&#39;": "'"}


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag."""

    name: str
    closes: bool
    empty: bool
    """It is closed at once: ``<break/>``."""
    attributes: Mapping[str, str]


Token: TypeAlias = str | Tag


class Tagged:
    """Feed it text as it comes; tags and the text between them are what comes back."""

    def __init__(self) -> None:
        self._rest = ""

    @property
    def rest(self) -> str:
        """What may yet turn out to be a tag."""
        return self._rest

    def feed(self, text: str) -> Iterator[Token]:
        """What is certain now. Take all of it."""
        self._rest += text
        return self._read(final=False)

    def end(self) -> Iterator[Token]:
        """No more text comes: what is no tag by now is text."""
        return self._read(final=True)

    def _read(self, *, final: bool) -> Iterator[Token]:
        while self._rest:
            found = SPECIAL.search(self._rest)
            at = found.start() if found else len(self._rest)
            token, length = self._next(at, final)
            if not length:
                return
            self._rest = self._rest[length:]
            yield token

    def _next(self, at: int, final: bool) -> tuple[Token, int]:
        """The next, and how many letters of the rest it is; 0 where it takes more to know."""
        if at:
            return self._rest[:at], at
        return self._entity(final) if self._rest[0] == "&" else self._tag(final)

    def _entity(self, final: bool) -> tuple[Token, int]:
        for name, letter in _ENTITIES.items():
            if self._rest.startswith(name):
                return letter, len(name)
            if not final and name.startswith(self._rest):
                return "", 0
        return "&", 1

    def _tag(self, final: bool) -> tuple[Token, int]:
        head = self._rest[: LONGEST_TAG + 1]
        waiting = not final and len(head) <= LONGEST_TAG
        found = _TAG.match(head)
        if found is None and waiting and _BEGUN.match(head):
            return "", 0
        found = found or _LOOSE.match(head)
        if found is None and waiting and _LOOSE_BEGUN.match(head):
            return "", 0
        if found is not None and found.end() <= LONGEST_TAG:
            return _tag(found), found.end()
        if stub := _STUB.match(head):
            return "", stub.end()
        return ("", len(head)) if final and _breaks_off(head) else ("<", 1)


def _breaks_off(head: str) -> bool:
    """Whether it is the beginning of a known tag's name: a model was stopped in it."""
    name = head.lower().lstrip("<").removeprefix("/")
    return len(name) >= _LEAST_STUB and any(known.startswith(name) for known in KNOWN)


def _tag(found: re.Match[str]) -> Tag:
    attributes = {
        name.lower(): unescape(value[1:-1] if value[0] in "\"'" else value, _IN_VALUES)
        for name, value in _ATTRIBUTE.findall(found["attributes"])
    }
    return Tag(found["name"].lower(), bool(found["closes"]), bool(found["empty"]), attributes)
