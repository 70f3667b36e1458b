"""Anthropic's models over its own SDK.

Its API of 2026-10-21 takes no temperature, and many of its models take no words put into their
mouth. Must not live here: what the server's end does (`wire`).
"""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from antiphon.actions import Message
from antiphon.errors import ProviderError
from antiphon.net.account import Account
from antiphon.net.draft import Draft, answered
from antiphon.net.prompt import GO_ON, arguments_of, clean, parameters_of, strict
from antiphon.net.sdk import OnDemand, SdkHttp
from antiphon.ports.llm import Asking, Saying, Tool, ToolUse, Usage
from antiphon.providers.anthropic.settings import ClaudeSettings

__all__ = ["Claude"]

REASONS: Final[Mapping[str, str]] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tools",
    "refusal": "refused",
}
"""Any other means that it had said everything."""
STATUSES: Final[Mapping[str, int]] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""What an error in the middle of an answer would have been before it; any other is a 500."""
THINKING: Final = "thinking"


class Sdk:
    """The SDK at one address; its errors become ours here. Close it with `aclose`."""

    def __init__(self, name: str, account: Account) -> None:
        """Slow the first time: not for an event loop that has calls."""
        import anthropic  # noqa: PLC0415 - optional and slow

        self.http = SdkHttp(name, account, (anthropic.AnthropicError,), "anthropic")
        self._client = anthropic.AsyncAnthropic(
            api_key=account.api_key.get_secret_value(),
            base_url=account.base_url,
            max_retries=0,
            http_client=self.http.client,
            open_telemetry=False,
        )
        # Loaded by the first who asks for it, and he shall not wait.
        self.create: Any = self._client.messages.create
        self.bad_request = anthropic.BadRequestError
        self._status = anthropic.APIStatusError

    def trouble(self, error: Exception) -> ProviderError:
        """What an error of the SDK means."""
        if not isinstance(error, self._status):
            return self.http.broken(error)
        status = error.status_code
        if status == 200:  # it came in the middle of the answer
            status = STATUSES.get(error.type or "", 500)
        said = f"{error.type or ''} {error.api_message or error.message}"
        return self.http.refused(status, error.response.headers, said)

    async def aclose(self) -> None:
        """Give the connections back."""
        await self.http.aclose()


class Claude:
    """See `antiphon.ports.llm.LanguageModel`."""

    def __init__(self, name: str, settings: ClaudeSettings) -> None:
        self.name = name
        self._settings = settings
        self._must_think = False
        """Learned from a refusal."""
        self._sdk = OnDemand(lambda: Sdk(name, settings.account))

    async def start(self) -> None:
        await self._sdk.start()

    def answer(self, asking: Asking) -> AsyncIterator[Saying]:
        sdk = self._sdk.get()
        return answered(
            sdk.http, self._settings, lambda: self._ask(sdk, asking), _read, sdk.trouble
        )

    async def prime(self, messages: tuple[Message, ...]) -> None:
        """Only the connection: what was read ahead would be paid for."""
        await self._sdk.get().http.warm()

    async def aclose(self) -> None:
        await self._sdk.aclose()

    async def _ask(self, sdk: Sdk, asking: Asking) -> AsyncIterator[Any]:
        request = _request(asking, self._settings)
        if self._must_think:
            request.pop(THINKING, None)
        try:
            return await sdk.create(**request, stream=True)  # type: ignore[no-any-return]
        except sdk.bad_request as error:
            if THINKING not in request or THINKING not in (error.api_message or ""):
                raise
            self._must_think = True
        del request[THINKING]
        return await sdk.create(**request, stream=True)  # type: ignore[no-any-return]


# --- what is shown ---------------------------------------------------------------------------


def _request(asking: Asking, settings: ClaudeSettings) -> dict[str, Any]:
    system, turns = strict(asking)
    shown: list[dict[str, Any]] = [{"role": line.role, "content": line.text} for line in turns]
    shown += [message for use in asking.used for message in _used(use)]
    if asking.so_far.strip():
        # The API refuses white space at the end of what the assistant says.
        shown.append({"role": "assistant", "content": clean(asking.so_far).rstrip()})
        shown.append({"role": "user", "content": GO_ON})
    request: dict[str, Any] = {
        "model": settings.model,
        "max_tokens": asking.max_tokens,
        "messages": shown,
    }
    if system:
        request["system"] = system
    if asking.tools:
        request["tools"] = [_tool(tool) for tool in asking.tools]
    # Who thinks between two tools wants its thoughts back, and they are not kept.
    if thinking := "disabled" if asking.used and settings.thinking else settings.thinking:
        request[THINKING] = {"type": thinking}
    if settings.effort:
        request["output_config"] = {"effort": settings.effort}
    if settings.cache:
        request["cache_control"] = {"type": "ephemeral"}
    return request


def _tool(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "input_schema": parameters_of(tool),
    }


def _used(use: ToolUse) -> list[dict[str, Any]]:
    at = re.sub(r"[^a-zA-Z0-9_-]", "_", use.call.id) or "call"  # what the API takes for an id
    asked = {"type": "tool_use", "id": at, "name": use.call.name, "input": arguments_of(use.call)}
    came = {"type": "tool_result", "tool_use_id": at, "content": clean(use.result)}
    failed = {"is_error": True} if use.failed else {}
    return [
        {"role": "assistant", "content": [asked]},
        {"role": "user", "content": [{**came, **failed}]},
    ]


# --- what is answered ------------------------------------------------------------------------


def _read(event: Any, draft: Draft) -> str:
    """The text of an event; all else goes into the draft."""
    match event.type:
        case "message_start":
            _count(event.message.usage, draft)
        case "content_block_start" if event.content_block.type == "tool_use":
            block = event.content_block
            draft.call(event.index, as_id=block.id, name=block.name)
        case "content_block_start" if event.content_block.type == "text":
            return event.content_block.text or ""
        case "content_block_delta" if event.delta.type == "text_delta":
            return event.delta.text or ""
        case "content_block_delta" if event.delta.type == "input_json_delta":
            draft.call(event.index, more=event.delta.partial_json or "")
        case "message_delta":
            _count(event.usage, draft)
            if reason := event.delta.stop_reason:
                draft.reason = REASONS.get(reason, "stop")
        case _:
            pass  # thoughts, and whatever is new
    return ""


def _count(usage: Any, draft: Draft) -> None:
    """Counts are of the whole answer up to here; what a later event leaves out stays."""
    if usage is None:
        return
    before = draft.usage
    read = getattr(usage, "cache_read_input_tokens", None)
    parts = [
        getattr(usage, name, None)
        for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    ]
    known = parts[0] is not None
    draft.usage = Usage(
        prompt_tokens=sum(part or 0 for part in parts) if known else before.prompt_tokens,
        cached_tokens=before.cached_tokens if read is None else read,
        reply_tokens=usage.output_tokens or 0,
    )
