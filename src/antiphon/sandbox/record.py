"""What happened in the sandbox, for assertions: every request and every frame, never a key."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Frame", "Request"]

SECRET = (
    "authorization",
    "x-api-key",
    "xi-api-key",
    "x-goog-api-key",
    "api-key",
    "ocp-apim-subscription-key",
    "sec-websocket-protocol",
    "key",
    "token",
)


@dataclass(frozen=True, slots=True)
class Frame:
    """One WebSocket frame or piece of an HTTP body, as it went over the wire."""

    by: Literal["client", "vendor"]
    data: str | bytes
    at_s: float
    """Since the sandbox started."""


@dataclass(slots=True)
class Request:
    """One opening request, and what was said on its connection."""

    path: str
    query: list[tuple[str, str]]
    """In order, repeated ones included; without the values that hold keys."""
    headers: dict[str, str]
    """Without the values that hold keys."""
    authorised: bool
    at_s: float
    status: int = 101
    """What the opening was answered with."""
    frames: list[Frame] = field(default_factory=list)
    ended: str = ""
    """How it ended: ``client``, or what the vendor did."""

    def texts(self, by: Literal["client", "vendor"]) -> list[str]:
        """The text frames of one side."""
        return [f.data for f in self.frames if f.by == by and isinstance(f.data, str)]

    def audio(self, by: Literal["client", "vendor"]) -> bytes:
        """The binary frames of one side, joined."""
        return b"".join(f.data for f in self.frames if f.by == by and isinstance(f.data, bytes))


def without_keys(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers or query, fit to be kept."""
    return [(name, "***" if name.lower() in SECRET else value) for name, value in pairs]
