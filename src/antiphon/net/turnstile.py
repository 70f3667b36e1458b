"""One at a time, the most urgent first: for a server that does one thing at a time anyhow, and
would choose by luck among those that wait."""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

__all__ = ["Turnstile"]


class Turnstile:
    """Shared by all who ask. Its lists are small: as many wait as there are calls."""

    def __init__(self) -> None:
        self._busy = False
        self._numbers = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def turn(self, urgency: int) -> AsyncIterator[None]:
        """Wait for one's turn; the block has it. Less is more urgent; among equals, who came
        first."""
        if self._busy:
            await self._wait(urgency)
        self._busy = True
        try:
            yield
        finally:
            self._next()

    async def _wait(self, urgency: int) -> None:
        called = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (urgency, next(self._numbers), called))
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                self._next()  # called and gone in the same moment
            raise

    def _next(self) -> None:
        """Call whoever is next. Until that one comes, the turnstile is busy."""
        while self._waiting:
            called = heapq.heappop(self._waiting)[2]
            if not called.done():
                called.set_result(None)
                return
        self._busy = False
