"""Anthropic's own SDK in its present major version, which sends version 2026-10-21 and a bearer.

It is the one Antiphon is made with. The other environment cannot have it: LiveKit's plugin pins
the version before.
"""

import importlib.metadata
import json
from collections.abc import Iterator
from typing import Any

import pydantic
import pytest
from anthropic import APIStatusError, AsyncAnthropic
from anthropic.types import RawMessageStreamEvent

from antiphon.sandbox.server import Sandbox

SDK = "anthropic"
PLACE = "POST /v1/messages"
KEY = "certification-key"
WEATHER: Any = {
    "name": "weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
ASKED: Any = {
    "model": "claude-haiku-5.5",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Hello."}],
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY) as running:
        yield running


def client(sandbox: Sandbox, key: str = KEY, **headers: str) -> AsyncAnthropic:
    return AsyncAnthropic(
        api_key=key, base_url=sandbox.http_url, max_retries=0, default_headers=headers
    )


@pytest.mark.proves(PLACE, by=SDK, exchange="streamed text, version 2026-10-21 with a bearer")
async def test_it_answers(sandbox: Sandbox) -> None:
    assert int(importlib.metadata.version(SDK).partition(".")[0]) >= 2
    async with client(sandbox) as anthropic, anthropic.messages.stream(**ASKED) as stream:
        text = "".join([piece async for piece in stream.text_stream])
    assert text
    request = sandbox.requests[-1]
    assert request.headers["anthropic-version"] == "2026-10-21"
    assert "authorization" in request.headers
    assert "x-api-key" not in request.headers


@pytest.mark.proves(PLACE, by=SDK, schema="every event, by its models read strictly")
async def test_events_fit_the_sdk(sandbox: Sandbox) -> None:
    async with client(sandbox) as anthropic:
        async for _ in await anthropic.messages.create(**ASKED, stream=True):
            pass
    sent = b"".join(frame.data for frame in sandbox.requests[-1].frames if frame.by == "vendor")
    events = [line[6:] for line in sent.splitlines() if line.startswith(b"data: ")]
    reading = pydantic.TypeAdapter[Any](RawMessageStreamEvent)
    assert len(events) > 5
    for event in events:
        if json.loads(event)["type"] != "ping":
            assert not reading.validate_json(event, strict=True).model_extra


@pytest.mark.proves(PLACE, by=SDK, refusal="401, 429, 529")
@pytest.mark.parametrize("status", [401, 429, 529])
async def test_refusals(sandbox: Sandbox, status: int) -> None:
    headers = {"X-Sandbox-Fault": json.dumps({"refuse": status})}
    async with client(
        sandbox, *(("wrong",) if status == 401 else ()), **({} if status == 401 else headers)
    ) as anthropic:
        with pytest.raises(APIStatusError) as caught:
            await anthropic.messages.create(**ASKED)
    assert caught.value.status_code == status
