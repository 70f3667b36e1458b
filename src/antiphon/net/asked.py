"""A vendor's request for an answer, read at the server's end: its messages become an `Asking`.

Pure. Lives here: what all vendors' conversations have in common, tool calls and their results
among it. Must not live here: how any vendor writes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import msgspec

from antiphon.actions import Message
from antiphon.errors import RemoteProtocolError
from antiphon.net.sse import Sent
from antiphon.ports.llm import Asking, Saying, Tool, ToolCall, ToolUse

__all__ = ["Asked", "Reply", "Told", "as_json", "pieces_of"]

PIECE_LETTERS = 12
"""Of a tool's arguments in one event."""
TOKENS = 1024
"""Of an answer whose length nobody limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as any vendor's server understands it."""

    model: str
    asking: Asking
    stream: bool
    """The answer is wanted event by event."""


class Reply(Protocol):
    """One answer as a vendor's server writes it."""

    def begin(self) -> list[Sent]:
        """What comes before the first word."""
        ...

    def say(self, piece: Saying) -> list[Sent]:
        """A piece of it; the last carries the reason."""
        ...

    def whole(self) -> Mapping[str, Any]:
        """All of it at once, for who did not want a stream; after the last `say`."""
        ...


class Told:
    """The messages of a request, one after the other."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._used: list[ToolUse] = []
        self._open: dict[str, ToolCall] = {}

    def say(self, role: Literal["system", "user", "assistant"], text: str) -> None:
        """Somebody said something."""
        self.answered()
        self._used.clear()
        self.messages.append(Message(role=role, text=text))

    def call(self, call: ToolCall) -> None:
        """The assistant asked for a tool."""
        self._open[call.id] = call

    def result(self, call: str, text: str, *, failed: bool = False) -> None:
        """What came of it. Raises `RemoteProtocolError` for a call that was not made."""
        found = self._open.pop(call, None)
        if found is None:
            raise RemoteProtocolError(f"a result for {call!r}, which was not called")
        self._used.append(ToolUse(call=found, result=text, failed=failed))

    def answered(self) -> None:
        """Every call has its result. Raises `RemoteProtocolError` where one has not."""
        if self._open:
            raise RemoteProtocolError(f"no result for {', '.join(self._open)}")

    def asking(
        self, *, max_tokens: int | None, temperature: float | None, tools: tuple[Tool, ...]
    ) -> Asking:
        """All of it. Raises `RemoteProtocolError` where a call has no result."""
        self.answered()
        return Asking(
            messages=tuple(self.messages),
            max_tokens=TOKENS if max_tokens is None else max_tokens,
            temperature=temperature,
            tools=tools,
            used=tuple(self._used),
        )


def as_json(fields: Mapping[str, Any]) -> str:
    """As it is sent."""
    return msgspec.json.encode(fields).decode()


def pieces_of(arguments: str) -> list[str]:
    """A tool's arguments as they come, a few letters at a time."""
    return [arguments[at : at + PIECE_LETTERS] for at in range(0, len(arguments), PIECE_LETTERS)]
