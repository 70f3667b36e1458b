"""Markup in a reply, read as it streams: a small part of SSML. Pure.

Text with tags goes in, in pieces of any length; words, breaks and clips come out, and how the text
was cut makes no difference. A tag nobody knows is dropped and its words stay, since models invent
tags; one that is not closed ends with the reply.

Not all text is trusted alike. What an author wrote may do everything. What a model said may change
how its words sound, but not who says them, nor what is said in their place, nor play a clip: a
caller may talk a model into anything, and the record of a call must be what was heard.

Must not live here: what a tag is (tagged.py), what values mean (tags.py), how words are written
for the ear (speakable.py), where speech is cut (manuscript.py).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from antiphon.actions import Trust
from antiphon.mouth.tagged import KNOWN, SPECIAL, Tag, Tagged
from antiphon.mouth.tags import PLAIN, READINGS, Delivery, break_s, changed, tag_mistakes

__all__ = ["Break", "Clip", "Markup", "Piece", "Reading", "Words", "mistakes", "plain"]

MODEL_BREAK_S: Final = 2.0
"""The longest pause a model may ask for."""
MODEL_SILENCE_S: Final = 6.0
"""All of them together, in one reply."""
MODEL_LEAST_S: Final = 0.1
"""Of that is taken at least, however short a pause is: a model that is stuck writes thousands."""
LONGEST_READING: Final = 80
"""Letters inside say-as or sub, which wait for its end; what goes on longer is plain text."""
_PARTING: Final = frozenset({"break", "p", "s", "speak", "audio"})
"""Tags that stand between words."""
_STOPS: Final = ".,;:!?…"
_AUTHORS: Final = frozenset({"sub", "voice", "audio"})
"""Tags that only an author may use."""
_LIKE_A_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>")
_AROUND: Final = frozenset({"prosody", "emphasis", "say-as", "sub", "voice", "audio"})
"""Tags around words."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a stretch is read out."""

    how: str
    """One of `antiphon.mouth.tags.READINGS`, or ``alias``."""
    detail: str = ""
    """A date's format, or the words to say instead."""


@dataclass(frozen=True, slots=True)
class Words:
    """Text to be said; without tags, as it is shown and remembered."""

    text: str
    delivery: Delivery = PLAIN
    stressed: bool = False
    reading: Reading | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """Silence."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording of the agent's own, and the words it says, or that are said where it is not."""

    name: str
    text: str = ""
    delivery: Delivery = PLAIN


Piece: TypeAlias = Words | Break | Clip


def plain(text: str) -> str:
    """Marked text without its tags: what is shown, remembered and counted."""
    if not SPECIAL.search(text):
        return text
    pieces = Markup().feed(text, trust="author", last=True)
    return "".join(piece.text for piece in pieces if not isinstance(piece, Break))


def mistakes(text: str) -> Iterator[str]:
    """What the author of a text should mend in its markup."""
    found: list[str] = []
    Markup(found.append).feed(text, trust="author", last=True)
    yield from found
    for like in _LIKE_A_TAG.findall(text):
        if not isinstance(next(iter(Tagged().feed(like))), Tag):
            yield f"{like} is no tag and would be read out; write &lt; for a plain <"


@dataclass(slots=True)
class _Open:
    """An element that is not closed yet."""

    name: str
    delivery: Delivery
    stressed: bool
    reading: Reading | None = None
    clip: str | None = None
    held: list[str] = field(default_factory=list)
    """Its text, where that must be whole to be read; or what a clip says."""
    length: int = 0
    parted: bool = False
    """Something stood before it that leaves a space."""


def _nobody(_: str) -> None:
    """Who reads a reply aloud has nobody to complain to."""


