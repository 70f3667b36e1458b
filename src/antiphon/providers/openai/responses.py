"""OpenAI's Responses API. Nothing is kept there between two requests: the conversation is ours."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from antiphon.actions import Message
from antiphon.net.draft import Draft, answered
from antiphon.net.prompt import GO_ON, clean, lines, parameters_of
from antiphon.net.sdk import OnDemand
from antiphon.ports.llm import Asking, Saying, Tool, ToolUse, Usage
from antiphon.providers.openai.sdk import Sdk, refused_by_code
from antiphon.providers.openai.settings_llm import ResponsesSettings

__all__ = ["ResponsesModel", "usage_of"]

LEAST_TOKENS: Final = 16
"""The API refuses a lower limit."""
INCOMPLETE: Final[Mapping[str, str]] = {"content_filter": "refused"}
"""Any other reason for an incomplete answer is its length."""


class ResponsesModel:
    """See `antiphon.ports.llm.LanguageModel`."""

    def __init__(self, name: str, settings: ResponsesSettings) -> None:
        self.name = name
        self._settings = settings
        self._takes_temperature = True
        """Until the model refuses one: reasoning models do."""
        self._sdk = OnDemand(lambda: Sdk(name, settings.account))

    async def start(self) -> None:
        await self._sdk.start()

    def answer(self, asking: Asking) -> AsyncIterator[Saying]:
        sdk = self._sdk.get()

        def read(event: Any, draft: Draft) -> str:
            return _read(event, draft, sdk)

        return answered(sdk.http, self._settings, lambda: self._ask(sdk, asking), read, sdk.trouble)

    async def prime(self, messages: tuple[Message, ...]) -> None:
        """Only the connection: what was read ahead would be paid for."""
        await self._sdk.get().http.warm()

    async def aclose(self) -> None:
        await self._sdk.aclose()

    async def _ask(self, sdk: Sdk, asking: Asking) -> AsyncIterator[Any]:
        request = self._request(asking)
        if self._takes_temperature and asking.temperature is not None:
            try:
                stream = await sdk.responses(**request, temperature=asking.temperature)
            except sdk.bad_request as error:
                if error.param != "temperature":
                    raise
                self._takes_temperature = False
            else:
                return stream  # type: ignore[no-any-return]
        return await sdk.responses(**request)  # type: ignore[no-any-return]

    def _request(self, asking: Asking) -> dict[str, Any]:
        shown = [{"role": line.role, "content": line.text} for line in lines(asking.messages)]
        shown += [item for use in asking.used for item in _used(use)]
        if asking.so_far.strip():
            shown.append({"role": "assistant", "content": clean(asking.so_far)})
            shown.append({"role": "user", "content": GO_ON})
        request: dict[str, Any] = {
            "model": self._settings.model,
            "input": shown,
            "max_output_tokens": max(LEAST_TOKENS, asking.max_tokens),
            "store": self._settings.store,
            "stream": True,
        }
        if asking.tools:
            request["tools"] = [_tool(tool) for tool in asking.tools]
        if self._settings.reasoning_effort:
            request["reasoning"] = {"effort": self._settings.reasoning_effort}
        return request


# --- what is shown ---------------------------------------------------------------------------


def _tool(tool: Tool) -> dict[str, Any]:
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": parameters_of(tool),
        "strict": False,  # whose schema is strict enough for it is not known here
    }


def _used(use: ToolUse) -> list[dict[str, Any]]:
    call = {"name": use.call.name, "arguments": clean(use.call.arguments)}
    return [
        {"type": "function_call", "call_id": use.call.id, **call},
        {"type": "function_call_output", "call_id": use.call.id, "output": clean(use.result)},
    ]


# --- what is answered ------------------------------------------------------------------------


def _read(event: Any, draft: Draft, sdk: Sdk) -> str:
    """The text of an event; all else goes into the draft."""
    match event.type:
        case "response.output_text.delta":
            return event.delta or ""
        case "response.refusal.delta":
            draft.refused = True
            return event.delta or ""  # meant to be said
        case "response.output_item.added" if event.item.type == "function_call":
            item = event.item
            # Its arguments are empty here and come in pieces.
            draft.call(event.output_index, as_id=item.call_id, name=item.name)
        case "response.function_call_arguments.delta":
            draft.call(event.output_index, more=event.delta or "")
        case "response.completed":
            draft.reason = "refused" if draft.refused else "stop"
            draft.usage = usage_of(event.response.usage)
        case "response.incomplete":
            details = event.response.incomplete_details
            draft.reason = INCOMPLETE.get(getattr(details, "reason", None) or "", "length")
            draft.usage = usage_of(event.response.usage)
        case "response.failed":
            error = event.response.error
            code, said = getattr(error, "code", ""), getattr(error, "message", "")
            raise refused_by_code(sdk.http, code or "", said or "")
        case "error":
            raise refused_by_code(sdk.http, event.code or "", event.message or "")
        case _:
            pass  # reasoning, parts that begin and end, whatever is new
    return ""


def usage_of(usage: Any) -> Usage:
    """The SDK's count as ours."""
    if usage is None:
        return Usage()
    asked = getattr(usage, "input_tokens_details", None)
    return Usage(
        prompt_tokens=usage.input_tokens or 0,
        cached_tokens=getattr(asked, "cached_tokens", 0) or 0,
        reply_tokens=usage.output_tokens or 0,
    )
