"""OpenAI's two protocols as a stranger meets them in the sandbox."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from openai import BadRequestError, OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response
from tests.providers.llm_stage import KEY

from antiphon.call.clock import LoopClock
from antiphon.errors import AtCapacity
from antiphon.ports.llm import ToolCall, Usage
from antiphon.sandbox.server import Sandbox
from antiphon.testing.mind import Scripted, ScriptedModel

CALLS = tuple(ToolCall(id=f"call_{n}", name="book", arguments='{"at": "seven"}') for n in (1, 2))
COST = Usage(prompt_tokens=90, cached_tokens=64, reply_tokens=3)
FUNCTION = {"name": "book", "description": "Book.", "parameters": {"type": "object"}}
MINDS: list[ScriptedModel] = []


def _mind() -> ScriptedModel:
    told = {
        "both": Scripted(text="One moment.", calls=CALLS, usage=COST),
        "only": Scripted(calls=CALLS),
        "refuse": Scripted(text="No.", reason="refused"),
    }
    made = ScriptedModel(clock=LoopClock(), says=["Hello to you."], told=told, first_token_s=0.0)
    MINDS.append(made)
    return made


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, mind=_mind) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def client(sandbox: Sandbox) -> Iterator[OpenAI]:
    with OpenAI(api_key=KEY, base_url=f"{sandbox.http_url}/v1", max_retries=0) as client:
        yield client


def _user(text: str) -> Any:
    return [{"role": "user", "content": text}]


def _post(sandbox: Sandbox, path: str, body: Any, key: str = KEY) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return httpx2.post(f"{sandbox.http_url}{path}", content=content, headers=headers)


# --- chat completions ------------------------------------------------------------------------


def test_a_whole_answer(client: OpenAI) -> None:
    answer: ChatCompletion = client.chat.completions.create(model="m", messages=_user("Hello"))
    ChatCompletion.model_validate(answer.to_dict(), strict=True)
    assert answer.choices[0].message.content == "Hello to you."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 13


@pytest.mark.parametrize("text, said", [("both", "One moment."), ("only", None)])
def test_a_whole_answer_with_tools(text: str, said: str | None, client: OpenAI) -> None:
    tools: Any = [{"type": "function", "function": FUNCTION}]
    answer = client.chat.completions.create(model="m", messages=_user(text), tools=tools)
    message = answer.choices[0].message
    assert message.content == said
    assert [call.id for call in message.tool_calls or ()] == ["call_1", "call_2"]
    assert answer.choices[0].finish_reason == "tool_calls"


def test_a_stream_is_of_chunks(sandbox: Sandbox) -> None:
    tools = [{"type": "function", "function": FUNCTION}]
    options = {"include_usage": True}
    body = {"model": "m", "messages": _user("both"), "stream": True, "tools": tools}
    lines = _post(sandbox, "/v1/chat/completions", body | {"stream_options": options}).text
    *data, done = [line.removeprefix("data: ") for line in lines.split("\n\n") if line]
    assert done == "[DONE]"
    for each in data:
        ChatCompletionChunk.model_validate_json(each, strict=True)
    *chunks, last = map(json.loads, data)
    assert all(chunk["usage"] is None for chunk in chunks)
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 93)
    assert last["usage"]["prompt_tokens_details"]["cached_tokens"] == 64
    lines = _post(sandbox, "/v1/chat/completions", body).text
    assert '"usage"' not in lines


def test_a_conversation_is_understood(sandbox: Sandbox) -> None:
    function = {"name": "book", "arguments": "{}"}
    call = {"id": "c", "type": "function", "function": function}
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
        {"role": "assistant", "content": "Wait.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "Booked."},
    ]
    body = {"model": "m", "messages": messages, "max_tokens": 9, "temperature": 0.5}
    assert _post(sandbox, "/v1/chat/completions", body).status_code == 200
    asked = MINDS[-1].asked[-1]
    assert [(said.role, said.text) for said in asked.messages] == [
        ("system", "Be brief."),
        ("user", "Hi"),
        ("assistant", "Wait."),
    ]
    assert [(use.call.name, use.result) for use in asked.used] == [("book", "Booked.")]
    assert (asked.max_tokens, asked.temperature) == (9, 0.5)


USER = {"role": "user", "content": "Hi"}
CALLED = {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f"}}]}


@pytest.mark.parametrize(
    "body, param",
    [
        (b"{", None),
        ({"messages": [USER]}, None),
        ({"model": "m", "messages": []}, "messages"),
        ({"model": "m", "messages": [{"role": "nobody", "content": "x"}]}, "messages"),
        ({"model": "m", "messages": [{"role": "user"}]}, "messages"),
        ({"model": "m", "messages": [USER, {"role": "tool", "tool_call_id": "c"}]}, "messages"),
        ({"model": "m", "messages": [CALLED]}, "messages"),
        ({"model": "m", "messages": [CALLED, USER]}, "messages"),
        ({"model": "m", "messages": [USER], "max_tokens": -1}, "max_tokens"),
        ({"model": "m", "messages": [USER], "stream_options": {}}, "stream_options"),
    ],
)
def test_what_makes_no_sense_is_refused(body: Any, param: str | None, sandbox: Sandbox) -> None:
    refused = _post(sandbox, "/v1/chat/completions", body)
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", param)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
def test_a_wrong_key_is_refused(path: str, sandbox: Sandbox) -> None:
    for key in ("wrong", ""):
        refused = _post(sandbox, path, {}, key)
        assert refused.status_code == 401
        assert refused.json()["error"]["code"] == "invalid_api_key"


def test_the_compatible_server_wants_no_key_but_turns(sandbox: Sandbox) -> None:
    path = "/compatible/v1/chat/completions"
    assert _post(sandbox, path, {"model": "m", "messages": [USER]}, "").status_code == 200
    system = {"role": "system", "content": "x"}
    for messages in ([USER, system], [USER, USER], [system, {**USER, "role": "assistant"}]):
        refused = _post(sandbox, path, {"model": "m", "messages": messages})
        assert refused.status_code == 400


def test_a_mind_that_fails_is_a_server_that_is_gone(sandbox: Sandbox) -> None:
    MINDS[-1].faults.append(AtCapacity("no"))
    with pytest.raises(httpx2.HTTPError):
        _post(sandbox, "/v1/chat/completions", {"model": "m", "messages": [USER]})


# --- responses -------------------------------------------------------------------------------


def test_a_whole_response(client: OpenAI) -> None:
    tool: Any = {"type": "function", "strict": False, **FUNCTION}
    answer = client.responses.create(model="m", input="both", instructions="x", tools=[tool])
    Response.model_validate(answer.to_dict())
    assert answer.output_text == "One moment."
    assert [item.type for item in answer.output] == ["message", "function_call", "function_call"]
    assert answer.usage is not None
    assert answer.usage.input_tokens_details.cached_tokens == 64


@pytest.mark.parametrize("text, reason", [("refuse", "content_filter"), ("x", None)])
def test_why_a_response_is_incomplete(text: str, reason: str | None, client: OpenAI) -> None:
    answer = client.responses.create(model="m", input=text)
    assert answer.status == ("incomplete" if reason else "completed")
    assert getattr(answer.incomplete_details, "reason", None) == reason


def test_a_stream_is_of_numbered_events(client: OpenAI) -> None:
    tool: Any = {"type": "function", "strict": False, **FUNCTION}
    with client.responses.stream(model="m", input="both", tools=[tool]) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert final.output_text == "One moment."
    assert [item.type for item in final.output] == ["message", "function_call", "function_call"]


def test_items_are_understood(client: OpenAI) -> None:
    items: Any = [
        {"role": "developer", "content": [{"type": "input_text", "text": "Be brief."}]},
        {"role": "user", "content": "Hi"},
        {"type": "reasoning", "id": "r", "summary": []},
        {"type": "function_call", "call_id": "c", "name": "book", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "Booked."},
    ]
    client.responses.create(model="m", input=items, max_output_tokens=16)
    asked = MINDS[-1].asked[-1]
    assert [said.role for said in asked.messages] == ["system", "user"]
    assert asked.used[0].result == "Booked."


@pytest.mark.parametrize(
    "body, param",
    [
        ({"input": "x"}, None),
        ({"model": "m", "input": []}, "input"),
        ({"model": "m", "input": [{"role": "nobody", "content": "x"}]}, "input"),
        ({"model": "m", "input": [{"type": "function_call", "call_id": "c"}]}, "input"),
        ({"model": "m", "input": "x", "max_output_tokens": 4}, "max_output_tokens"),
    ],
)
def test_a_senseless_response_is_refused(body: Any, param: str | None, client: OpenAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        client.post("/responses", body=body, cast_to=object)
    assert caught.value.param == param
