"""Language models, as the call sees them."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from antiphon.actions import Message
from antiphon.errors import ProviderError


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """Something a model may ask to be done."""

    name: str
    description: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """The JSON schema of its arguments: an object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A model asks for a tool."""

    id: str
    """The result is answered under it."""
    name: str
    arguments: str
    """JSON, as the model wrote it: it may be wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """A tool that was asked for earlier in the conversation, and what came of it."""

    call: ToolCall
    result: str
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a request cost, in tokens."""

    prompt_tokens: int = 0
    """Of the request, all of them."""
    cached_tokens: int = 0
    """Of those, how many were read before and cost less."""
    reply_tokens: int = 0
    audio_tokens: int = 0
    """Of all, how many stood for sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One request to a model."""

    messages: tuple[Message, ...]
    max_tokens: int = 120
    temperature: float | None = 0.0
    """None, and for models that take none: the model's own."""
    tools: tuple[Tool, ...] = ()
    used: tuple[ToolUse, ...] = ()
    """Tools used since the last message, oldest first; the model goes on from their results."""
    so_far: str = ""
    """The beginning of this very answer, which another model gave before it failed: go on from
    there, with the next word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """A piece of the answer. The last piece carries the reason, the tools asked for, and the
    usage."""

    text: str
    reason: str = ""
    """Why the answer ended: ``stop``, ``length``, ``tools``, ``refused``; empty while it goes
    on."""
    calls: tuple[ToolCall, ...] = ()
    usage: Usage = Usage()
    by: str = ""
    """Who said it, where several could have; empty: the model that was asked."""
    lost: ProviderError | None = None
    """Why somebody else goes on from here."""


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
