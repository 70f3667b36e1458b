"""Anthropic's Messages API as a stranger meets it in the sandbox."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from anthropic import Anthropic, AuthenticationError, BadRequestError
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter
from tests.providers.llm_stage import KEY

from antiphon.call.clock import LoopClock
from antiphon.ports.llm import ToolCall, Usage
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing.mind import Scripted, ScriptedModel

CALLS = tuple(ToolCall(id=f"toolu_{n}", name="book", arguments='{"at": "seven"}') for n in (1, 2))
COST = Usage(prompt_tokens=90, cached_tokens=64, reply_tokens=3)
TOOL: Any = {"name": "book", "description": "Book.", "input_schema": {"type": "object"}}
MINDS: list[ScriptedModel] = []
EVENT: Any = TypeAdapter(RawMessageStreamEvent)


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
def running() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, mind=_mind) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    yield running
    running.rules.clear()


@pytest.fixture(scope="module")
def client(running: Sandbox) -> Iterator[Anthropic]:
    with Anthropic(api_key=KEY, base_url=running.http_url, max_retries=0) as client:
        yield client


def _ask(text: str, **more: Any) -> Any:
    messages = [{"role": "user", "content": text}]
    return {"model": "claude-haiku-5-5", "max_tokens": 50, "messages": messages, **more}


def _post(sandbox: Sandbox, body: Any, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.post(f"{sandbox.http_url}/v1/messages", json=body, headers=named)


def _old(sandbox: Sandbox, body: Any) -> httpx2.Response:
    return _post(sandbox, body, x_api_key=KEY, anthropic_version="2023-06-01")


# --- answers ---------------------------------------------------------------------------------


def test_a_whole_answer(client: Anthropic) -> None:
    answer = client.messages.create(**_ask("both", tools=[TOOL]))
    Message.model_validate(answer.to_dict(), strict=True)
    assert [block.type for block in answer.content] == ["text", "tool_use", "tool_use"]
    assert answer.stop_reason == "tool_use"
    assert (answer.usage.input_tokens, answer.usage.cache_read_input_tokens) == (26, 64)
    assert client.messages.create(**_ask("refuse")).stop_reason == "refusal"
    assert client.messages.create(**_ask("Hi", max_tokens=1)).stop_reason == "max_tokens"


@pytest.mark.parametrize("text, said", [("both", ["One moment."]), ("only", [])])
def test_a_stream_is_put_together_again(text: str, said: list[str], client: Anthropic) -> None:
    with client.messages.stream(**_ask(text, tools=[TOOL])) as stream:
        final = stream.get_final_message()
    assert [block.text for block in final.content if block.type == "text"] == said
    calls = [block for block in final.content if block.type == "tool_use"]
    assert [call.input for call in calls] == [{"at": "seven"}] * 2


def test_every_event_has_its_name_and_shape(sandbox: Sandbox) -> None:
    told = _old(sandbox, _ask("both", stream=True, tools=[TOOL])).text
    kinds = []
    for event in filter(None, told.split("\n\n")):
        name, data = event.split("\n")
        fields = json.loads(data.removeprefix("data: "))
        assert name == f"event: {fields['type']}"
        kinds.append(fields["type"])
        if fields["type"] != "ping":
            EVENT.validate_json(data.removeprefix("data: "), strict=True)
    assert kinds[:3] == ["message_start", "ping", "content_block_start"]
    assert kinds[-2:] == ["message_delta", "message_stop"]
    assert kinds.count("content_block_start") == kinds.count("content_block_stop") == 3


def test_a_conversation_is_understood(client: Anthropic) -> None:
    messages: Any = [
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "image"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Wait."},
                {"type": "tool_use", "id": "t", "name": "book", "input": {"at": 7}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t",
                    "content": [{"type": "text", "text": "Full."}],
                    "is_error": True,
                }
            ],
        },
    ]
    system: Any = [{"type": "text", "text": "Be brief."}]
    client.messages.create(model="m", max_tokens=9, messages=messages, system=system)
    asked = MINDS[-1].asked[-1]
    assert [(said.role, said.text) for said in asked.messages] == [
        ("system", "Be brief."),
        ("user", "Hi"),
        ("assistant", "Wait."),
    ]
    (use,) = asked.used
    assert (use.call.arguments, use.result, use.failed) == ('{"at":7}', "Full.", True)


# --- versions, keys, mistakes ----------------------------------------------------------------


def test_the_old_version_takes_a_temperature_and_the_new_one_does_not(
    sandbox: Sandbox, client: Anthropic
) -> None:
    assert _old(sandbox, _ask("Hi", temperature=0.5)).status_code == 200
    assert MINDS[-1].asked[-1].temperature == 0.5
    for name in ("temperature", "top_p", "top_k"):
        with pytest.raises(BadRequestError, match=name):
            client.messages.create(**_ask("Hi"), extra_body={name: 1})


def test_a_version_is_needed(sandbox: Sandbox) -> None:
    refused = _post(sandbox, _ask("Hi"), x_api_key=KEY)
    assert refused.status_code == 400
    assert "anthropic-version" in refused.json()["error"]["message"]


def test_a_wrong_key_is_refused(sandbox: Sandbox) -> None:
    wrong = Anthropic(api_key="wrong", base_url=sandbox.http_url, max_retries=0)
    with wrong as client, pytest.raises(AuthenticationError):
        client.messages.create(**_ask("Hi"))
    refused = _post(sandbox, _ask("Hi"))
    assert refused.json()["error"]["type"] == "authentication_error"


@pytest.mark.parametrize(
    "status, kind", [(529, "overloaded_error"), (500, "api_error"), (418, "invalid_request_error")]
)
def test_refusals_have_their_types(status: int, kind: str, sandbox: Sandbox) -> None:
    sandbox.rules.add(Fault(refuse=status))
    refused = _old(sandbox, _ask("Hi"))
    assert (refused.status_code, refused.json()["error"]["type"]) == (status, kind)


def _says(*messages: Any) -> Any:
    return {"model": "m", "max_tokens": 9, "messages": list(messages)}


USER = {"role": "user", "content": "Hi"}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}
CALL = {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f"}]}


@pytest.mark.parametrize(
    "body, what",
    [
        ({"model": "m", "messages": [USER]}, "max_tokens"),
        ({"max_tokens": 1, "messages": [USER]}, "model"),
        (_says(USER) | {"max_tokens": -1}, "max_tokens"),
        (_says(), "at least one message"),
        (_says({"role": "nobody", "content": "x"}), "nobody"),
        (_says({"role": "user", "content": ""}), "non-whitespace"),
        (_says({"role": "user", "content": []}), "non-empty"),
        (_says({"role": "assistant", "content": "Hi"}, USER), "first message"),
        (_says(USER, {"role": "assistant", "content": "Hi"}), "prefill"),
        (_says(USER, {"role": "assistant", "content": "Hi "}, USER), "trailing whitespace"),
        (_says(USER, RESULT), "not called"),
        (_says(USER, CALL, USER), "no result"),
    ],
)
def test_what_makes_no_sense_is_refused(body: Any, what: str, sandbox: Sandbox) -> None:
    refused = _old(sandbox, body)
    assert refused.status_code == 400
    assert what in refused.json()["error"]["message"]
