"""Gemini over Google's SDK.

From its third generation on, a model wants every tool call back with the signature it gave it, and
our calls carry none: the last ones are remembered here. Must not live here: what the server's end
does (`wire`).
"""

import json
from collections.abc import AsyncIterator, Mapping
from itertools import groupby
from typing import Any, Final

from antiphon.actions import Message
from antiphon.errors import ProviderError, Unavailable
from antiphon.net.account import Account
from antiphon.net.draft import Draft, answered
from antiphon.net.prompt import GO_ON, arguments_of, clean, parameters_of, strict
from antiphon.net.sdk import OnDemand, SdkHttp
from antiphon.ports.llm import Asking, Saying, Tool, ToolUse, Usage
from antiphon.providers.gemini.settings import GeminiSettings
from antiphon.providers.gemini.signatures import Signatures, Signed

__all__ = ["Gemini"]

REASONS: Final[Mapping[str, str]] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "refused",
    "RECITATION": "refused",
    "LANGUAGE": "refused",
    "BLOCKLIST": "refused",
    "PROHIBITED_CONTENT": "refused",
    "SPII": "refused",
    "MODEL_ARMOR": "refused",
}
"""Any other is a mishap of the model's: asked again, it may do better."""


class Sdk:
    """The SDK at one address; its errors become ours here. Close it with `aclose`."""

    def __init__(self, name: str, account: Account) -> None:
        """Slow the first time: not for an event loop that has calls."""
        from google import genai  # noqa: PLC0415 - optional and slow
        from google.genai import errors, types  # noqa: PLC0415

        self.http = SdkHttp(name, account, (errors.APIError,), "google_genai")
        self._client = genai.Client(
            vertexai=False,
            api_key=account.api_key.get_secret_value(),
            http_options=types.HttpOptions(
                base_url=account.base_url, httpx_async_client=self.http.client
            ),
        )
        self.stream: Any = self._client.aio.models.generate_content_stream
        self.client_error = errors.ClientError
        self._error = errors.APIError

    def trouble(self, error: Exception) -> ProviderError:
        """What an error of the SDK means."""
        if not isinstance(error, self._error):
            return self.http.broken(error)
        headers = dict(getattr(error.response, "headers", None) or {})
        after_s = _retry_after_s(error.details)
        if after_s and "retry-after" not in headers:
            headers["retry-after"] = after_s
        said = f"{error.status or ''} {error.message or ''}"
        return self.http.refused(error.code or 500, headers, said)

    async def aclose(self) -> None:
        """Give the connections back."""
        self._client.close()
        await self.http.aclose()


def _retry_after_s(details: Any) -> str:
    """Where Google says when to come back: ``RetryInfo`` among an error's details."""
    error = details.get("error", details) if isinstance(details, dict) else {}
    for detail in (error.get("details") or ()) if isinstance(error, dict) else ():
        if isinstance(detail, dict) and isinstance(delay := detail.get("retryDelay"), str):
            return delay.removesuffix("s")
    return ""


class Gemini:
    """See `antiphon.ports.llm.LanguageModel`."""

    def __init__(self, name: str, settings: GeminiSettings) -> None:
        self.name = name
        self._settings = settings
        self._thinking = settings.thinking
        """None once the model has refused it."""
        self._signatures = Signatures()
        self._sdk = OnDemand(lambda: Sdk(name, settings.account))

    async def start(self) -> None:
        await self._sdk.start()

    def answer(self, asking: Asking) -> AsyncIterator[Saying]:
        sdk, reader = self._sdk.get(), _Reader(self.name, self._signatures)
        return answered(
            sdk.http, self._settings, lambda: self._ask(sdk, asking), reader.read, sdk.trouble
        )

    async def prime(self, messages: tuple[Message, ...]) -> None:
        """Only the connection: what was read ahead would be paid for."""
        await self._sdk.get().http.warm()

    async def aclose(self) -> None:
        await self._sdk.aclose()

    async def _ask(self, sdk: Sdk, asking: Asking) -> AsyncIterator[Any]:
        system, turns = strict(asking)
        contents = [_content(line.role, {"text": line.text}) for line in turns]
        contents += _used(asking.used, self._signatures)
        if asking.so_far.strip():
            contents.append(_content("assistant", {"text": clean(asking.so_far)}))
            contents.append(_content("user", {"text": GO_ON}))
        config = _config(asking, system)
        if self._thinking is not None:
            config["thinking_config"] = {"thinking_level": self._thinking}
        ask = {"model": self._settings.model, "contents": contents, "config": config}
        try:
            return await _begun(await sdk.stream(**ask))
        except sdk.client_error as error:
            if self._thinking is None or "thinking" not in (error.message or "").lower():
                raise
            self._thinking = None
        del config["thinking_config"]
        return await _begun(await sdk.stream(**ask))


