import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.audio.frame import int16
from antiphon.audio.levels import rms_dbfs
from antiphon.audio.resample import from_float
from antiphon.errors import InternalError, Missing, Unavailable
from antiphon.testing.clock import VirtualClock
from antiphon.testing.portaudio import FakePortAudio, FakeStream
from antiphon.testing.room import echo, speechlike
from antiphon.transports.microphone.echo import EchoCanceller, HalfDuplex, WebRtc
from antiphon.transports.microphone.transport import MicrophoneTransport

RATE_HZ = 16_000
BLOCK = 160


class NoEcho:
    """Headphones: nothing to cancel. Remembers what it was told."""

    remark = ""

    def __init__(self, rate_hz: int) -> None:
        self.delays_s: list[float] = []

    def cancel(self, captured: bytes, played: bytes, delay_s: float) -> bytes:
        self.delays_s.append(delay_s)
        return captured


@dataclass
class FakeLine:
    """Remembers what it is told."""

    pcm: bytes = b""
    played_to: list[int] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def heard(self, pcm: bytes) -> None:
        self.pcm += pcm

    def played(self, samples: int) -> None:
        self.played_to.append(samples)

    def flushed(self, samples: int) -> None:
        self.cuts.append(samples)

    def pressed(self, digit: str) -> None:
        raise AssertionError

    def warned(self, what: str) -> None:
        self.warnings.append(what)


@dataclass
class Talk:
    """A call under way, and everything a test may touch."""

    transport: MicrophoneTransport
    line: FakeLine
    stream: FakeStream
    clock: VirtualClock

    async def settle(self) -> None:
        """Let the loop hear what the device's thread told it."""
        await self.clock.sleep(0.001)


def call(
    test: Callable[[Talk], Awaitable[None]],
    lib: FakePortAudio | None = None,
    canceller: Callable[[int], EchoCanceller] = NoEcho,
) -> FakeStream:
    """Run ``test`` against a microphone call, end the call, and see that the device is free."""
    pretended = lib or FakePortAudio()

    async def main(clock: VirtualClock) -> None:
        line = FakeLine()
        transport = MicrophoneTransport(pretended, clock, canceller=canceller)
        running = asyncio.ensure_future(transport.run(line))
        await clock.sleep(0.01)
        try:
            await test(Talk(transport, line, pretended.streams[0], clock))
        finally:
            running.cancel()
            await asyncio.wait([running])

    VirtualClock().run(main)
    (stream,) = pretended.streams
    assert stream.closed
    return stream


def tone(samples: int, amplitude: int = 5_000) -> bytes:
    return np.full(samples, amplitude, "<i2").tobytes()


def test_the_caller_is_heard_block_by_block() -> None:
    async def test(talk: Talk) -> None:
        for amplitude in (1, 2, 3):
            talk.stream.tick(tone(BLOCK, amplitude))
        await talk.settle()
        assert talk.line.pcm == tone(BLOCK, 1) + tone(BLOCK, 2) + tone(BLOCK, 3)

    call(test)


def test_the_agent_is_played_and_confirmed_when_it_has_sounded() -> None:
    async def test(talk: Talk) -> None:
        talk.transport.play(tone(400))
        for _ in range(4):
            talk.stream.tick()
        await talk.settle()
        assert talk.stream.played == tone(400).ljust(1280, b"\0")
        # Taken at 100.00, begins to sound 30 ms later, has sounded after 40 ms.
        assert talk.line.played_to == []
        talk.stream.tick()
        await talk.settle()
        assert talk.line.played_to == [160]
        talk.stream.tick()
        talk.stream.tick()
        talk.stream.tick()
        await talk.settle()
        assert talk.line.played_to == [160, 400]

    call(test)


def test_a_device_that_tells_no_times_is_timed_by_its_blocks() -> None:
    async def test(talk: Talk) -> None:
        talk.transport.play(tone(160))
        for _ in range(4):
            talk.stream.tick()
        await talk.settle()
        assert talk.line.played_to == []
        talk.stream.tick()
        await talk.settle()
        assert talk.line.played_to == [160]

    call(test, FakePortAudio(tells_times=False))


def test_the_canceller_is_told_how_far_apart_loudspeaker_and_microphone_are() -> None:
    canceller = NoEcho(RATE_HZ)

    async def test(talk: Talk) -> None:
        talk.stream.tick()

    call(test, canceller=lambda _: canceller)
    assert canceller.delays_s == [pytest.approx(0.05)]


