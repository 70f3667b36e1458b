"""OpenAI's Responses API at the server's end: a request in, numbered events out. Pure.

Checked against the schemas OpenAI publishes (openai/openai-openapi).
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from antiphon.errors import RemoteProtocolError
from antiphon.net.asked import Asked, Told, as_json, pieces_of
from antiphon.net.sse import Sent
from antiphon.ports.llm import Saying, Tool, ToolCall, Usage

__all__ = ["ResponsesReply", "read"]

LEAST_TOKENS: Final = 16
ROLES: Final[Mapping[str, Literal["system", "user", "assistant"]]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}
CUT: Final[Mapping[str, str]] = {"length": "max_output_tokens", "refused": "content_filter"}
"""Why an answer is incomplete."""


class Part(Struct):
    type: str
    text: str = ""


class Item(Struct):
    """Of the input; which fields are there depends on the type."""

    type: str = "message"
    role: str = ""
    content: str | list[Part] = ""
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    output: str | list[Part] = ""


class ToolIn(Struct):
    type: str
    name: str = ""
    description: str | None = None
    parameters: dict[str, Any] | None = None


class Request(Struct):
    """What a client sends."""

    model: str
    input: str | list[Item]
    instructions: str | None = None
    stream: bool | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    tools: list[ToolIn] = []
    store: bool | None = None


_decoder: Final = msgspec.json.Decoder(Request)


def read(body: bytes) -> Asked:
    """The request. Raises `RemoteProtocolError`; its code is the parameter that is wrong."""
    try:
        request = _decoder.decode(body)
    except msgspec.DecodeError as error:
        raise RemoteProtocolError(str(error), code="body") from None
    limit = request.max_output_tokens
    if limit is not None and limit < LEAST_TOKENS:
        why = f"integer below minimum value: expected at least {LEAST_TOKENS}, got {limit}"
        raise RemoteProtocolError(why, code="max_output_tokens")
    items = request.input
    if isinstance(items, str):
        items = [Item(role="user", content=items)]
    if not items:
        raise RemoteProtocolError("the input is empty", code="input")
    told = Told()
    try:
        if request.instructions:
            told.say("system", request.instructions)
        for at, item in enumerate(items):
            _tell(item, at, told)
        asking = told.asking(
            max_tokens=limit, temperature=request.temperature, tools=_tools(request.tools)
        )
    except RemoteProtocolError as error:
        raise RemoteProtocolError(str(error), code="input") from None
    return Asked(model=request.model, asking=asking, stream=bool(request.stream))


def _tools(tools: list[ToolIn]) -> tuple[Tool, ...]:
    return tuple(
        Tool(name=t.name, description=t.description or "", parameters=t.parameters or {})
        for t in tools
        if t.type == "function"
    )


def _tell(item: Item, at: int, told: Told) -> None:
    match item.type:
        case "message":
            role = ROLES.get(item.role)
            if role is None:
                raise RemoteProtocolError(f"Invalid value: {item.role!r}. 'input[{at}].role'")
            told.say(role, _text(item.content))
        case "function_call":
            told.call(ToolCall(id=item.call_id, name=item.name, arguments=item.arguments))
        case "function_call_output":
            told.result(item.call_id, _text(item.output))
        case _:
            pass  # reasoning, files: nothing a scripted mind could use


def _text(content: str | list[Part]) -> str:
    return content if isinstance(content, str) else "".join(part.text for part in content)


class ResponsesReply:
    """See `antiphon.net.asked.Reply`."""

    def __init__(self, asked: Asked, number: int, created: int) -> None:
        self._asked, self._number, self._created = asked, number, created
        self._sequence = 0
        self._text = ""
        self._last = Saying(text="")

    def begin(self) -> list[Sent]:
        return [
            self._sent(kind, response=self._response("in_progress"))
            for kind in ("response.created", "response.in_progress")
        ]

    def say(self, piece: Saying) -> list[Sent]:
        sent: list[Sent] = []
        if piece.text:
            sent += [] if self._text else self._opened()
            self._text += piece.text
            sent.append(self._part("response.output_text.delta", delta=piece.text, logprobs=[]))
        return [*sent, *self._end(piece)] if piece.reason else sent

    def whole(self) -> Mapping[str, Any]:
        return self._response(self._status)

    # --- what it consists of -----------------------------------------------------------------

    def _opened(self) -> list[Sent]:
        item = {**self._message("in_progress"), "content": []}
        part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        return [
            self._sent("response.output_item.added", output_index=0, item=item),
            self._part("response.content_part.added", part=part),
        ]

    def _end(self, last: Saying) -> list[Sent]:
        self._last = last
        sent: list[Sent] = []
        if self._text:
            part = self._message("completed")["content"][0]
            item = self._message("completed")
            sent += [
                self._part("response.output_text.done", text=self._text, logprobs=[]),
                self._part("response.content_part.done", part=part),
                self._sent("response.output_item.done", output_index=0, item=item),
            ]
        for at, call in enumerate(last.calls, start=1 if self._text else 0):
            sent += self._called(at, call)
        kind = f"response.{self._status}"
        return [*sent, self._sent(kind, response=self._response(self._status))]

    def _called(self, at: int, call: ToolCall) -> list[Sent]:
        item = self._call(call)
        place = {"item_id": item["id"], "output_index": at}
        begun = {**item, "arguments": "", "status": "in_progress"}
        sent = [self._sent("response.output_item.added", output_index=at, item=begun)]
        kind = "response.function_call_arguments"
        sent += [
            self._sent(f"{kind}.delta", **place, delta=piece) for piece in pieces_of(call.arguments)
        ]
        done = {"name": call.name, "arguments": call.arguments}
        sent.append(self._sent(f"{kind}.done", **place, **done))
        sent.append(self._sent("response.output_item.done", output_index=at, item=item))
        return sent

    def _message(self, status: str) -> dict[str, Any]:
        text = {"type": "output_text", "text": self._text, "annotations": [], "logprobs": []}
        return {
            "id": f"msg_{self._number:024d}",
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": [text],
        }

    def _call(self, call: ToolCall) -> dict[str, Any]:
        return {
            "id": f"fc_{self._number}_{call.id}",
            "type": "function_call",
            "status": "completed",
            "call_id": call.id,
            "name": call.name,
            "arguments": call.arguments,
        }

    @property
    def _status(self) -> str:
        return "incomplete" if self._last.reason in CUT else "completed"

    def _response(self, status: str) -> Mapping[str, Any]:
        output = [self._message("completed")] if self._text and status != "in_progress" else []
        asking = self._asked.asking
        cut = CUT.get(self._last.reason)
        return {
            "id": f"resp_{self._number:024d}",
            "object": "response",
            "created_at": self._created,
            "status": status,
            "error": None,
            "incomplete_details": {"reason": cut} if cut else None,
            "instructions": None,
            "max_output_tokens": asking.max_tokens,
            "model": self._asked.model,
            "output": [*output, *(self._call(call) for call in self._last.calls)],
            "parallel_tool_calls": True,
            "metadata": {},
            "tool_choice": "auto",
            "tools": [_tool(tool) for tool in asking.tools],
            "temperature": asking.temperature,
            "top_p": 1.0,
            # The schema wants a count or none: null, which the vendor's examples show, is neither.
            **({"usage": _usage(self._last.usage)} if self._last.reason else {}),
        }

    def _part(self, kind: str, **fields: Any) -> Sent:
        item = f"msg_{self._number:024d}"
        return self._sent(kind, item_id=item, output_index=0, content_index=0, **fields)

    def _sent(self, kind: str, **fields: Any) -> Sent:
        number = self._sequence
        self._sequence += 1
        return Sent(event=kind, data=as_json({"type": kind, "sequence_number": number, **fields}))


def _tool(tool: Tool) -> Mapping[str, Any]:
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
        "strict": False,
    }


def _usage(usage: Usage) -> Mapping[str, Any]:
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": usage.reply_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.prompt_tokens + usage.reply_tokens,
    }
