"""What waits to be sent to a vendor: audio and messages, in order.

Lives here: the queue between a call, which may not wait, and a socket, which makes one wait. Must
not live here: sockets, and what the frames mean.
"""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from antiphon.errors import Unavailable

__all__ = ["MAX_MESSAGES", "Item", "Outgoing"]

MAX_MESSAGES: Final = 1000
"""More control messages than this wait only where the vendor has stopped reading."""


@dataclass(frozen=True, slots=True)
class Item:
    """One frame to send."""

    frame: str | bytes
    at: int | None = None
    """Of audio: its first sample, counted from the first sample fed. None: nobody fed it."""
    samples: int = 0
    """Of audio; 0 for a message."""


class Outgoing:
    """Frames in the order of sending. Too much audio: the oldest goes, and is counted. Messages
    are never dropped; more than `MAX_MESSAGES` of them raise `Unavailable` in `take`."""

    def __init__(self, max_samples: int, provider: str = "") -> None:
        self._max_samples, self._provider = max_samples, provider
        self._items: deque[Item] = deque()
        self._messages = 0
        self._more = asyncio.Event()
        self.samples = 0
        """Of audio that waits."""
        self.dropped_samples = 0

    def __len__(self) -> int:
        return len(self._items)

    def add(self, message: str) -> None:
        """Queue a message behind what waits."""
        self._messages += 1
        self._append(Item(message))

    def add_audio(self, frame: bytes, at: int | None, samples: int) -> None:
        """Queue audio. Nothing at all is not sent: to some vendors an empty frame is the end."""
        if not frame:
            return
        self._append(Item(frame, at, samples))
        self.samples += samples
        while self.samples > self._max_samples:
            oldest = next(item for item in self._items if item.samples)
            self._items.remove(oldest)
            self.samples -= oldest.samples
            self.dropped_samples += oldest.samples

    async def take(self, within_s: float | None = None) -> Item | None:
        """What to send next; None where nothing came within the time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not self._items:
                    self._more.clear()
                    await self._more.wait()
        if not self._items:
            return None
        if self._messages > MAX_MESSAGES:
            raise Unavailable("does not read what it is sent", provider=self._provider)
        item = self._items.popleft()
        self.samples -= item.samples
        self._messages -= not item.samples
        return item

    def _append(self, item: Item) -> None:
        self._items.append(item)
        self._more.set()
