"""A pretended clock: an event loop whose time jumps to the next timer.

Lives here: the loop and the `Clock` that reads it. Nothing sleeps for real, so an hour of call
takes as long as its arithmetic, and two runs are the same run. Time stands still while a thread
of the loop's executor works. Sockets and child processes are not for this loop: it cannot know
that the world outside is about to answer, so waiting for one is reported as a deadlock.
"""

import asyncio
import selectors
from asyncio import Future
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar, TypeVarTuple

__all__ = ["Deadlock", "VirtualClock", "VirtualLoop"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Deadlock(RuntimeError):
    """Every task waits, and no timer will ever wake one of them."""


class _JumpingSelector(selectors.BaseSelector):
    """Asks the real selector what is ready; where it would wait, moves the time instead."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.now_s = 0.0
        self.threads = 0
        """Executor jobs under way: only these may make the loop wait for real."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if self.threads:
            return self._real.select(None)
        if timeout is None:
            raise Deadlock("nothing is ready and no timer is set")
        self.now_s += timeout
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in pretended time. For `asyncio.Runner(loop_factory=VirtualLoop)`."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Pretended seconds since the loop was made."""
        return self._jumping.now_s

    def run_in_executor(self, executor: Any, func: Callable[[*Ts], T], *args: *Ts) -> "Future[T]":
        """As in any loop; pretended time stands still until the job is done."""
        self._jumping.threads += 1
        job = super().run_in_executor(executor, func, *args)
        job.add_done_callback(self._thread_done)
        return job

    async def shutdown_default_executor(self, *args: Any) -> None:
        """As in any loop; it waits for a thread too."""
        self._jumping.threads += 1
        try:
            await super().shutdown_default_executor(*args)
        finally:
            self._jumping.threads -= 1

    def _thread_done(self, _: "Future[Any]") -> None:
        self._jumping.threads -= 1


class VirtualClock:
    """A `Clock` in pretended time, with the loop that makes it so.

    ``VirtualClock().run(main)`` calls ``main(clock)`` and returns what it returns. Raises
    `Deadlock` when all that is left to do is wait for nothing.
    """

    def __init__(self) -> None:
        self._loop: VirtualLoop | None = None

    def now(self) -> float:
        """Pretended seconds since `run` began."""
        return self._loop.time() if self._loop else 0.0

    async def sleep_until(self, when_s: float) -> None:
        """Return at ``when_s``, or on the next turn of the loop if that has passed."""
        loop = asyncio.get_running_loop()
        woken: Future[None] = loop.create_future()
        timer = loop.call_at(when_s, _wake, woken)
        try:
            await woken
        finally:
            timer.cancel()

    async def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        await self.sleep_until(self.now() + seconds)

    def run(self, main: "Callable[[VirtualClock], Coroutine[Any, Any, T]]") -> T:
        """Run ``main(clock)`` to its end on a loop of its own."""
        with asyncio.Runner(loop_factory=self._make_loop) as runner:
            return runner.run(main(self))

    def _make_loop(self) -> VirtualLoop:
        self._loop = VirtualLoop()
        return self._loop


def _wake(woken: "Future[None]") -> None:
    if not woken.done():
        woken.set_result(None)
