"""What other packages pretend: the doors and desks they have under an entry point.

    [project.entry-points."antiphon.sandbox"]
    murmur = "murmur.desk:DESKS"

A package that cannot be imported, or has something else there, is warned of and left out; what is
ours is pretended without it. A place that is taken already stays with whoever has it.
"""

import functools
import logging
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from antiphon.sandbox.doors import DESKS, DOORS
from antiphon.sandbox.vendor import Desk, Door

__all__ = ["GROUP", "all_desks", "all_doors", "forget"]

log: Final = logging.getLogger(__name__)

GROUP: Final = "antiphon.sandbox"
"""Each of these entry points is a tuple of `Door` and `Desk`."""
_OURS: Final[tuple[Door | Desk, ...]] = (*DOORS, *DESKS)


def all_doors() -> tuple[Door, ...]:
    """Our own, then those of other packages."""
    return (*DOORS, *(each for each in _others() if isinstance(each, Door)))


def all_desks() -> tuple[Desk, ...]:
    """Our own, then those of other packages."""
    return (*DESKS, *(each for each in _others() if isinstance(each, Desk)))


def forget() -> None:
    """Look again, where packages have come or gone."""
    _others.cache_clear()


@functools.cache
def _others() -> tuple[Door | Desk, ...]:
    found: list[Door | Desk] = []
    taken = {place for each in _OURS for place in _places(each)}
    for entry in sorted(entry_points(group=GROUP), key=lambda each: (_package(each), each.name)):
        try:
            theirs = tuple(_checked(entry.load()))
        except (ImportError, AttributeError, TypeError) as error:
            log.warning(
                "the package %s is not pretended: %s: %s: %s",
                _package(entry), entry.value, type(error).__name__, error,
            )  # fmt: skip
            continue
        for each in theirs:
            if clash := taken.intersection(_places(each)):
                log.warning("the package %s pretends %s, but that place is taken: left out",
                            _package(entry), min(clash))  # fmt: skip
                continue
            taken.update(_places(each))
            found.append(each)
    return tuple(found)


def _places(each: Door | Desk) -> list[str]:
    methods = ("WS",) if isinstance(each, Door) else each.methods
    return [f"{method} {each.path}" for method in methods]


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.module


def _checked(loaded: object) -> Iterator[Door | Desk]:
    if not isinstance(loaded, tuple | list):
        raise TypeError(f"a tuple of Door and Desk is wanted, not {type(loaded).__name__}")
    for each in loaded:
        if not isinstance(each, Door | Desk):
            kind = type(each).__name__
            raise TypeError(f"a tuple of Door and Desk is wanted, and one is a {kind}")
        yield each
