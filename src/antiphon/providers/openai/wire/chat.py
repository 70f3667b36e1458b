"""Chat completions at the server's end: a request in, chunks out. Pure.

Checked against the schemas OpenAI publishes (openai/openai-openapi). The words of its complaints
are known from its API (third party) and may differ.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from antiphon.errors import RemoteProtocolError
from antiphon.net.asked import Asked, Told, as_json, pieces_of
from antiphon.net.sse import Sent
from antiphon.ports.llm import Saying, Tool, ToolCall, Usage

__all__ = ["DONE", "ChatReply", "read"]

DONE: Final = Sent(data="[DONE]")
ROLES: Final[Mapping[str, Literal["system", "user", "assistant"]]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}
FINISHES: Final[Mapping[str, str]] = {"tools": "tool_calls", "refused": "content_filter"}


class Part(Struct):
    """Of a message's content."""

    type: str
    text: str = ""


class Function(Struct):
    """A tool, or the call of one."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = {}
    arguments: str = ""


class CallIn(Struct):
    id: str
    function: Function


class ToolIn(Struct):
    type: str
    function: Function


class MessageIn(Struct):
    role: str
    content: str | list[Part] | None = None
    tool_calls: list[CallIn] | None = None
    tool_call_id: str = ""


class StreamOptions(Struct):
    include_usage: bool = False


class Request(Struct):
    """What a client sends."""

    model: str
    messages: list[MessageIn]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_completion_tokens: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    tools: list[ToolIn] | None = None


_decoder: Final = msgspec.json.Decoder(Request)


def read(body: bytes) -> tuple[Asked, bool]:
    """The request, and whether its cost is to be told in the stream. Raises
    `RemoteProtocolError`; its code is the parameter that is wrong."""
    try:
        request = _decoder.decode(body)
    except msgspec.DecodeError as error:
        raise RemoteProtocolError(str(error), code="body") from None
    if not request.messages:
        raise RemoteProtocolError("[] is too short - 'messages'", code="messages")
    limit = request.max_completion_tokens or request.max_tokens
    if limit is not None and limit < 1:
        raise RemoteProtocolError("must be at least 1", code="max_tokens")
    told = Told()
    try:
        for at, message in enumerate(request.messages):
            _tell(message, at, told)
        asking = told.asking(
            max_tokens=limit,
            temperature=request.temperature,
            tools=tuple(
                Tool(
                    name=tool.function.name,
                    description=tool.function.description,
                    parameters=tool.function.parameters,
                )
                for tool in request.tools or ()
            ),
        )
    except RemoteProtocolError as error:
        raise RemoteProtocolError(str(error), code="messages") from None
    options = request.stream_options
    if options is not None and not request.stream:
        why = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise RemoteProtocolError(why, code="stream_options")
    asked = Asked(model=request.model, asking=asking, stream=bool(request.stream))
    return asked, options is not None and options.include_usage


def _tell(message: MessageIn, at: int, told: Told) -> None:
    content = message.content
    if isinstance(content, list):
        content = "".join(part.text for part in content)
    if message.role == "tool":
        told.result(message.tool_call_id, content or "")
        return
    role = ROLES.get(message.role)
    if role is None:
        raise RemoteProtocolError(f"Invalid value: {message.role!r}. - 'messages[{at}].role'")
    if content is None and not message.tool_calls:
        raise RemoteProtocolError(f"expected a string, got null - 'messages[{at}].content'")
    if content is not None:
        told.say(role, content)
    for call in message.tool_calls or ():
        function = call.function
        told.call(ToolCall(id=call.id, name=function.name, arguments=function.arguments))


class ChatReply:
    """See `antiphon.net.asked.Reply`."""

    def __init__(self, asked: Asked, number: int, created: int, *, costs: bool) -> None:
        """``costs``: the stream tells them."""
        self._id = f"chatcmpl-{number:024d}"
        self._model, self._created, self._costs = asked.model, created, costs
        self._text = ""
        self._last = Saying(text="")

    def begin(self) -> list[Sent]:
        return [self._chunk({"role": "assistant", "content": "", "refusal": None})]

    def say(self, piece: Saying) -> list[Sent]:
        self._text += piece.text
        sent = [self._chunk({"content": piece.text})] if piece.text else []
        if not piece.reason:
            return sent
        self._last = piece
        for at, call in enumerate(piece.calls):
            sent += [self._chunk({"tool_calls": [delta]}) for delta in _call(at, call)]
        sent.append(self._chunk({}, finish=_finish(piece)))
        if self._costs:
            sent.append(self._sent([], {"usage": _usage(piece.usage)}))
        return [*sent, DONE]

    def whole(self) -> Mapping[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": self._text, "refusal": None}
        if self._last.calls:
            message["content"] = self._text or None
            message["tool_calls"] = [
                {"id": call.id, "type": "function", "function": _function(call)}
                for call in self._last.calls
            ]
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": _finish(self._last),
        }
        head = self._head("chat.completion")
        return {**head, "choices": [choice], "usage": _usage(self._last.usage)}

    def _chunk(self, delta: Mapping[str, Any], finish: str | None = None) -> Sent:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return self._sent([choice], {"usage": None} if self._costs else {})

    def _sent(self, choices: list[Mapping[str, Any]], usage: Mapping[str, Any]) -> Sent:
        head = self._head("chat.completion.chunk")
        return Sent(data=as_json({**head, "choices": choices, **usage}))

    def _head(self, kind: str) -> Mapping[str, Any]:
        return {
            "id": self._id,
            "object": kind,
            "created": self._created,
            "model": self._model,
            "service_tier": "default",
            "system_fingerprint": "fp_sandbox",
        }


def _finish(piece: Saying) -> str:
    return FINISHES.get(piece.reason, piece.reason)


def _function(call: ToolCall) -> dict[str, str]:
    return {"name": call.name, "arguments": call.arguments}


def _call(at: int, call: ToolCall) -> list[Mapping[str, Any]]:
    first = {"name": call.name, "arguments": ""}
    begun = {"index": at, "id": call.id, "type": "function", "function": first}
    more = [{"index": at, "function": {"arguments": a}} for a in pieces_of(call.arguments)]
    return [begun, *more]


def _usage(usage: Usage) -> Mapping[str, Any]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.reply_tokens,
        "total_tokens": usage.prompt_tokens + usage.reply_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "audio_tokens": usage.audio_tokens,
        },
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
