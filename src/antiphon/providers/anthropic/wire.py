"""Anthropic's Messages API at the server's end: a request in, events out. Pure.

Of its two versions of today, that of 2026-10-21 takes no temperature. The order of events and
their fields are as its SDK 2.11 reads them; the words of its complaints are third party.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from antiphon.errors import RemoteProtocolError
from antiphon.net.asked import Asked, Told, as_json, pieces_of
from antiphon.net.sse import Sent
from antiphon.ports.llm import Saying, Tool, ToolCall

__all__ = ["NEW", "VERSIONS", "MessageReply", "read"]

NEW: Final = "2026-10-21"
VERSIONS: Final = ("2023-06-01", NEW)
ROLES: Final[Mapping[str, Literal["system", "user", "assistant"]]] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
}
STOPS: Final[Mapping[str, str]] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tools": "tool_use",
    "refused": "refusal",
}


class Block(Struct):
    """Of a message's content; which fields are there depends on the type."""

    type: str
    text: str = ""
    id: str = ""
    name: str = ""
    input: dict[str, Any] = {}
    tool_use_id: str = ""
    content: str | list["Block"] = ""
    is_error: bool = False


class MessageIn(Struct):
    role: str
    content: str | list[Block]


class ToolIn(Struct):
    name: str
    description: str = ""
    input_schema: dict[str, Any] = {}


class Thinking(Struct):
    type: str


class Request(Struct):
    """What a client sends."""

    model: str
    max_tokens: int
    messages: list[MessageIn]
    system: str | list[Block] = ""
    stream: bool = False
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    tools: list[ToolIn] = []
    thinking: Thinking | None = None


_decoder: Final = msgspec.json.Decoder(Request)


def read(body: bytes, version: str) -> Asked:
    """The request. Raises `RemoteProtocolError`."""
    if version not in VERSIONS:
        raise RemoteProtocolError(f"anthropic-version: {version!r} is not a valid version")
    try:
        request = _decoder.decode(body)
    except msgspec.DecodeError as error:
        raise RemoteProtocolError(str(error)) from None
    for name in ("temperature", "top_p", "top_k") if version == NEW else ():
        if getattr(request, name) is not None:
            raise RemoteProtocolError(f"{name}: Extra inputs are not permitted")
    if request.max_tokens < 0:
        raise RemoteProtocolError("max_tokens: must be greater than or equal to 0")
    if not request.messages:
        raise RemoteProtocolError("messages: at least one message is required")
    told = Told()
    if system := _text(request.system):
        told.say("system", system)
    for at, message in enumerate(request.messages):
        _tell(message, at, told)
    if request.messages[0].role != "user":
        raise RemoteProtocolError('messages: first message must use the "user" role')
    if request.messages[-1].role == "assistant":
        why = "This model does not support assistant message prefill."
        raise RemoteProtocolError(f"{why} The conversation must end with a user message.")
    asking = told.asking(
        max_tokens=request.max_tokens,
        temperature=request.temperature,
        tools=tuple(
            Tool(name=tool.name, description=tool.description, parameters=tool.input_schema)
            for tool in request.tools
        ),
    )
    return Asked(model=request.model, asking=asking, stream=request.stream)


def _tell(message: MessageIn, at: int, told: Told) -> None:
    role = ROLES.get(message.role)
    if role is None:
        raise RemoteProtocolError(f"messages.{at}.role: unexpected role {message.role!r}")
    blocks = message.content
    if isinstance(blocks, str):
        blocks = [Block(type="text", text=blocks)]
    if not blocks:
        raise RemoteProtocolError(f"messages.{at}: all messages must have non-empty content")
    for block in blocks:
        match block.type:
            case "text" if not block.text.strip():
                why = "text content blocks must contain non-whitespace text"
                raise RemoteProtocolError(f"messages.{at}: {why}")
            case "text" if role == "assistant" and block.text != block.text.rstrip():
                why = "assistant content cannot end with trailing whitespace"
                raise RemoteProtocolError(f"messages.{at}: {why}")
            case "text":
                told.say(role, block.text)
            case "tool_use":
                arguments = as_json(block.input)
                told.call(ToolCall(id=block.id, name=block.name, arguments=arguments))
            case "tool_result":
                told.result(block.tool_use_id, _text(block.content), failed=block.is_error)
            case _:
                pass  # pictures, documents, thoughts: nothing a scripted mind could use


def _text(content: str | list[Block]) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block.text for block in content)


class MessageReply:
    """See `antiphon.net.asked.Reply`."""

    def __init__(self, asked: Asked, number: int) -> None:
        self._id, self._model = f"msg_{number:024d}", asked.model
        self._text = ""
        self._last = Saying(text="")

    def begin(self) -> list[Sent]:
        usage = {"input_tokens": 0, "output_tokens": 0}
        message = self._message([], None, usage)
        return [_sent("message_start", message=message), _sent("ping")]

    def say(self, piece: Saying) -> list[Sent]:
        sent: list[Sent] = []
        if piece.text:
            if not self._text:
                block = {"type": "text", "text": ""}
                sent.append(_sent("content_block_start", index=0, content_block=block))
            delta = {"type": "text_delta", "text": piece.text}
            sent.append(_sent("content_block_delta", index=0, delta=delta))
        self._text += piece.text
        return [*sent, *self._end(piece)] if piece.reason else sent

    def whole(self) -> Mapping[str, Any]:
        blocks: list[Mapping[str, Any]] = []
        if self._text:
            blocks.append({"type": "text", "text": self._text})
        for call in self._last.calls:
            given = msgspec.json.decode(call.arguments)
            blocks.append({"type": "tool_use", "id": call.id, "name": call.name, "input": given})
        stop = STOPS.get(self._last.reason, "end_turn")
        return self._message(blocks, stop, _usage(self._last))

    def _end(self, last: Saying) -> list[Sent]:
        self._last = last
        sent = [_sent("content_block_stop", index=0)] if self._text else []
        for at, call in enumerate(last.calls, start=len(sent)):
            block = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
            sent.append(_sent("content_block_start", index=at, content_block=block))
            for piece in pieces_of(call.arguments):
                delta = {"type": "input_json_delta", "partial_json": piece}
                sent.append(_sent("content_block_delta", index=at, delta=delta))
            sent.append(_sent("content_block_stop", index=at))
        stop = STOPS.get(last.reason, "end_turn")
        ended = {"stop_reason": stop, "stop_sequence": None}
        sent.append(_sent("message_delta", delta=ended, usage=_usage(last)))
        return [*sent, _sent("message_stop")]

    def _message(
        self, content: list[Mapping[str, Any]], stop: str | None, usage: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        return {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": content,
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": usage,
        }


def _sent(kind: str, **fields: Any) -> Sent:
    """Its SDK ignores an event that has no name."""
    return Sent(event=kind, data=as_json({"type": kind, **fields}))


def _usage(last: Saying) -> Mapping[str, Any]:
    usage = last.usage
    return {
        "input_tokens": usage.prompt_tokens - usage.cached_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": usage.reply_tokens,
    }
