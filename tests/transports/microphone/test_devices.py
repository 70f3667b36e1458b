import sys

import pytest

from antiphon.errors import Missing
from antiphon.testing.portaudio import FakePortAudio, FakePortAudioError
from antiphon.transports.microphone import devices
from antiphon.transports.microphone.settings import MicrophoneSettings

DEFAULT = MicrophoneSettings()


def nothing(*_: object) -> None:
    return None


def test_the_recognisers_rate_is_taken_where_the_devices_can() -> None:
    assert devices.pick_rate_hz(FakePortAudio(), DEFAULT) == 16_000
    assert devices.pick_rate_hz(FakePortAudio(rates_hz=(32_000, 48_000)), DEFAULT) == 48_000
    assert devices.pick_rate_hz(FakePortAudio(rates_hz=(32_000,)), DEFAULT) == 32_000


def test_a_machine_without_devices_is_told_what_to_do() -> None:
    with pytest.raises(Missing, match=r"no sound device\n  plug in .* antiphon call --play"):
        devices.pick_rate_hz(FakePortAudio(devices=()), DEFAULT)


def test_a_machine_whose_devices_cannot_even_be_listed_is_told_the_same() -> None:
    class Broken(FakePortAudio):
        def query_devices(self) -> str:
            raise FakePortAudioError("PortAudio not initialized")

    with pytest.raises(Missing, match="no sound device"):
        devices.pick_rate_hz(Broken(rates_hz=()), DEFAULT)


def test_a_device_that_is_not_there_is_named_and_those_that_are_listed() -> None:
    with pytest.raises(Missing) as caught:
        devices.pick_rate_hz(FakePortAudio(), MicrophoneSettings(input="headset", output=1))
    message = str(caught.value)
    assert "input 'headset', output 1" in message
    assert "No device matching 'headset'" in message
    assert "0 microphone\n1 loudspeaker" in message


def test_a_device_that_cannot_be_opened_says_why() -> None:
    lib = FakePortAudio(stream_trouble=FakePortAudioError("Device unavailable"))
    with pytest.raises(Missing, match=r"default input, default output\): Device unavailable"):
        devices.open_stream(lib, DEFAULT, 16_000, nothing, nothing)


def test_a_stream_is_opened_in_blocks_of_ten_milliseconds() -> None:
    lib = FakePortAudio()
    settings = MicrophoneSettings(input=0, output="loud")
    devices.open_stream(lib, settings, 48_000, nothing, nothing)
    (stream,) = lib.streams
    assert stream.started
    assert stream.options["blocksize"] == 480
    assert stream.options["device"] == (0, "loud")


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(Missing, match=r"pip install 'antiphon\[mic\]'"):
        devices.load()


class NoLibrary:
    """What importing sounddevice does where PortAudio is not installed."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "sounddevice":
            raise OSError("PortAudio library not found")


@pytest.mark.parametrize(
    "platform, fix",
    [("linux", "apt install libportaudio2"), ("darwin", "brew"), ("win32", "portaudio.com")],
)
def test_without_the_library_the_way_to_get_it_is_named(
    monkeypatch: pytest.MonkeyPatch, platform: str, fix: str
) -> None:
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [NoLibrary(), *sys.meta_path])
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(Missing, match=fix):
        devices.load()


@pytest.mark.microphone
def test_the_real_library_on_a_machine_without_devices() -> None:
    lib = devices.load()
    if list(lib.query_devices()):
        pytest.skip("this machine has sound devices; the error cannot be provoked on it")
    with pytest.raises(Missing, match="no sound device"):
        devices.pick_rate_hz(lib, DEFAULT)
    with pytest.raises(Missing, match="no sound device"):
        devices.open_stream(lib, DEFAULT, 16_000, nothing, nothing)
