"""The files a call leaves behind, claimed for one process: two calls in one folder must not write
into each other's.

The claim is the system's lock on a file, so it ends with the process however that ends. An older
call's traces are no obstacle: they are replaced, as they always were.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Final

from antiphon.errors import Missing

__all__ = ["EVENTS", "RECORD", "claimed"]

EVENTS: Final = Path("call.jsonl")
RECORD: Final = Path("call.wav")
"""Where traces go that nobody named; while another call writes there, ``call-2`` and so on."""


@contextmanager
def claimed(events: Path | None, record: Path | None) -> Iterator[tuple[Path, Path]]:
    """The files for one call: the named ones, or free ones. Raises `Missing` where another call
    is writing to a named one."""
    held: list[tuple[int, Path | None]] = []
    """Open files; with their names where they were not there before."""
    try:
        for number in count(1):
            wanted = (events or _numbered(EVENTS, number), record or _numbered(RECORD, number))
            taken = next((path for path in wanted if not _claim(path, held)), None)
            if taken is None:
                yield wanted
                return
            _release(held)
            if taken in (events, record):
                raise Missing(
                    f"another call is writing {taken}",
                    fix="wait for its end, or name other files: --record and --events",
                )
    finally:
        _release(held)


def _numbered(path: Path, number: int) -> Path:
    return path if number == 1 else path.with_stem(f"{path.stem}-{number}")


def _claim(path: Path, held: list[tuple[int, Path | None]]) -> bool:
    """Whether it is free; then it is among ``held``. What cannot be opened, or is no file, is
    left to whoever writes it."""
    there = path.exists()
    if there and not path.is_file():
        return True
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return False
    held.append((descriptor, None if there else path))
    return True


def _release(held: list[tuple[int, Path | None]]) -> None:
    while held:
        descriptor, path = held.pop()
        if path and os.fstat(descriptor).st_size == 0:  # no call came of it
            with suppress(OSError):
                path.unlink()
        os.close(descriptor)
