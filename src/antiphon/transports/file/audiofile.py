"""Audio files as mono PCM16.

WAV is read here, in every form telephone systems and editors write: the standard library's
reader knows neither float nor G.711 nor, before Python 3.12, the extensible header. FLAC and
Ogg need the soundfile package. Must not live here: pacing, or what the audio is for.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from antiphon.audio import g711
from antiphon.audio.resample import from_float, mono, resample
from antiphon.errors import ConfigError, Missing

__all__ = ["CALL_RATES_HZ", "SUPPORTED", "Recording", "read_audio"]

CALL_RATES_HZ: Final = (8_000, 16_000, 24_000, 48_000)
"""Rates a call may run at; a recording at another one is resampled."""
SUPPORTED: Final = (
    "WAV (8, 16, 24, 32 bit, float, mu-law, A-law), FLAC and Ogg, 4 to 192 kHz, up to 32 channels"
)

_SOUNDFILE_KINDS: Final = {".flac", ".ogg", ".oga", ".opus"}
_RATES_HZ: Final = (4_000, 192_000)
_MOST_CHANNELS: Final = 32
_EXTENSIBLE: Final = 0xFFFE


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole recording: mono PCM16 at its own rate."""

    pcm: bytes
    rate_hz: int

    @property
    def call_rate_hz(self) -> int:
        """The rate a call with it should run at: its own, or a near one that a call may have."""
        if self.rate_hz in CALL_RATES_HZ:
            return self.rate_hz
        return 16_000 if self.rate_hz > 12_000 else 8_000

    def at(self, rate_hz: int) -> bytes:
        """The recording at another rate."""
        return resample(self.pcm, self.rate_hz, rate_hz)


def read_audio(path: Path) -> Recording:
    """The recording in a file, all channels mixed to one. Raises `ConfigError`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        recording = _wav(data, path)
    elif path.suffix.lower() in _SOUNDFILE_KINDS or data[:4] in (b"fLaC", b"OggS"):
        recording = _soundfile(path)
    else:
        raise _unreadable(path, "it is not an audio file of a known kind")
    if not recording.pcm:
        raise _unreadable(path, "there is no audio in it")
    return recording


def _unreadable(path: Path, why: str) -> ConfigError:
    return ConfigError(f"cannot use {path}: {why}", fix=f"supported: {SUPPORTED}")


def _wav(data: bytes, path: Path) -> Recording:
    chunks = _chunks(data)
    form = chunks.get(b"fmt ", b"")
    if len(form) < 16:
        raise _unreadable(path, "its WAV header is damaged")
    if b"data" not in chunks:
        raise _unreadable(path, "it has no audio chunk")
    kind, channels, rate_hz, _, group, bits = struct.unpack_from("<HHIIHH", form)
    if kind == _EXTENSIBLE and len(form) >= 26:
        (kind,) = struct.unpack_from("<H", form, 24)
    _check(path, rate_hz, channels)
    if group != channels * bits // 8 or not group:
        raise _unreadable(path, "its WAV header contradicts itself")
    body = chunks[b"data"]
    pcm = _decode(body[: len(body) - len(body) % group], kind, bits)
    if pcm is None:
        raise _unreadable(path, f"WAV format {kind} with {bits} bits")
    return Recording(mono(pcm, channels), rate_hz)


def _check(path: Path, rate_hz: int, channels: int) -> None:
    if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
        raise _unreadable(path, f"a sample rate of {rate_hz} Hz")
    if not 1 <= channels <= _MOST_CHANNELS:
        raise _unreadable(path, f"{channels} channels")


def _chunks(data: bytes) -> dict[bytes, bytes]:
    """The file's chunks; a length that runs past the end (a stream, a torn file) is cut."""
    found: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        found.setdefault(name, data[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return found


def _decode(body: bytes, kind: int, bits: int) -> bytes | None:
    """PCM16; None for a format nobody uses. The numbers are the WAV registry's: 1 is PCM, 3
    float, 6 A-law, 7 mu-law."""
    match kind, bits:
        case 1, 16:
            return body
        case 1, 8:
            return from_float((np.frombuffer(body, np.uint8).astype(np.float32) - 128) / 128)
        case 1, 24:
            # The two upper bytes of three: rounding the third away is inaudible.
            return np.frombuffer(body, np.uint8).reshape(-1, 3)[:, 1:].tobytes()
        case 1, 32:
            return (np.frombuffer(body, "<i4") >> 16).astype("<i2").tobytes()
        case 3, 32:
            return _from_floats(np.frombuffer(body, "<f4"))
        case 3, 64:
            return _from_floats(np.frombuffer(body, "<f8"))
        case 7, 8:
            return g711.decode_mulaw(body)
        case 6, 8:
            return g711.decode_alaw(body)
        case _:
            return None


def _from_floats(samples: NDArray[np.floating]) -> bytes:
    return from_float(np.nan_to_num(samples, posinf=1.0, neginf=-1.0).clip(-1.0, 1.0))


def _soundfile(path: Path) -> Recording:
    try:
        import soundfile  # noqa: PLC0415  optional
    except (ImportError, OSError) as error:  # OSError: the package without its library
        raise Missing(
            f"cannot read {path}: {error}", fix="pip install soundfile, or convert it to WAV"
        ) from None
    try:
        audio, rate_hz = soundfile.read(path, dtype="int16", always_2d=True)
    except soundfile.SoundFileError as error:
        raise _unreadable(path, str(error)) from None
    _check(path, rate_hz, audio.shape[1])
    return Recording(mono(audio.tobytes(), audio.shape[1]), rate_hz)
