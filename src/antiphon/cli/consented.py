"""What a voice is to be cloned from, as the command line names it: recordings that a vendor would
take, and the consent of the person on them. Nothing here leaves the machine.
"""

import io
import wave
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from antiphon.errors import ConfigError
from antiphon.net.cloning import Clips, Consent, Recording

__all__ = ["KINDS", "consent", "recordings"]

KINDS: Final = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "webm": "audio/webm",
}
"""How files of recordings end, and what they are when sent."""
DAY: Final = "2026-11-21, or with its time 2026-11-21T15:30+01:00"


def recordings(files: Sequence[Path], clips: Clips | None, provider: str) -> tuple[Recording, ...]:
    """Raises `ConfigError` for what cannot be read, or is not what the vendor takes."""
    if not files:
        raise ConfigError("--clone wants a name and recordings", fix="--clone NAME FILE.wav ...")
    if clips and len(files) > clips.most:
        many = "one recording" if clips.most == 1 else f"{clips.most} recordings at most"
        raise ConfigError(
            f"{provider} makes a voice from {many}, and {len(files)} are named",
            fix="name the best; " + clips.advice,
        )
    return tuple(_recording(file, clips, provider) for file in files)


def _recording(file: Path, clips: Clips | None, provider: str) -> Recording:
    kind = file.suffix.lower().removeprefix(".")
    kinds = clips.kinds if clips else tuple(KINDS)
    if kind not in kinds or kind not in KINDS:
        raise ConfigError(
            f"{provider} takes recordings that end in {', '.join(kinds)}: this one does not",
            where=str(file),
            fix="convert it: ffmpeg -i IN -ac 1 OUT.wav",
        )
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"the recording cannot be read: {error.strerror}", where=str(file)
        ) from None
    if not data:
        raise ConfigError("the recording is empty", where=str(file), fix="record it again")
    if clips:
        _fits(file, data, kind, clips, provider)
    return Recording(filename=file.name, data=data, content_type=KINDS[kind])


def _fits(file: Path, data: bytes, kind: str, clips: Clips, provider: str) -> None:
    """How long others than WAV are is not known here."""
    megabytes = len(data) / 1e6
    if clips.largest_mb is not None and megabytes > clips.largest_mb:
        raise ConfigError(
            f"{megabytes:.1f} MB are more than the {clips.largest_mb:g} that {provider} takes",
            where=str(file),
            fix="cut it, or send it as mp3; " + clips.advice,
        )
    if kind == "wav" and (seconds := _seconds(file, data)) < clips.shortest_s:
        raise ConfigError(
            f"{seconds:.1f} s are too short: {provider} wants {clips.shortest_s:g} s or more",
            where=str(file),
            fix="a good recording is " + clips.advice,
        )


def _seconds(file: Path, data: bytes) -> float:
    try:
        with wave.open(io.BytesIO(data)) as reader:
            return float(reader.getnframes() / reader.getframerate())
    except wave.Error as error:
        if "unknown format" in str(error):  # floats and the like: a WAV file, but not for wave
            return float("inf")
        fault = str(error)
    except (EOFError, ValueError, ZeroDivisionError):
        fault = "it breaks off"
    raise ConfigError(
        f"this is no WAV file, whatever its name says: {fault}",
        where=str(file),
        fix="convert it: ffmpeg -i IN -ac 1 OUT.wav",
    )


def consent(given: Sequence[Recording], *, who: str, purpose: str, on: str) -> Consent:
    """To the use of these recordings. Raises `ConfigError` where something of it is missing."""
    said = {"--consent-by WHO": who, "--consent-purpose WHY": purpose, "--consent-on DATE": on}
    if lacking := [option for option, value in said.items() if not value.strip()]:
        raise ConfigError(
            f"nobody is cloned without their consent: {', '.join(lacking)} is missing",
            fix="ask the person on the recording, then say who agreed, to what, and when",
        )
    try:
        when = datetime.fromisoformat(on)
    except ValueError:
        raise ConfigError(f"--consent-on cannot be {on!r}", fix=f"write it as {DAY}") from None
    when = when if when.tzinfo else when.astimezone()
    if when > datetime.now(UTC):  # noqa: TID251 - a date somebody wrote, not a time to act on
        raise ConfigError(
            f"--consent-on {on} is yet to come: nobody has agreed", fix="the day they did agree"
        )
    return Consent.to(given, who=who, when=when, purpose=purpose)
