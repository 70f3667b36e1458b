"""Language models, as the call sees them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from antiphon.actions import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One request to a model."""

    messages: tuple[Message, ...]
    max_tokens: int = 120
    temperature: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """A piece of the answer. The last piece carries the reason and the count of tokens."""

    text: str
    reason: str = ""
    """Why the answer ended: ``stop``, ``length``; empty while it goes on."""
    prompt_tokens: int = 0
    reply_tokens: int = 0


class LanguageModel(Protocol):
    """A language model engine or vendor, shared by all calls of a process."""

    name: str

    async def start(self) -> None:
        """Load, connect, warm up. Once, before the first call."""
        ...

    def answer(self, asking: Asking) -> AsyncIterator[Saying]:
        """The answer as it is made. Closing the iterator really stops the work. Raises
        `ProviderError`."""
        ...

    async def prime(self, messages: tuple[Message, ...]) -> None:
        """Read the beginning of a conversation ahead of the request that continues it, where
        that makes its answer sooner; otherwise do nothing. Raises `ProviderError`."""
        ...

    async def aclose(self) -> None:
        """Give everything back."""
        ...
