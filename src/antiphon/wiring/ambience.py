"""The ambient sound an agent file asks for, made or read from its file."""

from pathlib import Path
from typing import Final

from antiphon.audio.frame import int16
from antiphon.audio.levels import rms_dbfs
from antiphon.config.agent import AgentSettings
from antiphon.errors import ConfigError
from antiphon.mouth.ambient import SHORTEST_S, Ambience, room_tone
from antiphon.mouth.settings import ROOM
from antiphon.transports.file.audiofile import Recording, read_audio
from antiphon.wiring.engines import Where, nowhere

__all__ = ["ambience"]

MOST_BYTES: Final = 64 * 1024 * 1024
"""The loop needs half a minute; this is six of stereo at 96 kHz and 32 bits."""
SILENT_DBFS: Final = -80.0
"""So quiet is digital silence, or the noise of 16 bits."""


def ambience(settings: AgentSettings, where: Where = nowhere) -> Ambience | None:
    """None where the agent has none. Raises `ConfigError`, with the line that names the file."""
    ambient = settings.mouth.ambient
    if ambient is None:
        return None
    if ambient.sound == ROOM:
        pcm, rate_hz = room_tone()
        return Ambience(pcm, rate_hz, ambient.level_dbfs)
    try:
        recording = _read(settings.folder, ambient.sound)
    except ConfigError as error:
        place = where("mouth.ambient.sound", ambient.sound)
        raise type(error)(
            f"mouth.ambient.sound: {error.what}", where=place, fix=error.fix
        ) from None
    return Ambience(recording.pcm, recording.rate_hz, ambient.level_dbfs)


def _read(folder: Path, sound: str) -> Recording:
    file = folder / sound
    try:
        inside = file.resolve().is_relative_to(folder.resolve())
        size = file.stat().st_size
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        what = error.strerror if isinstance(error, OSError) else "links in a circle"
        fix = "name a file beside the agent file or below it, or room for a room made here"
        raise ConfigError(f"cannot read {file}: {what}", fix=fix) from None
    if not inside:
        raise ConfigError(f"{file} leads out of the agent's folder", fix="copy the file itself")
    if size > MOST_BYTES:
        raise ConfigError(f"{file} is larger than 64 MB", fix="the first 30 s are all that is used")
    recording = read_audio(file)
    seconds = len(recording.pcm) / 2 / recording.rate_hz
    if seconds < SHORTEST_S:
        raise ConfigError(
            f"{file} is {seconds:.2f} s long", fix=f"it needs {SHORTEST_S:g} s or more"
        )
    if rms_dbfs(int16(recording.pcm)) < SILENT_DBFS:
        raise ConfigError(f"{file} is silent", fix="leave ambient out for silence")
    return recording
