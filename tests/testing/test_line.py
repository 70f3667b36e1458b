"""The pretended far end plays, reports and drops as a real one would."""

import asyncio
from typing import Any

import numpy as np
import pytest

from antiphon.testing.clock import VirtualClock
from antiphon.testing.line import Faults, PretendTransport


class Notes:
    """A line that writes down what it is told."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.reports: list[tuple[float, str, int]] = []
        self.frames: list[bytes] = []
        self.keys: list[str] = []

    def heard(self, pcm: bytes) -> None:
        self.frames.append(pcm)

    def played(self, samples: int) -> None:
        self.reports.append((round(self.clock.now(), 3), "played", samples))

    def flushed(self, samples: int) -> None:
        self.reports.append((round(self.clock.now(), 3), "flushed", samples))

    def pressed(self, digit: str) -> None:
        self.keys.append(digit)

    def warned(self, what: str) -> None:
        raise AssertionError(what)


def ones(samples: int) -> bytes:
    return np.full(samples, 1000, np.int16).tobytes()


def with_line(scene: Any, **line: Any) -> tuple[PretendTransport, Notes]:
    async def main(clock: VirtualClock) -> tuple[PretendTransport, Notes]:
        transport, notes = PretendTransport(clock=clock, **line), Notes(clock)
        transport.attach(notes)
        await scene(transport, notes, clock)
        assert len(transport.heard_audio) == round(clock.now() * transport.rate_hz)
        return transport, notes

    return VirtualClock().run(main)


def test_audio_is_heard_after_the_delay_and_confirmed_after_the_way_back() -> None:
    async def scene(transport: PretendTransport, notes: Notes, clock: VirtualClock) -> None:
        transport.play(ones(800))
        transport.play(ones(800))
        await clock.sleep(1)

    transport, notes = with_line(scene, delay_s=0.1)
    assert np.flatnonzero(transport.heard_audio).tolist() == list(range(800, 2400))
    assert notes.reports == [(0.3, "played", 800), (0.4, "played", 1600)]


def test_a_flush_drops_what_was_not_heard_and_counts_on_from_what_was_sent() -> None:
    async def scene(transport: PretendTransport, notes: Notes, clock: VirtualClock) -> None:
        transport.play(ones(1600))
        await clock.sleep(0.05)
        transport.flush()
        transport.play(ones(80))
        await clock.sleep(0.15)
        assert transport.played_samples == 1680

    transport, notes = with_line(scene)
    assert (0.05, "flushed", 400) in notes.reports
    assert np.count_nonzero(transport.heard_audio) == 480


def test_a_remote_gain_is_applied_where_it_arrives() -> None:
    async def scene(transport: PretendTransport, notes: Notes, clock: VirtualClock) -> None:
        transport.play(ones(1600))
        await clock.sleep(0.1)
        transport.gain(-20.0, 0.01)
        await clock.sleep(0.1)

    transport, _ = with_line(scene, ducking="remote_gain")
    assert transport.heard_at(0.05)[0] == 1000
    assert transport.heard_at(0.15)[0] == pytest.approx(100, abs=1)
    assert transport.log == [(0.1, "gain -20")]


@pytest.mark.parametrize("kind, order", [("lead", "flush"), ("flush", "gain")])
def test_orders_the_far_end_cannot_carry_out_are_a_mistake(kind: Any, order: str) -> None:
    async def scene(transport: PretendTransport, notes: Notes, clock: VirtualClock) -> None:
        with pytest.raises(AssertionError):
            transport.flush() if order == "flush" else transport.gain(-6.0, 0.1)

    with_line(scene, ducking=kind)


def test_reports_can_be_late_or_missing() -> None:
    async def scene(transport: PretendTransport, notes: Notes, clock: VirtualClock) -> None:
        transport.play(ones(1600))
        transport.flush()
        await clock.sleep(1)

    _, notes = with_line(scene, faults=Faults(played="never", report_late_s=0.2))
    assert notes.reports == [(0.2, "flushed", 0)]
    _, notes = with_line(scene, faults=Faults(flushed="never"))
    assert not [report for report in notes.reports if report[1] == "flushed"]


def test_the_caller_speaks_in_frames_and_hangs_up() -> None:
    async def scene(transport: PretendTransport, notes: Notes, clock: VirtualClock) -> None:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(transport.run(notes))
            await clock.sleep(0.03)
            transport.caller_says(ones(200))
            transport.press("5")
            await clock.sleep(0.1)
            transport.hang_up("bored")
        assert running.result() == "bored"

    _, notes = with_line(scene)
    assert notes.keys == ["5"]
    assert {len(frame) for frame in notes.frames} == {320}
    loud = [index for index, frame in enumerate(notes.frames) if any(frame)]
    assert loud == [1, 2]