async def _begun(events: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """The SDK asks for nothing until the first event is wanted: what is refused, is refused
    then."""
    return _resumed(await anext(events, None), events)


async def _resumed(first: Any, events: AsyncIterator[Any]) -> AsyncIterator[Any]:
    if first is not None:
        yield first
    async for event in events:
        yield event


# --- what is shown ---------------------------------------------------------------------------


def _content(role: str, *parts: Mapping[str, Any]) -> dict[str, Any]:
    return {"role": "model" if role == "assistant" else "user", "parts": list(parts)}


def _config(asking: Asking, system: str) -> dict[str, Any]:
    config: dict[str, Any] = {
        "max_output_tokens": asking.max_tokens,
        "automatic_function_calling": {"disable": True},
    }
    if system:
        config["system_instruction"] = system
    if asking.temperature is not None:
        config["temperature"] = asking.temperature
    if asking.tools:
        config["tools"] = [{"function_declarations": [_tool(tool) for tool in asking.tools]}]
    return config


def _tool(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters_json_schema": parameters_of(tool),
    }


def _used(used: tuple[ToolUse, ...], signatures: Signatures) -> list[dict[str, Any]]:
    """Calls that were made at once go back at once; of strangers nothing is known."""
    known = [(signatures.of(use.call.id), use) for use in used]
    shown: list[dict[str, Any]] = []
    for _, group in groupby(enumerate(known), key=lambda item: _step(*item)):
        uses = [item for _, item in group]
        shown.append(_content("assistant", *(_call(signed, use) for signed, use in uses)))
        shown.append(_content("user", *(_result(signed, use) for signed, use in uses)))
    return shown


def _step(at: int, item: tuple[Signed, ToolUse]) -> tuple[int, int]:
    answer = item[0].answer
    return (answer, -1) if answer >= 0 else (answer, at)


def _call(signed: Signed, use: ToolUse) -> dict[str, Any]:
    call: dict[str, Any] = {"name": use.call.name, "args": dict(arguments_of(use.call))}
    part: dict[str, Any] = {"function_call": call}
    if signed.id:
        call["id"] = signed.id
    if signed.signature:
        part["thought_signature"] = signed.signature
    return part


def _result(signed: Signed, use: ToolUse) -> dict[str, Any]:
    said = {"error" if use.failed else "output": clean(use.result)}
    result: dict[str, Any] = {"name": use.call.name, "response": said}
    if signed.id:
        result["id"] = signed.id
    return {"function_response": result}


# --- what is answered ------------------------------------------------------------------------


class _Reader:
    """Of one answer."""

    def __init__(self, provider: str, signatures: Signatures) -> None:
        self._provider, self._signatures = provider, signatures
        self._answer = signatures.answer()

    def read(self, chunk: Any, draft: Draft) -> str:
        """The text of a chunk; all else goes into the draft. Raises `Unavailable` where the model
        came to grief."""
        if chunk.usage_metadata:
            draft.usage = _usage(chunk.usage_metadata)
        if chunk.prompt_feedback and chunk.prompt_feedback.block_reason:
            draft.reason = "refused"
        text = ""
        for candidate in (chunk.candidates or ())[:1]:
            for part in (candidate.content and candidate.content.parts) or ():
                if part.function_call:
                    self._call(part, draft)
                elif part.text and not part.thought:
                    text += part.text
            if candidate.finish_reason:
                draft.reason = self._reason(candidate.finish_reason)
        return text

    def _call(self, part: Any, draft: Draft) -> None:
        call, at = part.function_call, len(draft.calls)
        name = call.id or f"{call.name}_{self._answer}_{at}"
        self._signatures.keep(name, Signed(self._answer, part.thought_signature, call.id))
        draft.call(at, as_id=name, name=call.name or "", more=json.dumps(call.args or {}))

    def _reason(self, finish: Any) -> str:
        said = str(getattr(finish, "value", finish))
        if said not in REASONS:
            raise Unavailable(f"the model ended with {said}", provider=self._provider)
        return REASONS[said]


def _usage(usage: Any) -> Usage:
    details = usage.prompt_tokens_details or ()
    sound = [d.token_count or 0 for d in details if d.modality and d.modality.value == "AUDIO"]
    return Usage(
        prompt_tokens=usage.prompt_token_count or 0,
        cached_tokens=usage.cached_content_token_count or 0,
        # Thoughts cost what words cost.
        reply_tokens=(usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
        audio_tokens=sum(sound),
    )
