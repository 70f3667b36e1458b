"""What the sandbox gives every pretended vendor, and what it wants of one."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from starlette.websockets import WebSocket

from antiphon.ports.clock import Clock
from antiphon.ports.stt import Recogniser
from antiphon.ports.tts import Synthesiser
from antiphon.sandbox.line import Line

__all__ = ["Door", "Means", "Refusal"]


@dataclass(frozen=True, slots=True)
class Means:
    """What stands behind the vendors."""

    ears: Recogniser
    voice: Synthesiser
    clock: Clock


@dataclass(frozen=True, slots=True)
class Refusal:
    """How an opening request is turned down."""

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, str]


Serve: TypeAlias = Callable[[Line, WebSocket, Means], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One WebSocket of one vendor."""

    path: str
    key: Callable[[WebSocket], str]
    """The key a client presented; empty where it did not."""
    refuse: Callable[[int, str], Refusal]
    """The vendor's way to say no."""
    mistake: Callable[[WebSocket], str]
    """What is wrong with the request's parameters; empty where nothing is. It becomes a 400."""
    headers: Callable[[], Mapping[str, str]]
    """Of the answer to the opening request."""
    serve: Serve
