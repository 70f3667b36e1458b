"""Google's own SDK for Gemini, against the sandbox."""

import json
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import errors, types
from tests.certification.outside.conftest import ANSWER, Sandbox
from tests.certification.outside.published import strictly

SDK = "google-genai"
MODEL = "gemini-3-flash"
WHOLE = ":generateContent"
STREAM = ":streamGenerateContent"
WEATHER = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="weather",
            description="The weather somewhere.",
            parameters={"type": "OBJECT", "properties": {"city": {"type": "STRING"}}},
        )
    ]
)


def client(sandbox: Sandbox, version: str, key: str = "", **headers: str) -> Any:
    options = types.HttpOptions(base_url=sandbox.http, api_version=version, headers=headers)
    return genai.Client(api_key=key or sandbox.key, http_options=options).aio.models


def _both(**parts: str) -> Any:
    """For both of the API's versions, streamed and whole."""

    def marked(test: Any) -> Any:
        for version in ("v1", "v1beta"):
            for what in (WHOLE, STREAM):
                place = f"POST /{version}/models/{{model}}{what}"
                test = pytest.mark.proves(place, by=SDK, **parts)(test)
        return pytest.mark.parametrize("version", ["v1", "v1beta"])(test)

    return marked


@_both(exchange="text, usage")
async def test_it_answers(sandbox: Sandbox, version: str) -> None:
    models = client(sandbox, version)
    stream = await models.generate_content_stream(model=MODEL, contents="Hello.")
    pieces = [piece async for piece in stream]
    assert "".join(piece.text or "" for piece in pieces) == ANSWER
    assert pieces[-1].usage_metadata.candidates_token_count > 0
    whole = await models.generate_content(model=MODEL, contents="Hello.")
    assert whole.text == ANSWER


@_both(exchange="tool calls and results")
async def test_tools(sandbox: Sandbox, version: str) -> None:
    models = client(sandbox, version)
    config = types.GenerateContentConfig(tools=[WEATHER])
    said = [types.Content(role="user", parts=[types.Part(text="What is the weather?")])]
    stream = await models.generate_content_stream(model=MODEL, contents=said, config=config)
    parts = [part async for piece in stream for part in piece.candidates[0].content.parts or ()]
    calls = [part.function_call for part in parts if part.function_call]
    assert [(call.name, call.args) for call in calls] == [("weather", {"city": "Paris"})]
    answer = types.FunctionResponse(
        id=calls[0].id, name="weather", response={"result": "22 degrees"}
    )
    said += [
        types.Content(role="model", parts=parts),
        types.Content(role="user", parts=[types.Part(function_response=answer)]),
    ]
    whole = await models.generate_content(model=MODEL, contents=said, config=config)
    assert whole.text == "It is warm."


@_both(schema="every event, by its model, which knows all fields")
@pytest.mark.parametrize("what", [WHOLE, STREAM])
@pytest.mark.parametrize("words", ["Hello.", "What is the weather?"])
async def test_what_is_sent_fits_the_sdk(
    sandbox: Sandbox, version: str, what: str, words: str
) -> None:
    asked = {
        "contents": [{"role": "user", "parts": [{"text": words}]}],
        "tools": [{"functionDeclarations": [{"name": "weather"}]}],
    }
    place = f"{sandbox.http}/{version}/models/{MODEL}{what}"
    headers = {"x-goog-api-key": sandbox.key}
    query = {"alt": "sse"} if what == STREAM else {}
    async with httpx.AsyncClient() as http:
        answer = await http.post(place, json=asked, headers=headers, params=query)
    lines = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    events = lines if what == STREAM else [answer.text]
    assert events
    for event in events:
        strictly(types.GenerateContentResponse, event)


@_both(refusal="wrong key (400), 429, 503")
@pytest.mark.parametrize("status", [400, 429, 503])
async def test_refusals(sandbox: Sandbox, version: str, status: int) -> None:
    headers = {} if status == 400 else {"X-Sandbox-Fault": json.dumps({"refuse": status})}
    models = client(sandbox, version, "wrong" if status == 400 else "", **headers)
    with pytest.raises(errors.APIError) as caught:
        await models.generate_content(model=MODEL, contents="Hello.")
    assert caught.value.code == status
    with pytest.raises(errors.APIError):
        await _last(models)


async def _last(models: Any) -> Any:
    stream = await models.generate_content_stream(model=MODEL, contents="Hello.")
    return [piece async for piece in stream][-1]
