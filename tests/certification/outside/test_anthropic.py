"""Anthropic's own SDK as LiveKit pins it (version 2023-06-01 of the API), read strictly too.

Its present major version, and with it version 2026-10-21 of the API, is met in ``inside``: the
two cannot be installed side by side.
"""

import json
from typing import Any

import httpx
import pytest
from anthropic import APIStatusError, AsyncAnthropic
from anthropic.types import Message, RawMessageStreamEvent
from tests.certification.outside.conftest import ANSWER, Sandbox
from tests.certification.outside.published import strictly

SDK = "anthropic"
PLACE = "POST /v1/messages"
WEATHER: Any = {
    "name": "weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
ASKED: Any = {
    "model": "claude-haiku-5.5",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Hello."}],
}


def client(sandbox: Sandbox, key: str = "", **headers: str) -> AsyncAnthropic:
    return AsyncAnthropic(
        api_key=key or sandbox.key,
        base_url=sandbox.http,
        max_retries=0,
        default_headers=headers,
    )


@pytest.mark.proves(PLACE, by=SDK, exchange="streamed and whole answers, usage")
async def test_it_answers(sandbox: Sandbox) -> None:
    messages = client(sandbox).messages
    async with messages.stream(**ASKED) as stream:
        text = "".join([piece async for piece in stream.text_stream])
        final = await stream.get_final_message()
    assert text == ANSWER
    assert final.usage.output_tokens > 0
    whole = await messages.create(**ASKED)
    assert (whole.stop_reason, whole.content[0].text) == ("end_turn", ANSWER)
    strictly(Message, whole.to_json())


@pytest.mark.proves(PLACE, by=SDK, exchange="tool calls and results")
async def test_tools(sandbox: Sandbox) -> None:
    messages = client(sandbox).messages
    said: Any = [{"role": "user", "content": "What is the weather?"}]
    async with messages.stream(**{**ASKED, "messages": said}, tools=[WEATHER]) as stream:
        asked = await stream.get_final_message()
    assert asked.stop_reason == "tool_use"
    call = asked.content[-1]
    assert (call.name, call.input) == ("weather", {"city": "Paris"})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "22 degrees"}
    said += [
        {"role": "assistant", "content": [block.to_dict() for block in asked.content]},
        {"role": "user", "content": [result]},
    ]
    again = await messages.create(**{**ASKED, "messages": said}, tools=[WEATHER])
    assert again.content[0].text == "It is warm."


@pytest.mark.proves(PLACE, by=SDK, refusal="401, 429 with retry-after, 529, bad request (400)")
@pytest.mark.parametrize("status", [400, 401, 429, 529])
async def test_refusals(sandbox: Sandbox, status: int) -> None:
    fault = json.dumps({"refuse": status, "retry_after_s": 7})
    headers = {"X-Sandbox-Fault": fault} if status in (429, 529) else {}
    messages = client(sandbox, "wrong" if status == 401 else "", **headers).messages
    wrong = {"messages": []} if status == 400 else {}
    with pytest.raises(APIStatusError) as caught:
        await messages.create(**{**ASKED, **wrong})
    assert caught.value.status_code == status
    assert caught.value.body["error"]["message"]
    if status == 429:
        assert caught.value.response.headers["retry-after"] == "7"


@pytest.mark.proves(PLACE, by=SDK, schema="every event, by its models read strictly")
@pytest.mark.parametrize("words", ["Hello.", "What is the weather?"])
async def test_events_fit_the_sdk(sandbox: Sandbox, words: str) -> None:
    body = {
        **ASKED,
        "messages": [{"role": "user", "content": words}],
        "tools": [WEATHER],
        "stream": True,
    }
    headers = {"x-api-key": sandbox.key, "anthropic-version": "2023-06-01"}
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{sandbox.http}/v1/messages", json=body, headers=headers)
    events = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    names = [line[7:] for line in answer.text.splitlines() if line.startswith("event: ")]
    assert [json.loads(event)["type"] for event in events] == names
    assert names[-1] == "message_stop"
    for event in events:
        if json.loads(event)["type"] != "ping":
            strictly(RawMessageStreamEvent, event)
