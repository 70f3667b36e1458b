"""What the sandbox gives every pretended vendor, and what it wants of one."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from antiphon.ports.clock import Clock
from antiphon.ports.llm import LanguageModel
from antiphon.ports.stt import Recogniser
from antiphon.ports.tts import Synthesiser
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.line import Line

__all__ = ["Desk", "Door", "Means", "Refusal"]


@dataclass(frozen=True, slots=True)
class Means:
    """What stands behind the vendors."""

    ears: Recogniser
    voice: Synthesiser
    mind: LanguageModel
    clock: Clock
    kept: dict[str, Any] = field(default_factory=dict)
    """What vendors remember from one request to the next, each under its own name."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """How an opening request is turned down."""

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    """Sent as JSON."""
    close: int = 0
    """A vendor that lets every WebSocket in and says no there: ``body`` is the one message, then
    it closes with this code. 0: the opening request is answered with ``status``."""


Serve: TypeAlias = Callable[[Line, WebSocket, Means], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One WebSocket of one vendor."""

    path: str
    key: Callable[[WebSocket], str] | None
    """The key a client presented; empty where it did not. None: no key is wanted."""
    refuse: Callable[[int, str], Refusal]
    """The vendor's way to say no."""
    mistake: Callable[[WebSocket], str]
    """What is wrong with the request's parameters; empty where nothing is. It becomes a 400."""
    headers: Callable[[], Mapping[str, str]]
    """Of the answer to the opening request."""
    serve: Serve


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One HTTP request of one vendor."""

    path: str
    """As Starlette routes it: ``/v1/text-to-speech/{voice}/stream``."""
    key: Callable[[HTTPConnection], str] | None
    """The key a client presented; empty where it did not. None: no key is wanted."""
    refuse: Callable[[int, str], Refusal]
    """The vendor's way to say no."""
    serve: Callable[[Exchange, Means], Coroutine[Any, Any, None]]
    """Answers. Cancelled when the client has gone."""
    methods: tuple[str, ...] = ("POST",)
