"""Gemini's API as a stranger meets it in the sandbox."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from google import genai
from google.genai import errors, types
from tests.providers.llm_stage import KEY

from antiphon.call.clock import LoopClock
from antiphon.ports.llm import ToolCall, Usage
from antiphon.sandbox.server import Sandbox
from antiphon.testing.mind import Scripted, ScriptedModel

CALLS = tuple(ToolCall(id=f"id_{n}", name="book", arguments='{"at": "seven"}') for n in (1, 2))
COST = Usage(prompt_tokens=90, cached_tokens=64, reply_tokens=3)
MODEL = "gemini-3.8-flash"
MINDS: list[ScriptedModel] = []


def _mind() -> ScriptedModel:
    told = {
        "both": Scripted(text="One moment.", calls=CALLS, usage=COST),
        "only": Scripted(calls=CALLS),
        "refuse": Scripted(text="No.", reason="refused"),
        "nothing": Scripted(),
    }
    made = ScriptedModel(clock=LoopClock(), says=["Hello to you."], told=told, first_token_s=0.0)
    MINDS.append(made)
    return made


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, mind=_mind) as sandbox:
        yield sandbox


@pytest.fixture(scope="module", params=["v1", "v1beta"])
def client(sandbox: Sandbox, request: pytest.FixtureRequest) -> Iterator[genai.Client]:
    options = types.HttpOptions(base_url=sandbox.http_url, api_version=request.param)
    client = genai.Client(vertexai=False, api_key=KEY, http_options=options)
    yield client
    client.close()


def _tools() -> Any:
    return types.GenerateContentConfig(
        tools=[
            types.Tool(
                function_declarations=[
                    types.FunctionDeclaration(
                        name="book", parameters_json_schema={"properties": {"at_time": {}}}
                    )
                ]
            )
        ],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )


def _post(sandbox: Sandbox, body: Any, query: str = "", method: str = "generateContent") -> Any:
    url = f"{sandbox.http_url}/v1beta/models/{MODEL}:{method}?key={KEY}{query}"
    return httpx2.post(url, json=body)


def test_a_whole_answer(client: genai.Client) -> None:
    answer = client.models.generate_content(model=MODEL, contents="both", config=_tools())
    assert answer.model_version == MODEL
    assert [call.id for call in answer.function_calls or ()] == ["id_1", "id_2"]
    assert answer.usage_metadata is not None
    assert answer.usage_metadata.cached_content_token_count == 64
    assert MINDS[-1].asked[-1].tools[0].parameters == {"properties": {"at_time": {}}}
    answer = client.models.generate_content(model=MODEL, contents="refuse")
    assert answer.candidates is not None
    assert answer.candidates[0].finish_reason == types.FinishReason.SAFETY
    assert client.models.generate_content(model=MODEL, contents="nothing").text == ""


@pytest.mark.parametrize("text, said", [("both", "One moment."), ("only", "")])
def test_a_stream(text: str, said: str, client: genai.Client) -> None:
    chunks = list(
        client.models.generate_content_stream(model=MODEL, contents=text, config=_tools())
    )
    parts = [part for chunk in chunks for part in chunk.parts or ()]
    assert "".join(part.text or "" for part in parts) == said
    calls = [part for part in parts if part.function_call]
    assert [bool(part.thought_signature) for part in calls] == [True, False]


def test_a_stream_without_events_is_a_list(sandbox: Sandbox) -> None:
    body = {"contents": [{"parts": [{"text": "Hello"}]}]}
    told = _post(sandbox, body, method="streamGenerateContent").json()
    texts = [chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in told]
    assert "".join(texts) == "Hello to you."
    assert told[-1]["candidates"][0]["finishReason"] == "STOP"


def test_a_conversation_is_understood_in_both_spellings(sandbox: Sandbox) -> None:
    call = {"functionCall": {"name": "book", "args": {"at_time": 7}}, "thoughtSignature": "eA=="}
    body = {
        "system_instruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"inline_data": {"data": "eA=="}}, {"text": "Hi"}]},
            {"role": "model", "parts": [call]},
            {
                "role": "user",
                "parts": [{"function_response": {"name": "book", "response": {"free": 3}}}],
            },
        ],
        "generation_config": {"max_output_tokens": 9, "temperature": 0.5},
    }
    assert _post(sandbox, body).status_code == 200
    asked = MINDS[-1].asked[-1]
    assert [(said.role, said.text) for said in asked.messages] == [
        ("system", "Be brief."),
        ("user", "Hi"),
    ]
    (use,) = asked.used
    assert (use.call.arguments, use.result) == ('{"at_time":7}', '{"free":3}')
    assert (asked.max_tokens, asked.temperature) == (9, 0.5)


def test_a_wrong_key_is_a_wrong_argument(sandbox: Sandbox) -> None:
    options = types.HttpOptions(base_url=sandbox.http_url)
    client = genai.Client(vertexai=False, api_key="wrong", http_options=options)
    with pytest.raises(errors.ClientError, match="API key not valid") as caught:
        client.models.generate_content(model=MODEL, contents="Hi")
    assert caught.value.code == 400
    client.close()


def _says(*contents: Any) -> Any:
    return {"contents": list(contents)}


USER = {"role": "user", "parts": [{"text": "Hi"}]}
UNSIGNED = {"role": "model", "parts": [{"functionCall": {"name": "book"}}]}


@pytest.mark.parametrize(
    "body, what",
    [
        ([], "Invalid JSON"),
        ({}, "contents"),
        (_says({"role": "assistant", "parts": [{"text": "x"}]}), "valid role"),
        (_says({"role": "user", "parts": []}), "initialized field"),
        (_says({"role": "user", "parts": [{}]}), "initialized field"),
        (_says({"role": "model", "parts": [{"text": "x"}]}), "begin with a user turn"),
        (_says(USER, UNSIGNED), "thought_signature"),
        (_says(USER) | {"generationConfig": {"maxOutputTokens": 0}}, "max_output_tokens"),
    ],
)
def test_what_makes_no_sense_is_refused(body: Any, what: str, sandbox: Sandbox) -> None:
    refused = _post(sandbox, body)
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert error["status"] == "INVALID_ARGUMENT"
    assert what in error["message"]