class Markup:
    """One reply's. ``complain`` is told what its author should know."""

    def __init__(self, complain: Callable[[str], None] = _nobody) -> None:
        self._complain = complain
        self._tagged = Tagged()
        self._open: list[_Open] = []
        self._trust: Trust = "model"
        self._silence_s = MODEL_SILENCE_S
        self._ended = ""
        """The last letter."""
        self._parted = False
        """A tag stood here that leaves a space, if words would run together."""
        self._out: list[Piece] = []

    @property
    def rest(self) -> str:
        """Words that wait for the end of their element."""
        return "".join("".join(element.held) for element in self._open)

    def feed(self, text: str, *, trust: Trust, last: bool = False) -> list[Piece]:
        """What is certain now. Text that is trusted otherwise shares no element with this."""
        if trust != self._trust:
            self._end()
            self._trust = trust
        if self._open or self._tagged.rest or SPECIAL.search(text):
            for token in self._tagged.feed(text):
                self._take(token)
        elif text:
            self._say(text)
        if last:
            self._end()
        out, self._out = self._out, []
        return out

    def _end(self) -> None:
        for token in self._tagged.end():
            self._take(token)
        while self._open:
            self._complain(f"<{self._open[-1].name}> is not closed")
            self._close()

    def _take(self, token: str | Tag) -> None:
        if isinstance(token, str):
            self._say(token)
        elif token.name in KNOWN and token.closes:
            self._closed(token.name)
        elif token.name in KNOWN:
            self._opened(token)
        else:
            self._complain(f"there is no tag <{token.name}>; there are {', '.join(sorted(KNOWN))}")
            self._parted = True

    # --- elements ----------------------------------------------------------------------------

    def _closed(self, name: str) -> None:
        if any(element.name == name for element in self._open):
            while self._open[-1].name != name:
                self._complain(f"<{self._open[-1].name}> is closed after what it stands in")
                self._close()
            self._close()
        else:
            if name in _PARTING:
                self._parted = True
            if name in _AROUND:
                self._complain(f"</{name}> closes nothing")

    def _opened(self, tag: Tag) -> None:
        for mistake in tag_mistakes(tag.name, tag.attributes):
            self._complain(mistake)
        within = self._open[-1] if self._open else None
        if tag.name in _PARTING:
            self._parted = True
        if within and within.name in {"audio", "sub"}:
            self._complain(f"<{tag.name}> does nothing inside <{within.name}>")
        elif tag.name == "break":
            self._pause(break_s(tag.attributes))
        elif tag.name in _AROUND and (self._trust == "author" or tag.name not in _AUTHORS):
            self._flush()
            self._open.append(_element(tag.name, tag.attributes, within))
            if tag.empty:
                self._close()

    def _pause(self, seconds: float | None) -> None:
        if seconds is None:
            return
        if self._trust == "model":
            if self._silence_s <= 0.0:
                return
            seconds = min(seconds, MODEL_BREAK_S, self._silence_s)
            self._silence_s -= max(seconds, MODEL_LEAST_S)
        self._flush()
        self._out.append(Break(seconds))

    def _close(self) -> None:
        self._flush()
        element = self._open.pop()
        if element.clip is None:
            return
        self._parted = element.parted or not element.held
        spaced = self._spaced(" ".join("".join(element.held).split()))
        if element.clip:
            self._put(Clip(element.clip, spaced, element.delivery), spaced)
        else:
            self._put(Words(spaced, element.delivery), spaced)
        self._parted = True

    # --- words -------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        element = self._open[-1] if self._open else None
        if element is None or (element.clip is None and element.reading is None):
            spaced = self._spaced(text)
            words = Words(spaced, element.delivery, element.stressed) if element else Words(spaced)
            self._put(words, spaced)
            return
        if element.held:
            text = self._spaced(text, element.held[-1][-1:])
        else:
            element.parted = self._parted
        self._parted = False
        element.held.append(text)
        element.length += len(text)
        if element.clip is None and element.length > LONGEST_READING:
            self._complain(f"<{element.name}> is for {LONGEST_READING} letters at most")
            element.reading = None
            self._flush()

    def _flush(self) -> None:
        """What waits for the end of its element need not wait any more."""
        element = self._open[-1] if self._open else None
        if element is None or element.clip is not None or not element.held:
            return
        parted, self._parted = self._parted, element.parted
        text = self._spaced("".join(element.held))
        element.held.clear()
        words = Words(text, element.delivery, element.stressed, element.reading)
        self._put(words, text)
        self._parted = parted

    def _spaced(self, text: str, before: str | None = None) -> str:
        last = self._ended if before is None else before
        word_ended = last.isalnum() or (last and last in _STOPS)
        return f" {text}" if self._parted and word_ended and text[:1].isalnum() else text

    def _put(self, piece: Words | Clip, text: str) -> None:
        if text:
            self._ended, self._parted = text[-1], False
        if text or isinstance(piece, Clip):
            self._out.append(piece)


def _element(name: str, given: Mapping[str, str], within: _Open | None) -> _Open:
    element = _Open(name, within.delivery if within else PLAIN, bool(within and within.stressed))
    match name:
        case "prosody":
            element.delivery = changed(element.delivery, given)
        case "voice":
            element.delivery = replace(element.delivery, manner=given.get("name", ""))
        case "emphasis":
            element.stressed = given.get("level", "moderate") not in {"none", "reduced"}
        case "say-as":
            how = given.get("interpret-as", "").lower()
            reading = Reading(how, given.get("format", "").lower())
            element.reading = reading if how in READINGS else None
        case "sub":
            alias = given.get("alias", "").strip()
            element.reading = Reading("alias", alias) if alias else None
        case _:
            element.clip = given.get("src", "")
    return element
