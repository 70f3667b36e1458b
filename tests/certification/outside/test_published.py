"""Answers held against the descriptions that vendors publish, as a package brings them."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.certification.outside.conftest import Sandbox
from tests.certification.outside.published import (
    PACKAGE,
    description,
    fits,
    not_required,
    openai_description,
)

OPENAI, OPENAI_BY = openai_description()
ASKED: Any = {"messages": [{"role": "user", "content": "What is the weather in Paris?"}]}
HELLO: Any = {"messages": [{"role": "user", "content": "Hello."}]}
TOOL: Any = {
    "name": "weather",
    "description": "The weather somewhere.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def asked(sandbox: Sandbox, path: str, headers: dict[str, str], body: Any) -> httpx.Response:
    answer = httpx.post(sandbox.http + path, headers=headers, json=body, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer


def events(answer: httpx.Response) -> Iterator[Any]:
    for line in answer.text.splitlines():
        if line.startswith("data: ") and line != "data: [DONE]":
            yield json.loads(line[6:])


def check(name: str, schema: str, found: list[Any], besides: tuple[str, ...] = ()) -> None:
    whole = not_required(description(name), besides) if besides else description(name)
    assert found
    for each in found:
        fits({"$ref": f"#/components/schemas/{schema}"}, whole, each)


# --- OpenAI -----------------------------------------------------------------------------------


@pytest.mark.proves("POST /v1/chat/completions", by=OPENAI_BY, schema="a whole answer")
@pytest.mark.proves(
    "POST /compatible/v1/chat/completions", by=OPENAI_BY, schema="every event, a whole answer"
)
@pytest.mark.parametrize("path", ["/v1", "/compatible/v1"])
@pytest.mark.parametrize(
    "body", [HELLO, {**ASKED, "tools": [{"type": "function", "function": TOOL}]}]
)
def test_chat_is_as_openai_publishes_it(sandbox: Sandbox, path: str, body: Any) -> None:
    place, headers = f"{path}/chat/completions", {"authorization": f"Bearer {sandbox.key}"}
    body = {"model": "some-model", **body}
    whole = asked(sandbox, place, headers, body).json()
    check(OPENAI, "CreateChatCompletionResponse", [whole])
    streamed = asked(sandbox, place, headers, {**body, "stream": True})
    check(OPENAI, "CreateChatCompletionStreamResponse", list(events(streamed)))


@pytest.mark.proves("POST /v1/responses", by=OPENAI_BY, schema="a whole answer")
def test_a_response_is_as_openai_publishes_it(sandbox: Sandbox) -> None:
    headers = {"authorization": f"Bearer {sandbox.key}"}
    body = {"model": "gpt-5-mini", "input": "Hello."}
    check(OPENAI, "Response", [asked(sandbox, "/v1/responses", headers, body).json()])


# --- Anthropic --------------------------------------------------------------------------------


NULLS = tuple(
    "citations caller cache_creation cache_creation_input_tokens cache_read_input_tokens container"
    " inference_geo input_tokens output_tokens_details server_tool_use service_tier"
    " stop_details".split()
)
"""It says that every field is always there; the documentation's examples lack these."""


@pytest.mark.proves(
    "POST /v1/messages", by=PACKAGE, schema="every event, a whole answer, as far as they go"
)
@pytest.mark.parametrize(
    "body",
    [HELLO, {**ASKED, "tools": [{"name": "weather", "input_schema": TOOL["parameters"]}]}],
)
def test_messages_are_as_anthropic_publishes_them(sandbox: Sandbox, body: Any) -> None:
    headers = {"x-api-key": sandbox.key, "anthropic-version": "2023-06-01"}
    body = {"model": "claude-haiku-5.5", "max_tokens": 100, **body}
    check("anthropic", "Message", [asked(sandbox, "/v1/messages", headers, body).json()], NULLS)
    streamed = events(asked(sandbox, "/v1/messages", headers, {**body, "stream": True}))
    told = [event for event in streamed if event["type"] != "ping"]  # it describes no ping
    check("anthropic", "MessageStreamEvent", told, NULLS)


# --- Gemini -----------------------------------------------------------------------------------

MODEL = "/v1beta/models/{model}"


@pytest.mark.proves(f"POST {MODEL}:generateContent", by=PACKAGE, schema="a whole answer")
@pytest.mark.proves(f"POST {MODEL}:streamGenerateContent", by=PACKAGE, schema="every event")
@pytest.mark.parametrize(
    "more, text",
    [({}, "Hello."), ({"tools": [{"functionDeclarations": [TOOL]}]}, "What is the weather?")],
)
def test_content_is_as_google_publishes_it(sandbox: Sandbox, more: Any, text: str) -> None:
    headers = {"x-goog-api-key": sandbox.key}
    body = {"contents": [{"role": "user", "parts": [{"text": text}]}], **more}
    place = "/v1beta/models/gemini-3-flash"
    whole = asked(sandbox, f"{place}:generateContent", headers, body).json()
    check("gemini", "GenerateContentResponse", [whole])
    streamed = asked(sandbox, f"{place}:streamGenerateContent?alt=sse", headers, body)
    check("gemini", "GenerateContentResponse", list(events(streamed)))
