"""What is wrong with what an agent is told to say: its markup, and the manners it names."""

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args

from antiphon.config import clips
from antiphon.config.mistakes import Contradiction
from antiphon.dialog.settings import ReceptionistSettings
from antiphon.dialog.spoken import MARKED, Spoken, spoken
from antiphon.errors import ConfigError
from antiphon.events import ReplyKind
from antiphon.mouth.markup import Break, Clip, Markup, Piece, mistakes
from antiphon.mouth.settings import MouthSettings

__all__ = ["check", "clip_names"]

_KINDS: Final = frozenset(get_args(ReplyKind))
"""Manners that need not be written down: without settings they are as all else is said."""


def check(dialog: ReceptionistSettings, mouth: MouthSettings, folder: Path | None) -> None:
    """Clips are looked for where the folder is known. Raises `Contradiction`."""
    known = _KINDS | set(mouth.manners)
    for at, topic in enumerate(dialog.topics):
        for setting in ("manner", "from_now"):
            _must_be_known(getattr(topic, setting), known, "dialog", "topics", at, setting)
    for said in _marked(dialog):
        place = ("dialog", *said.place)
        for what in mistakes(said.text):
            raise Contradiction(f"{_dotted(place)}: {what}", *place)
        for piece in _pieces(said):
            if not isinstance(piece, Break):
                _must_be_known(piece.delivery.manner, known, *place)
    if folder is not None:
        _check_clips(dialog, folder)


def clip_names(dialog: ReceptionistSettings) -> Iterator[str]:
    """The clips that are played."""
    return (piece.name for _, piece in _clips(dialog))


def _check_clips(dialog: ReceptionistSettings, folder: Path) -> None:
    found: clips.Found = {}
    for said, clip in _clips(dialog):
        try:
            clips.add(found, folder, clip.name)
        except ConfigError as error:
            place = ("dialog", *said.place)
            raise Contradiction(f"{_dotted(place)}: {error.what}", *place, fix=error.fix) from None


def _must_be_known(name: str, known: frozenset[str], *place: str | int) -> None:
    if name and name not in known:
        close = difflib.get_close_matches(name, sorted(known), n=1)
        hint = f"did you mean {close[0]!r}? or " if close else ""
        fix = f"{hint}write it under mouth.manners; there are {', '.join(sorted(known))}"
        raise Contradiction(f"{_dotted(place)}: there is no manner {name!r}", *place, fix=fix)


def _clips(dialog: ReceptionistSettings) -> Iterator[tuple[Spoken, Clip]]:
    for said in _marked(dialog):
        yield from ((said, piece) for piece in _pieces(said) if isinstance(piece, Clip))


def _marked(dialog: ReceptionistSettings) -> Iterator[Spoken]:
    return (said for said in spoken(dialog) if any(mark in said.text for mark in MARKED))


def _pieces(said: Spoken) -> list[Piece]:
    return Markup().feed(said.text, trust="author", last=True)


def _dotted(place: tuple[str | int, ...]) -> str:
    return ".".join(map(str, place))
