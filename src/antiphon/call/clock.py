"""The real clock: the only place in Antiphon that reads one."""

import asyncio

__all__ = ["LoopClock"]


class LoopClock:
    """The running event loop's monotonic time. On a `antiphon.testing.clock.VirtualClock` loop
    the very same code runs in pretended time."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep_until(self, when_s: float) -> None:
        loop = asyncio.get_running_loop()
        reached = loop.create_future()
        timer = loop.call_at(when_s, _reach, reached)
        try:
            await reached
        finally:
            timer.cancel()


def _reach(reached: "asyncio.Future[None]") -> None:
    if not reached.done():
        reached.set_result(None)
