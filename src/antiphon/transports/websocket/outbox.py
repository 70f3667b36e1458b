"""What waits to be sent to a peer: audio that may be dropped, messages that may not.

Bounded both ways. Too much audio: the oldest goes, and is counted. Too many messages: the peer is
not reading, and whoever owns this must give it up.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

__all__ = ["MAX_MESSAGES", "Outbox"]

MAX_MESSAGES: Final = 1000
"""A talkative minute of captions and states is a tenth of this."""


@dataclass(frozen=True, slots=True)
class _Item:
    frame: str | bytes
    samples: int


class Outbox:
    """A queue in the order of sending, which only audio can leave early."""

    def __init__(self, max_audio_samples: int) -> None:
        self._max_audio = max_audio_samples
        self._items: deque[_Item] = deque()
        self._audio = 0
        self.dropped_samples = 0
        """Of audio, because the peer was slow."""

    def __len__(self) -> int:
        return len(self._items)

    @property
    def overflowing(self) -> bool:
        """Whether more messages wait than any peer that reads would let pile up."""
        return len(self._items) > MAX_MESSAGES

    def take(self) -> str | bytes:
        """What to send next. Raises IndexError if nothing waits."""
        item = self._items.popleft()
        self._audio -= item.samples
        return item.frame

    def add(self, message: str) -> None:
        """Queue a message; it will not be dropped."""
        self._items.append(_Item(message, 0))

    def add_audio(self, frame: bytes, samples: int) -> None:
        """Queue audio, dropping the oldest while too much waits."""
        self._items.append(_Item(frame, samples))
        self._count(samples)

    def grow(self, payload: bytes, samples: int, most_samples: int) -> bool:
        """Put audio into the newest frame that waits; False where there is none, or it would be
        longer than ``most_samples`` then."""
        newest = self._items[-1] if self._items else None
        if newest is None or not isinstance(newest.frame, bytes):
            return False
        if newest.samples + samples > most_samples:
            return False
        self._items[-1] = _Item(newest.frame + payload, newest.samples + samples)
        self._count(samples)
        return True

    def _count(self, samples: int) -> None:
        self._audio += samples
        while self._audio > self._max_audio:
            oldest = next(item for item in self._items if item.samples)
            self._items.remove(oldest)
            self._audio -= oldest.samples
            self.dropped_samples += oldest.samples

    def clear_audio(self) -> None:
        """Forget all audio that waits; messages keep their order."""
        self._items = deque(item for item in self._items if not item.samples)
        self._audio = 0
