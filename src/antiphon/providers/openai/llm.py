"""Chat completions: OpenAI's, and those of every server that speaks them too.

OpenAI takes a conversation as it is. Of other servers many put it into a template that wants the
system prompt first and then user and assistant by turns: they are shown it so.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from antiphon.actions import Message
from antiphon.net.draft import Draft, answered
from antiphon.net.prompt import GO_ON, clean, lines, parameters_of, strict
from antiphon.net.sdk import OnDemand
from antiphon.ports.llm import Asking, Saying, ToolUse, Usage
from antiphon.providers.openai.sdk import Sdk
from antiphon.providers.openai.settings_llm import ChatSettings

__all__ = ["ChatModel", "as_they_are", "in_turns", "read", "usage_of"]

REASONS: Final[Mapping[str, str]] = {
    "length": "length",
    "tool_calls": "tools",
    "function_call": "tools",
    "content_filter": "refused",
}
"""Any other means that it had said everything."""
INSTEAD: Final[Mapping[str, str]] = {
    "temperature": "",
    "stream_options": "",
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
}
"""What is sent in place of a parameter that a model refuses: reasoning models take no temperature,
and the limit has had two names."""

Shape = Callable[[Asking], list[dict[str, Any]]]


class ChatModel:
    """See `antiphon.ports.llm.LanguageModel`."""

    def __init__(self, name: str, settings: ChatSettings, shape: Shape, limit: str) -> None:
        """``shape`` is `as_they_are` or `in_turns`; ``limit`` is what the server calls the most
        tokens."""
        self.name = name
        self._settings, self._shape, self._limit = settings, shape, limit
        self._instead: dict[str, str] = {}
        """Learned from refusals."""
        self._sdk = OnDemand(lambda: Sdk(name, settings.account))

    async def start(self) -> None:
        await self._sdk.start()

    def answer(self, asking: Asking) -> AsyncIterator[Saying]:
        sdk = self._sdk.get()
        return answered(sdk.http, self._settings, lambda: self._ask(sdk, asking), read, sdk.trouble)

    async def prime(self, messages: tuple[Message, ...]) -> None:
        """Only the connection: what was read ahead would be paid for."""
        await self._sdk.get().http.warm()

    async def aclose(self) -> None:
        await self._sdk.aclose()

    async def _ask(self, sdk: Sdk, asking: Asking) -> AsyncIterator[Any]:
        request = self._request(asking)
        while True:
            sent = {self._instead.get(name, name): value for name, value in request.items()}
            sent.pop("", None)
            try:
                stream: AsyncIterator[Any] = await sdk.chat(**sent, stream=True)
            except sdk.bad_request as error:
                refused = error.param or ""
                if refused not in INSTEAD or refused not in sent or refused in self._instead:
                    raise
                self._instead[refused] = INSTEAD[refused]
            else:
                return stream

    def _request(self, asking: Asking) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._settings.model,
            "messages": self._shape(asking),
            "stream_options": {"include_usage": True},
            self._limit: asking.max_tokens,
        }
        if asking.temperature is not None:
            request["temperature"] = asking.temperature
        if self._settings.reasoning_effort:
            request["reasoning_effort"] = self._settings.reasoning_effort
        if asking.tools:
            request["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": parameters_of(tool),
                    },
                }
                for tool in asking.tools
            ]
        return request


# --- what is shown ---------------------------------------------------------------------------


def as_they_are(asking: Asking) -> list[dict[str, Any]]:
    """Each message in its place."""
    shown = [_message(line.role, line.text) for line in lines(asking.messages)]
    return [*shown, *_since(asking)]


def in_turns(asking: Asking) -> list[dict[str, Any]]:
    """The system prompt first, then user and assistant by turns."""
    system, turns = strict(asking)
    shown = [_message("system", system)] if system else []
    return [*shown, *(_message(line.role, line.text) for line in turns), *_since(asking)]


def _message(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": text}


def _since(asking: Asking) -> list[dict[str, Any]]:
    found = [message for use in asking.used for message in _used(use)]
    if asking.so_far.strip():
        found += [_message("assistant", clean(asking.so_far)), _message("user", GO_ON)]
    return found


def _used(use: ToolUse) -> list[dict[str, Any]]:
    function = {"name": use.call.name, "arguments": clean(use.call.arguments)}
    call = {"id": use.call.id, "type": "function", "function": function}
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": use.call.id, "content": clean(use.result)},
    ]


# --- what is answered ------------------------------------------------------------------------


def read(chunk: Any, draft: Draft) -> str:
    """The text of a chunk; all else goes into the draft. The SDK promises no field: servers that
    speak this protocol too leave out what they please."""
    if usage := getattr(chunk, "usage", None):
        draft.usage = usage_of(usage)
    text = ""
    for choice in getattr(chunk, "choices", None) or ():
        delta = choice.delta
        for call in getattr(delta, "tool_calls", None) or ():
            _call(call, draft)
        # The model's own refusal is meant to be said.
        text += getattr(delta, "content", None) or getattr(delta, "refusal", None) or ""
        draft.refused = draft.refused or bool(getattr(delta, "refusal", None))
        if choice.finish_reason:
            reason = REASONS.get(choice.finish_reason, "stop")
            draft.reason = "refused" if draft.refused else reason
    return text


def _call(call: Any, draft: Draft) -> None:
    at = len(draft.calls) if call.index is None else call.index
    # Some servers give every call the first place.
    while call.id and at in draft.calls and draft.calls[at].id not in ("", call.id):
        at += 1
    function = call.function
    draft.call(at, as_id=call.id or "", name=function.name or "", more=function.arguments or "")


def usage_of(usage: Any) -> Usage:
    """The SDK's count as ours."""
    asked = getattr(usage, "prompt_tokens_details", None)
    said = getattr(usage, "completion_tokens_details", None)
    return Usage(
        prompt_tokens=usage.prompt_tokens or 0,
        cached_tokens=getattr(asked, "cached_tokens", 0) or 0,
        reply_tokens=usage.completion_tokens or 0,
        audio_tokens=sum(getattr(part, "audio_tokens", 0) or 0 for part in (asked, said)),
    )
