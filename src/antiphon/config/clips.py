"""The recordings an agent plays within its replies: files in ``clips/`` beside its file."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from antiphon.errors import ConfigError
from antiphon.mouth.clips import LONGEST_S, MOST_BYTES
from antiphon.transports.file.audiofile import Recording, read_audio

__all__ = ["FOLDER", "read", "read_all"]

FOLDER: Final = "clips"
LARGEST_BYTES: Final = 64 << 20
"""Of a file: a minute of stereo at 96 kHz and 32 bits is less."""
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
        fix = f"put the recording into {FOLDER}/ beside the agent file"
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


def read_all(folder: Path, names: Iterable[str]) -> dict[str, tuple[bytes, int]]:
    """Clips by name, as `antiphon.mouth.clips.Clips` takes them. Raises `ConfigError`."""
    found: dict[str, tuple[bytes, int]] = {}
    left = MOST_BYTES
    for name in dict.fromkeys(names):
        recording = read(folder, name)
        found[name] = (recording.pcm, recording.rate_hz)
        left -= len(recording.pcm)
        if left < 0:
            what = f"the clips of this agent are larger than {MOST_BYTES >> 20} MB together"
            raise ConfigError(what, fix="shorten them, or save them at 8 kHz")
    return found
