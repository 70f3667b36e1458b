import asyncio
import logging
from itertools import pairwise

import pytest

from antiphon.media.plane import BATCH, BUCKETS, CATCH_UP_TICKS, TICK_S, Plane
from antiphon.testing.clock import VirtualClock

LOUD = b"\xff\x7f"
QUIET = b"\x00\x00"


class Source:
    """An ear with a given list of windows."""

    def __init__(self, plane: Plane, *sounds: bytes, rate_hz: int = 8_000) -> None:
        self.slot = plane.vad.open()
        self.vad_rate_hz = rate_hz
        self.scores: list[float] = []
        self._windows = [sound * plane.vad.window(rate_hz) for sound in sounds]
        if self._windows:
            plane.ready(self)

    def take(self) -> bytes:
        return self._windows.pop(0)

    def scored(self, probability: float) -> bool:
        self.scores.append(probability)
        return bool(self._windows)


def test_windows_of_all_ears_are_scored_in_one_run_per_rate(detector, clock):
    plane = Plane(detector, clock)
    ears = [Source(plane, LOUD), Source(plane, QUIET), Source(plane, LOUD, rate_hz=16_000)]
    plane.tick(clock.now())
    assert [ear.scores for ear in ears] == [[1.0], [0.0], [1.0]]
    assert sorted(rate_hz for rate_hz, _ in detector.runs) == [8_000, 16_000]
    assert plane.backlog == 0


def test_an_ear_with_several_windows_gets_them_in_order_one_a_run(detector, clock):
    plane = Plane(detector, clock)
    ear = Source(plane, LOUD, QUIET, LOUD)
    for _ in range(3):
        plane.tick(clock.now())
    assert ear.scores == [1.0, 0.0, 1.0]


def test_a_run_is_capped_and_grows_only_while_it_is_behind(detector, clock):
    plane = Plane(detector, clock)
    for _ in range(4 * BATCH):
        Source(plane, QUIET)
    for _ in range(3):
        plane.tick(clock.now())
    assert [len(slots) for _, slots in detector.runs] == [BATCH, 2 * BATCH, BATCH]
    for _ in range(BATCH + 1):
        Source(plane, QUIET)
    plane.tick(clock.now())
    assert len(detector.runs[-1][1]) == BATCH


def test_how_long_windows_waited_is_told(detector, clock):
    plane = Plane(detector, clock)
    Source(plane, QUIET)
    clock.now_s += 0.030
    plane.tick(clock.now())
    assert plane.late_s == pytest.approx(0.030)


def test_speakers_are_spread_over_the_buckets_and_beat_every_20_ms(detector, clock):
    plane = Plane(detector, clock)
    beats: dict[int, list[int]] = {n: [] for n in range(2 * BUCKETS)}
    for times in beats.values():
        plane.every_frame(lambda now_s, times=times: times.append(round(now_s * 1000)))
    start_ms = round(clock.now() * 1000)
    for tick in range(3 * BUCKETS):
        clock.now_s = (start_ms + 5 * tick) / 1000
        plane.tick(clock.now())
    for times in beats.values():
        assert len(times) == 3
        assert {b - a for a, b in pairwise(times)} == {20}
    firsts = [times[0] - start_ms for times in beats.values()]
    assert sorted(firsts) == [0, 0, 5, 5, 10, 10, 15, 15]


def test_a_new_speaker_takes_the_emptiest_place(detector, clock):
    plane = Plane(detector, clock)
    beats = [plane.every_frame(lambda now_s: None) for _ in range(BUCKETS)]
    beats[2].cancel()
    beats[2].cancel()
    fired: list[float] = []
    plane.every_frame(fired.append)
    for tick in range(BUCKETS):
        plane.tick(clock.now() + tick * TICK_S + 0.0001)
    assert fired == [pytest.approx(clock.now() + 2 * TICK_S, abs=0.001)]


def test_late_ticks_are_made_good(detector, clock):
    plane = Plane(detector, clock)
    fired: list[float] = []
    plane.every_frame(fired.append)
    plane.tick(clock.now() + 0.1)
    assert len(fired) == 6
    assert plane.lag_s == pytest.approx(0.1)
    assert plane.skipped_ticks == 0


