"""A pretended PortAudio, at the boundary of the sounddevice module.

Lives here: devices that exist only as names, and a stream whose blocks the test makes happen, on
the test's own thread. It stands in for the sound card where a machine has none.
"""

from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["FakePortAudio", "FakePortAudioError", "FakeStream"]

BLOCK_S: Final = 0.01


class FakePortAudioError(Exception):
    """What sounddevice raises for whatever PortAudio refuses."""


@dataclass
class BlockTimes:
    """Device times of one block, in seconds."""

    inputBufferAdcTime: float  # noqa: N815
    outputBufferDacTime: float  # noqa: N815
    currentTime: float  # noqa: N815


@dataclass
class FakeStream:
    """An open stream; `tick` is one block of it."""

    options: dict[str, Any]
    latency: tuple[float, float] = (0.02, 0.03)
    tells_times: bool = True
    started: bool = False
    closed: bool = False
    now_s: float = 100.0
    played: bytes = b""
    trouble: Exception | None = None

    def start(self) -> None:
        """Begin, or raise ``trouble``."""
        if self.trouble:
            raise self.trouble
        self.started = True

    def abort(self) -> None:
        """Stop at once."""
        self.started = False
        self.options["finished_callback"]()

    def close(self) -> None:
        """Give the devices back; a real stream would wait for its thread here."""
        self.started, self.closed = False, True

    def tick(self, captured: bytes | None = None) -> bytes:
        """One block: what the device plays for what it captured."""
        frames = self.options["blocksize"]
        out = bytearray(2 * frames)
        times = (
            BlockTimes(self.now_s - self.latency[0], self.now_s + self.latency[1], self.now_s)
            if self.tells_times
            else BlockTimes(0.0, 0.0, 0.0)
        )
        block = captured if captured is not None else b"\1\0" * frames
        self.options["callback"](memoryview(block), memoryview(out), frames, times, None)
        self.now_s += BLOCK_S
        self.played += out
        return bytes(out)

    def unplug(self) -> None:
        """The device goes away."""
        self.started = False
        self.options["finished_callback"]()


@dataclass
class FakePortAudio:
    """Devices by number; a stream is opened on two of them."""

    devices: tuple[str, ...] = ("microphone", "loudspeaker")
    rates_hz: tuple[int, ...] = (16_000, 48_000)
    tells_times: bool = True
    stream_trouble: Exception | None = None
    streams: list[FakeStream] = field(default_factory=list)
    PortAudioError: type[Exception] = FakePortAudioError

    def RawStream(self, **options: Any) -> FakeStream:  # noqa: N802
        """Open a stream; it is kept in ``streams``."""
        stream = FakeStream(options, tells_times=self.tells_times, trouble=self.stream_trouble)
        self.streams.append(stream)
        return stream

    def query_devices(self) -> str:
        """The list, as sounddevice prints it."""
        return "\n".join(f"{number} {name}" for number, name in enumerate(self.devices))

    def check_input_settings(self, **options: Any) -> None:
        """Raise where a stream could not be opened."""
        self._check(**options)

    def check_output_settings(self, **options: Any) -> None:
        """Raise where a stream could not be opened."""
        self._check(**options)

    def _check(self, device: int | str | None, channels: int, dtype: str, samplerate: int) -> None:
        if not self.devices:
            raise FakePortAudioError("Error querying device -1")
        if isinstance(device, str) and not any(device in name for name in self.devices):
            raise ValueError(f"No device matching {device!r}")
        if samplerate not in self.rates_hz:
            raise FakePortAudioError("Invalid sample rate")
