"""What a call was told and has not yet dealt with, in order, and never too much of it.

When it is full the oldest revisable transcript goes, since a later one replaces it; if there is
none the call ends as a failure rather than forget a fact. The call's end is the last thing taken
in: whoever tells of something after it is not heard.
"""

import asyncio
from collections import deque
from typing import Final

from antiphon.events import CallEnded, Event, TranscriptChanged

__all__ = ["MOST_EVENTS", "Inbox"]

MOST_EVENTS: Final = 1000
"""Half a minute of the liveliest call; told at once they take about 7 ms to deal with."""


class Inbox:
    """`put` from anywhere in the call's loop; one reader takes and waits."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._woken: asyncio.Future[None] | None = None
        self._closed = False

    def put(self, event: Event) -> None:
        """Append a fact. Returns at once, and wakes the reader."""
        if self._closed:
            return
        if isinstance(event, CallEnded):
            self._closed = True
        elif len(self._events) >= MOST_EVENTS and not self._shed():
            self._closed = True
            event = CallEnded(by="failure", reason="overwhelmed")
        self._events.append(event)
        self.wake()

    def take(self) -> Event | None:
        """The oldest fact; None where there is none."""
        return self._events.popleft() if self._events else None

    async def wait(self, at_most_s: float | None) -> None:
        """Until there is a fact to take, somebody wakes us, or so long."""
        if self._events:
            return
        loop = asyncio.get_running_loop()
        self._woken = loop.create_future()
        timer = None if at_most_s is None else loop.call_later(at_most_s, self.wake)
        try:
            await self._woken
        finally:
            self._woken = None
            if timer:
                timer.cancel()

    def wake(self) -> None:
        """Let the reader look at the time again, if they wait."""
        if self._woken and not self._woken.done():
            self._woken.set_result(None)

    def _shed(self) -> bool:
        for index, event in enumerate(self._events):
            if isinstance(event, TranscriptChanged) and not event.final:
                del self._events[index]
                return True
        return False
