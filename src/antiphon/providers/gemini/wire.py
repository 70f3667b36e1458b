"""Gemini's ``generateContent`` at the server's end: a request in, chunks out. Pure.

Fields are as Google's SDK 3.4 sends and reads them. That a tool call comes whole and not in pieces
is from memory (unconfirmed), the words of its complaints are third party.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from antiphon.errors import RemoteProtocolError
from antiphon.net.asked import Asked, Told, as_json
from antiphon.net.sse import Sent
from antiphon.ports.llm import Saying, Tool, ToolCall, Usage

__all__ = ["ContentReply", "read"]

FINISHES: Final[Mapping[str, str]] = {"length": "MAX_TOKENS", "refused": "SAFETY"}


class FunctionCall(Struct):
    name: str
    args: dict[str, Any] = {}
    id: str = ""


class FunctionResponse(Struct):
    name: str
    response: dict[str, Any] = {}
    id: str = ""


class Part(Struct, rename="camel"):
    """One of its fields is there."""

    text: str | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    inline_data: dict[str, Any] | None = None
    file_data: dict[str, Any] | None = None
    thought_signature: str = ""


class Content(Struct):
    parts: list[Part] = []
    role: str = "user"


class Declaration(Struct, rename="camel"):
    name: str
    description: str = ""
    parameters: dict[str, Any] = {}
    parameters_json_schema: dict[str, Any] = {}


class ToolIn(Struct, rename="camel"):
    function_declarations: list[Declaration] = []


class Generation(Struct, rename="camel"):
    max_output_tokens: int | None = None
    temperature: float | None = None
    thinking_config: dict[str, Any] = {}


class Request(Struct, rename="camel"):
    """What a client sends."""

    contents: list[Content] = []
    system_instruction: Content | None = None
    tools: list[ToolIn] = []
    generation_config: Generation = field(default_factory=Generation)


FREE: Final = ("args", "response", "parameters", "parametersJsonSchema")
"""What is in these is the user's own."""


def read(body: bytes, model: str, *, stream: bool) -> Asked:
    """The request. Raises `RemoteProtocolError`."""
    try:
        request = msgspec.convert(_camel(msgspec.json.decode(body)), Request)
    except msgspec.DecodeError as error:
        raise RemoteProtocolError(f"Invalid JSON payload received. {error}") from None
    if not request.contents:
        raise RemoteProtocolError("contents is not specified")
    generation = request.generation_config
    if generation.max_output_tokens is not None and generation.max_output_tokens < 1:
        raise RemoteProtocolError("max_output_tokens must be positive.")
    told = Told()
    if request.system_instruction is not None:
        texts = [part.text or "" for part in request.system_instruction.parts]
        told.say("system", "\n".join(texts))
    _check(request.contents)
    for at, content in enumerate(request.contents):
        _tell(content, at, told)
    tools = [each for tool in request.tools for each in tool.function_declarations]
    asking = told.asking(
        max_tokens=generation.max_output_tokens,
        temperature=generation.temperature,
        tools=tuple(
            Tool(
                name=each.name,
                description=each.description,
                parameters=each.parameters_json_schema or each.parameters,
            )
            for each in tools
        ),
    )
    return Asked(model=model, asking=asking, stream=stream)


def _camel(value: Any) -> Any:
    """Google takes every name in both of its spellings, and its own SDK mixes them."""
    if isinstance(value, list):
        return [_camel(each) for each in value]
    if not isinstance(value, dict):
        return value
    named: dict[str, Any] = {}
    for name, each in value.items():
        first, *rest = name.split("_")
        camel = first + "".join(word.title() for word in rest)
        named[camel] = each if camel in FREE else _camel(each)
    return named


def _check(contents: list[Content]) -> None:
    for at, content in enumerate(contents):
        if content.role not in ("user", "model"):
            raise RemoteProtocolError("Please use a valid role: user, model.")
        if not any(part != Part() for part in content.parts):
            why = f"contents[{at}].parts: must have one initialized field"
            raise RemoteProtocolError(why)
    if contents[0].role != "user":
        raise RemoteProtocolError("the conversation must begin with a user turn")


def _tell(content: Content, at: int, told: Told) -> None:
    calls = [part for part in content.parts if part.function_call]
    if calls and not calls[0].thought_signature:
        why = "Function call is missing a thought_signature in functionCall parts."
        raise RemoteProtocolError(f"{why} contents[{at}]")
    for part in content.parts:
        if call := part.function_call:
            arguments = as_json(call.args)
            told.call(ToolCall(id=call.id or call.name, name=call.name, arguments=arguments))
        elif result := part.function_response:
            failed = "error" in result.response
            text = result.response.get("error" if failed else "output")
            said = text if isinstance(text, str) else as_json(result.response)
            told.result(result.id or result.name, said, failed=failed)
        elif part.text is not None:
            told.say("assistant" if content.role == "model" else "user", part.text)


class ContentReply:
    """See `antiphon.net.asked.Reply`."""

    def __init__(self, asked: Asked, number: int) -> None:
        self._id, self._model = f"answer-{number}", asked.model
        self._text = ""
        self._last = Saying(text="")

    def begin(self) -> list[Sent]:
        return []

    def say(self, piece: Saying) -> list[Sent]:
        self._text += piece.text
        if piece.reason:
            self._last = piece
            parts = [*([{"text": piece.text}] if piece.text else []), *_calls(piece)]
            return [self._sent(parts or [{"text": ""}], piece)]
        return [self._sent([{"text": piece.text}], None)]

    def whole(self) -> Mapping[str, Any]:
        parts = [*([{"text": self._text}] if self._text else []), *_calls(self._last)]
        return self._chunk(parts or [{"text": ""}], self._last)

    def _sent(self, parts: list[Mapping[str, Any]], last: Saying | None) -> Sent:
        return Sent(data=as_json(self._chunk(parts, last)))

    def _chunk(self, parts: list[Mapping[str, Any]], last: Saying | None) -> Mapping[str, Any]:
        candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
        if last is not None:
            candidate["finishReason"] = FINISHES.get(last.reason, "STOP")
        return {
            "candidates": [candidate],
            "usageMetadata": _usage(last.usage if last else Usage()),
            "modelVersion": self._model,
            "responseId": self._id,
        }


def _calls(last: Saying) -> list[Mapping[str, Any]]:
    """Of calls made at once the first carries the signature."""
    return [
        {
            "functionCall": {
                "name": call.name,
                "args": msgspec.json.decode(call.arguments),
                "id": call.id,
            },
            **({} if at else {"thoughtSignature": "c2FuZGJveA=="}),
        }
        for at, call in enumerate(last.calls)
    ]


def _usage(usage: Usage) -> Mapping[str, Any]:
    counts: dict[str, Any] = {
        "promptTokenCount": usage.prompt_tokens,
        "candidatesTokenCount": usage.reply_tokens,
        "totalTokenCount": usage.prompt_tokens + usage.reply_tokens,
    }
    if usage.cached_tokens:
        counts["cachedContentTokenCount"] = usage.cached_tokens
    return counts
