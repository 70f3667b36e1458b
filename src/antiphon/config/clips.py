"""The recordings an agent plays within its replies: files in ``clips/`` beside its file."""

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, TypeAlias

from antiphon.errors import ConfigError
from antiphon.mouth.clips import LONGEST_S, MOST_BYTES
from antiphon.transports.file.audiofile import Recording, read_audio

__all__ = ["FOLDER", "Found", "add", "read", "read_all"]

FOLDER: Final = "clips"
LARGEST_BYTES: Final = 64 << 20
"""Of a file: a minute of stereo at 96 kHz and 32 bits is less."""
Found: TypeAlias = dict[str, tuple[bytes, int]]
"""Clips by name, as `antiphon.mouth.clips.Clips` takes them."""
_NAME: Final = re.compile(r"\w[\w .-]{0,99}\.wav", re.IGNORECASE)


def read(folder: Path, name: str) -> Recording:
    """A clip of the agent whose file lies in ``folder``. Raises `ConfigError`."""
    if not _NAME.fullmatch(name):
        fix = f"write the name of a WAV file in {FOLDER}/ beside the agent file, without a folder"
        raise ConfigError(f"{name!r} is no name of a clip", fix=fix)
    file = folder / FOLDER / name
    try:
        inside = file.resolve().is_relative_to(folder.resolve())
        size = file.stat().st_size
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        what = error.strerror if isinstance(error, OSError) else "links in a circle"
        fix = f"put the recording into {FOLDER}/ beside the agent file{_meant(file)}"
        raise ConfigError(f"cannot read {file}: {what}", fix=fix) from None
    if not inside:
        raise ConfigError(f"{file} leads out of the agent's folder", fix="copy the file itself")
    if size > LARGEST_BYTES:
        raise ConfigError(f"{file} is larger than {LARGEST_BYTES >> 20} MB")
    recording = read_audio(file)
    seconds = len(recording.pcm) / 2 / recording.rate_hz
    if seconds > LONGEST_S:
        fix = f"a clip lasts {LONGEST_S:g} s at most"
        raise ConfigError(f"{file} lasts {seconds:.0f} s", fix=fix)
    return recording


def _meant(file: Path) -> str:
    """A name that differs in a letter or two, or in their case only: a Mac and Windows would have
    found that."""
    there = {other.name.lower(): other.name for other in file.parent.glob("*")}
    close = difflib.get_close_matches(file.name.lower(), there, n=1)
    return f"; did you mean {there[close[0]]!r}?" if close else ""


def read_all(folder: Path, names: Iterable[str]) -> Found:
    """Clips by name. Raises `ConfigError`."""
    found: Found = {}
    for name in names:
        add(found, folder, name)
    return found


def add(found: Found, folder: Path, name: str) -> None:
    """Read one more, unless it is there. Raises `ConfigError`."""
    if name in found:
        return
    recording = read(folder, name)
    found[name] = (recording.pcm, recording.rate_hz)
    if sum(len(pcm) for pcm, _ in found.values()) > MOST_BYTES:
        what = f"the clips of this agent are larger than {MOST_BYTES >> 20} MB together"
        raise ConfigError(what, fix="shorten them, or save them at 8 kHz")
