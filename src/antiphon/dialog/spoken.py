"""What the author of an agent wrote to be said: which setting it is, and the manner of saying it.

Pure. Used where such texts are checked and where they are rendered ahead of time; when they are
said is the receptionist's.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from antiphon.dialog.settings import ReceptionistSettings

__all__ = ["MARKED", "USUAL", "Spoken", "ahead_of_time", "spoken"]

MARKED: Final = ("<", "&")
"""Text without either of these has no markup."""
_MANNERS: Final = {
    "notice": "notice",
    "greeting": "reply",
    "filler": "filler",
    "unclear": "reply",
    "unknown": "reply",
    "farewell": "reply",
    "leaving": "prompt",
    "limit": "reply",
}
"""That of the kind of reply each is. All but the first of these can be said late in a call."""
_TROUBLE: Final = (
    "hearing",
    "heard_again",
    "thinking",
    "late",
    "speaking",
    "leaving",
    "transferring",
    "not_transferred",
)
USUAL: Final = "reply"
"""The manner that takes back a change of it: from then on each kind has its own again."""
_FIRST: Final = (("notice",), ("greeting",))
"""Said before anything could change how the agent speaks."""


class Spoken(NamedTuple):
    """One text."""

    place: tuple[str | int, ...]
    """Which setting it is, inside ``dialog``."""
    text: str
    manner: str
    """A kind of reply, or what its topic says."""
    own: bool = False
    """Its topic says it, so nothing said before changes it."""


def spoken(settings: ReceptionistSettings) -> Iterator[Spoken]:
    """All of them."""
    for name, manner in _MANNERS.items():
        if text := getattr(settings, name):
            yield Spoken((name,), text, manner)
    for at, text in enumerate(settings.silence):
        yield Spoken(("silence", at), text, "prompt")
    for name in _TROUBLE:
        yield Spoken(("trouble", name), getattr(settings.trouble, name), "reply")
    for at, topic in enumerate(settings.topics):
        named = topic.manner or topic.from_now
        yield Spoken(("topics", at, "says"), topic.says, named or "reply", bool(named))
        if topic.then:
            named = topic.from_now or topic.manner
            yield Spoken(("topics", at, "then"), topic.then, named or "reply", bool(named))


def ahead_of_time(settings: ReceptionistSettings) -> list[tuple[str, str]]:
    """What is worth rendering before the first call, most urgent first: each text with each
    manner it may be said in."""
    later = dict.fromkeys(topic.from_now for topic in settings.topics if topic.from_now)
    later.pop(USUAL, None)
    known = list(spoken(settings))
    first: list[tuple[str, str]] = []
    then: list[tuple[str, str]] = []
    for text in settings.phrases():
        for said in (said for said in known if said.text == text):
            first.append((text, said.manner))
            if not said.own and said.place not in _FIRST:
                then += ((text, manner) for manner in later)
    return list(dict.fromkeys([*first, *then]))