def test_a_tick_that_is_early_by_a_rounding_is_not_slept_for_again(detector, clock):
    """uvloop's clock counts whole milliseconds: waiting for the rest is waiting for nothing."""
    plane = Plane(detector, clock)
    beats: list[float] = []
    plane.every_frame(beats.append)
    start_s = clock.now_s
    for tick in range(200):
        clock.now_s = start_s + tick * TICK_S - 0.0004
        plane.tick(clock.now_s)
    assert len(beats) == 200 // BUCKETS
    assert plane.lag_s == 0.0


def test_a_leap_of_hours_is_not_made_good(detector, clock):
    plane = Plane(detector, clock)
    fired: list[float] = []
    plane.every_frame(fired.append)
    plane.tick(clock.now() + 7200)
    assert len(fired) == CATCH_UP_TICKS / BUCKETS
    assert plane.skipped_ticks > 1_000_000
    plane.tick(clock.now() + 7200 + 4 * TICK_S)
    assert len(fired) == CATCH_UP_TICKS / BUCKETS + 1


def test_a_clock_that_goes_back_does_not_stop_the_beat(detector, clock):
    plane = Plane(detector, clock)
    fired: list[float] = []
    plane.every_frame(fired.append)
    plane.tick(clock.now())
    back_s = clock.now() - 3600
    for tick in range(2 * BUCKETS + 1):
        plane.tick(back_s + tick * TICK_S + 0.0001 * (tick > 0))
    assert len(fired) == 3


def test_the_worst_lag_is_forgotten_after_about_a_second(detector, clock):
    plane = Plane(detector, clock)
    now_s = clock.now() + 0.05
    plane.tick(now_s)
    assert plane.lag_s == pytest.approx(0.05)
    for tick in range(1, 250):
        plane.tick(now_s + tick * TICK_S)
    assert plane.lag_s < 0.006


def test_a_callback_that_fails_silences_only_itself(detector, clock, caplog):
    plane = Plane(detector, clock)
    fired: list[float] = []

    def fails(now_s: float) -> None:
        raise ZeroDivisionError

    for callback in (fails, fired.append, fired.append, fired.append, fired.append):
        plane.every_frame(callback)
    with caplog.at_level(logging.CRITICAL):
        for tick in range(2 * BUCKETS):
            plane.tick(clock.now() + tick * TICK_S + 0.0001)
    assert len(fired) == 8


def test_a_callback_may_cancel_its_neighbour(detector, clock):
    plane = Plane(detector, clock)
    fired: list[str] = []
    beats = [plane.every_frame(lambda now_s: None) for _ in range(BUCKETS)]
    beats[0].cancel()
    first = plane.every_frame(lambda now_s: (fired.append("first"), second.cancel()))
    for beat in beats[1:]:
        beat.cancel()
    for _ in range(BUCKETS - 1):
        plane.every_frame(lambda now_s: None)
    second = plane.every_frame(lambda now_s: fired.append("second"))
    for tick in range(2 * BUCKETS):
        plane.tick(clock.now() + tick * TICK_S + 0.0001)
    first.cancel()
    assert fired == ["first", "first"]


def test_running_it_beats_in_time_and_scores_what_becomes_ready(detector):
    async def main(clock: VirtualClock) -> list[float]:
        plane = Plane(detector, clock)
        fired: list[float] = []
        plane.every_frame(fired.append)
        async with asyncio.TaskGroup() as group:
            wheel = group.create_task(plane.run())
            await clock.sleep(0.0501)
            ears = [Source(plane, LOUD, QUIET) for _ in range(3 * BATCH)]
            await clock.sleep(0.0501)
            wheel.cancel()
        assert plane.backlog == 0
        assert all(ear.scores == [1.0, 0.0] for ear in ears)
        return fired

    fired = VirtualClock().run(main)
    gaps = [b - a for a, b in pairwise(fired)]
    assert len(fired) in (5, 6)
    assert all(gap == pytest.approx(0.020) for gap in gaps)
