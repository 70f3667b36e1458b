"""Pretended time jumps, is deterministic, and says so when nothing can ever happen."""

import asyncio
import time

import pytest

from antiphon.testing.clock import Deadlock, VirtualClock


def test_an_hour_passes_at_once() -> None:
    async def main(clock: VirtualClock) -> float:
        await clock.sleep(3600)
        return clock.now()

    begun = time.perf_counter()
    assert VirtualClock().run(main) == pytest.approx(3600)
    assert time.perf_counter() - begun < 5


def test_timers_fire_in_order_at_their_time() -> None:
    async def main(clock: VirtualClock) -> list[tuple[str, float]]:
        seen: list[tuple[str, float]] = []

        async def at(name: str, when_s: float) -> None:
            await clock.sleep_until(when_s)
            seen.append((name, clock.now()))

        async with asyncio.TaskGroup() as group:
            group.create_task(at("late", 0.3))
            group.create_task(at("soon", 0.1))
            group.create_task(at("past", -1.0))
        return seen

    assert [(name, pytest.approx(when, abs=1e-6)) for name, when in VirtualClock().run(main)] == [
        ("past", 0.0),
        ("soon", 0.1),
        ("late", 0.3),
    ]


def test_a_wait_that_nothing_can_end_is_a_deadlock() -> None:
    async def main(clock: VirtualClock) -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock):
        VirtualClock().run(main)


def test_time_stands_still_while_a_thread_works() -> None:
    async def main(clock: VirtualClock) -> tuple[int, float]:
        async def tick() -> None:
            await clock.sleep(10)

        async with asyncio.TaskGroup() as group:
            group.create_task(tick())
            answer = await asyncio.to_thread(lambda: 42)
            when = clock.now()
        return answer, when

    assert VirtualClock().run(main) == (42, 0.0)


def test_timeouts_and_cancellation_work_in_pretended_time() -> None:
    async def main(clock: VirtualClock) -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await clock.sleep(60)
        return clock.now()

    assert VirtualClock().run(main) == pytest.approx(5)
