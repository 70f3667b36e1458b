"""PortAudio: finding it, choosing devices and a rate, opening a stream.

Lives here: everything that may be missing on a machine, and what to do about it. Must not live
here: what flows through the stream. `PortAudio` is the part of the sounddevice module that is
used, so that tests can put another in its place.
"""

import sys
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeAlias, cast

from antiphon.errors import ConfigError, Missing
from antiphon.transports.microphone.echo import BLOCK_S
from antiphon.transports.microphone.settings import MicrophoneSettings

__all__ = ["Callback", "PortAudio", "Stream", "Times", "load", "open_stream", "pick_rate_hz"]

_RATES_HZ: Final = (16_000, 48_000, 32_000)
"""Best first: what the recognisers hear, what every device can do, what echo cancellation also
takes."""


class Times(Protocol):
    """Device times of a block, in seconds of the device's own clock."""

    inputBufferAdcTime: float  # noqa: N815  PortAudio's name
    outputBufferDacTime: float  # noqa: N815
    currentTime: float  # noqa: N815


Callback: TypeAlias = Callable[[Any, Any, int, Times, Any], None]


class Stream(Protocol):
    """An open pair of devices."""

    latency: tuple[float, float]

    def start(self) -> None: ...

    def abort(self) -> None: ...

    def close(self) -> None: ...


class PortAudio(Protocol):
    """The part of the sounddevice module that is used here."""

    PortAudioError: type[Exception]

    def RawStream(self, **options: Any) -> Stream: ...  # noqa: N802

    def query_devices(self) -> Any: ...

    def check_input_settings(self, **options: Any) -> None: ...

    def check_output_settings(self, **options: Any) -> None: ...


def load() -> PortAudio:
    """The real one. Raises `Missing`."""
    try:
        import sounddevice  # noqa: PLC0415  optional
    except ImportError:
        raise Missing(
            "a call through the microphone needs the sounddevice package",
            fix="pip install 'antiphon[mic]'",
        ) from None
    except OSError:
        raise Missing("the PortAudio library is not installed", fix=_install()) from None
    return cast(PortAudio, sounddevice)


def pick_rate_hz(lib: PortAudio, settings: MicrophoneSettings) -> int:
    """A rate both devices can do. Raises `Missing`."""
    trouble: Exception | None = None
    for rate_hz in _RATES_HZ:
        common = {"channels": 1, "dtype": "int16", "samplerate": rate_hz}
        try:
            lib.check_input_settings(device=settings.input, **common)
            lib.check_output_settings(device=settings.output, **common)
        except (lib.PortAudioError, ValueError) as error:
            trouble = error
        else:
            return rate_hz
    raise _missing(lib, settings, trouble) from None


def open_stream(
    lib: PortAudio,
    settings: MicrophoneSettings,
    rate_hz: int,
    callback: Callback,
    finished: Callable[[], None],
) -> Stream:
    """A started stream that calls back for every block. Raises `Missing`."""
    try:
        stream = lib.RawStream(
            samplerate=rate_hz,
            blocksize=round(BLOCK_S * rate_hz),
            device=(settings.input, settings.output),
            channels=1,
            dtype="int16",
            latency=settings.latency_s,
            callback=callback,
            finished_callback=finished,
        )
        stream.start()
    except (lib.PortAudioError, ValueError) as error:
        raise _missing(lib, settings, error) from None
    return stream


def _missing(lib: PortAudio, settings: MicrophoneSettings, error: Exception | None) -> ConfigError:
    listed = _listed(lib)
    if not listed:
        return Missing(
            "this machine has no sound device",
            fix="plug in a microphone and a loudspeaker, or call with a file: antiphon call --play",
        )
    asked = ", ".join(
        f"{name} {device!r}" if device is not None else f"default {name}"
        for name, device in (("input", settings.input), ("output", settings.output))
    )
    return Missing(
        f"cannot use the sound devices ({asked}): {error}",
        fix="close programs that hold them, allow this one to use the microphone, or choose"
        f" others of:\n{listed}",
    )


def _listed(lib: PortAudio) -> str:
    """The devices as PortAudio prints them, or nothing where there are none."""
    try:
        return str(lib.query_devices()).strip()
    except lib.PortAudioError:
        return ""


def _install() -> str:
    return {
        "linux": "apt install libportaudio2 (Debian, Ubuntu) or dnf install portaudio (Fedora)",
        "darwin": "brew install portaudio",
    }.get(sys.platform, "install PortAudio from portaudio.com")