def test_a_flush_and_a_gain_act_at_once() -> None:
    async def test(talk: Talk) -> None:
        talk.transport.play(tone(1600))
        talk.stream.tick()
        talk.transport.gain(-20.0, 0.005)
        assert int16(talk.stream.tick())[-1] == 500
        talk.transport.flush()
        await talk.settle()
        assert talk.line.cuts == [320 + 80]
        talk.stream.tick()
        assert not any(talk.stream.tick())

    call(test)


def test_an_unplugged_device_ends_the_call_with_an_error() -> None:
    async def main(clock: VirtualClock) -> None:
        lib = FakePortAudio()
        running = asyncio.ensure_future(MicrophoneTransport(lib, clock).run(FakeLine()))
        await clock.sleep(0.1)
        lib.streams[0].unplug()
        with pytest.raises(Unavailable, match="device is gone"):
            await running
        assert lib.streams[0].closed
        assert clock.now() < 0.5

    VirtualClock().run(main)


def test_a_device_that_falls_still_is_noticed() -> None:
    async def main(clock: VirtualClock) -> None:
        with pytest.raises(Unavailable):
            await MicrophoneTransport(FakePortAudio(), clock).run(FakeLine())
        assert 2.0 <= clock.now() < 2.6

    VirtualClock().run(main)


def test_a_microphone_that_delivers_only_zeros_is_pointed_out_once() -> None:
    async def test(talk: Talk) -> None:
        for _ in range(12):
            for _ in range(100):
                talk.stream.tick(bytes(2 * BLOCK))
            await talk.clock.sleep(1.0)
        (warning,) = talk.line.warnings
        assert "nothing but silence" in warning

    call(test)


def test_a_stalled_loop_loses_the_oldest_audio_and_is_told_how_much() -> None:
    async def test(talk: Talk) -> None:
        for number in range(130):
            talk.stream.tick(tone(BLOCK, number + 1))
        await talk.settle()
        assert talk.line.warnings == ["0.30 s of caller audio were dropped: the loop stalled"]
        heard = int16(talk.line.pcm)
        assert len(heard) == 100 * BLOCK
        assert (heard[0], heard[-1]) == (31, 130)
        talk.stream.tick(tone(BLOCK, 7))
        await talk.settle()
        assert int16(talk.line.pcm)[-1] == 7
        assert len(talk.line.warnings) == 1

    call(test)


def test_half_duplex_says_so_once() -> None:
    async def test(talk: Talk) -> None:
        assert "cannot be interrupted" in talk.transport.remark
        talk.stream.tick()
        await talk.settle()
        assert talk.line.warnings == [talk.transport.remark]

    call(test, canceller=HalfDuplex)


def test_a_loudspeaker_beside_the_microphone_is_not_the_caller() -> None:
    """The whole way: the agent plays, the room answers, the caller speaks over it."""
    agent = speechlike(6.0, RATE_HZ, seed=3)
    caller = np.zeros_like(agent)
    caller[4 * RATE_HZ : 5 * RATE_HZ] = speechlike(1.0, RATE_HZ, seed=9)
    captured = from_float(echo(agent, RATE_HZ) + caller)

    async def test(talk: Talk) -> None:
        played = from_float(agent)
        for at in range(0, len(captured), 2 * BLOCK):
            talk.transport.play(played[at : at + 2 * BLOCK])
            talk.stream.tick(captured[at : at + 2 * BLOCK])
            if at % (20 * 2 * BLOCK) == 0:
                await talk.settle()
        await talk.settle()
        heard = int16(talk.line.pcm)

        def level(samples: NDArray[np.int16], from_s: int, to_s: int) -> float:
            return rms_dbfs(samples[from_s * RATE_HZ : to_s * RATE_HZ])

        assert level(int16(captured), 2, 4) > -35
        assert level(heard, 2, 4) < -50
        assert level(heard, 4, 5) > level(int16(from_float(caller)), 4, 5) - 6

    call(test, canceller=WebRtc)


def test_the_facts_are_those_of_a_loudspeaker_at_hand() -> None:
    transport = MicrophoneTransport(FakePortAudio(rates_hz=(48_000,)), VirtualClock())
    assert transport.facts.rate_hz == 48_000
    assert transport.facts.ducking == "remote_gain"
    assert transport.facts.confirms
    transport.flush()  # before the call: nothing to cut, nobody to tell
    with pytest.raises(Missing):
        MicrophoneTransport(FakePortAudio(devices=()), VirtualClock())


def test_a_transport_is_for_one_call() -> None:
    async def test(talk: Talk) -> None:
        talk.transport.tell({"caption": "hello"})
        await talk.transport.aclose("done")
        with pytest.raises(InternalError):
            await talk.transport.run(talk.line)

    call(test)
