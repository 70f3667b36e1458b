"""Anthropic's models: what is sent, what is made of the answer, what fails."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.providers.llm_stage import (
    BARE,
    CALL,
    COST,
    HELLO,
    KEY,
    TOOL,
    USED,
    asked,
    asking,
    events,
    made,
    mind,
    pieces,
    sent,
    server,
    started,
)

from antiphon.actions import Message
from antiphon.errors import AtCapacity, Rejected, TimedOut, Unavailable
from antiphon.net.prompt import GO_ON, NOTHING, OPENING
from antiphon.ports.llm import Asking, ToolCall, ToolUse, Usage
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox

NAME = "anthropic/claude-haiku-5.5"


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, mind=lambda: mind(CALL, CALL)) as sandbox:
        yield sandbox


async def _request(sandbox: Sandbox, request: Asking, **options: Any) -> Any:
    await asked(NAME, sandbox, request, **options)
    return sent(sandbox.requests[-1])


# --- what is sent ----------------------------------------------------------------------------


async def test_the_conversation_begins_and_ends_with_the_caller(sandbox: Sandbox) -> None:
    messages = (
        Message(role="system", text="Be brief."),
        Message(role="assistant", text="Hello, this is Joe's."),
        Message(role="user", text=""),
        Message(role="assistant", text="Are you there?"),
    )
    request = await _request(sandbox, Asking(messages=messages, max_tokens=50))
    assert request == {
        "model": "claude-haiku-5-5",
        "max_tokens": 50,
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": OPENING},
            {"role": "assistant", "content": "Hello, this is Joe's."},
            {"role": "user", "content": NOTHING},
            {"role": "assistant", "content": "Are you there?"},
            {"role": "user", "content": NOTHING},
        ],
        "thinking": {"type": "disabled"},
        "cache_control": {"type": "ephemeral"},
        "stream": True,
    }
    headers = sandbox.requests[-1].headers
    assert headers["anthropic-version"] == "2026-10-21"
    assert "x-api-key" not in headers


async def test_tools_and_what_came_of_them(sandbox: Sandbox) -> None:
    odd = ToolCall(id="call.x/1", name="book", arguments="[1]")
    used = (USED, ToolUse(call=odd, result="No such day.", failed=True))
    request = await _request(
        sandbox,
        asking("", "Hello", tools=(TOOL, BARE), used=used, so_far="It is "),
        thinking="adaptive",
        effort="low",
        cache=False,
    )
    assert "system" not in request
    assert "cache_control" not in request
    assert request["thinking"] == {"type": "disabled"}
    assert request["output_config"] == {"effort": "low"}
    assert [tool["input_schema"]["type"] for tool in request["tools"]] == ["object", "object"]
    called = {"type": "tool_use", "name": "book"}
    came = {"type": "tool_result"}
    bad = {"id": "call_x_1", "input": {"malformed": "[1]"}}
    assert request["messages"][1:] == [
        {"role": "assistant", "content": [called | {"id": "call_1", "input": {"at": "seven"}}]},
        {"role": "user", "content": [came | {"tool_use_id": "call_1", "content": "Booked."}]},
        {"role": "assistant", "content": [called | bad]},
        {
            "role": "user",
            "content": [
                came | {"tool_use_id": "call_x_1", "content": "No such day.", "is_error": True}
            ],
        },
        {"role": "assistant", "content": "It is"},
        {"role": "user", "content": GO_ON},
    ]


async def test_how_much_it_thinks_may_be_left_to_the_model(sandbox: Sandbox) -> None:
    assert "thinking" not in await _request(sandbox, HELLO, thinking=None)
    adaptive = await _request(sandbox, HELLO, thinking="adaptive")
    assert adaptive["thinking"] == {"type": "adaptive"}


# --- what is answered ------------------------------------------------------------------------


async def test_tools_are_asked_for_after_the_words(sandbox: Sandbox) -> None:
    said = await asked(NAME, sandbox, asking("", "Please book", tools=(TOOL,)))
    assert "".join(piece.text for piece in said) == "One moment."
    assert [json.loads(call.arguments) for call in said[-1].calls] == [{"at": "seven"}] * 2
    assert (said[-1].reason, said[-1].usage) == ("tools", COST)


async def test_a_refusal_is_told_as_one(sandbox: Sandbox) -> None:
    said = await asked(NAME, sandbox, asking("", "Please refuse"))
    assert (said[-1].reason, said[-1].usage) == ("refused", COST)


async def test_the_connection_is_used_again(sandbox: Sandbox) -> None:
    async with started(NAME, sandbox.environ()) as model:
        await model.prime(HELLO.messages)
        await pieces(model, HELLO)
        http = model._sdk.get().http.client._transport._pool  # type: ignore[attr-defined]
        first = http.connections
        for _ in range(3):
            await pieces(model, HELLO)
        assert http.connections == first


async def test_an_engine_that_was_not_started_answers_too(sandbox: Sandbox) -> None:
    model = made(NAME, sandbox.environ())
    assert (await pieces(model, HELLO))[-1].reason == "stop"
    assert KEY not in repr(model._sdk.get().http)  # type: ignore[attr-defined]
    await model.aclose()


# --- a service that does as it pleases -------------------------------------------------------

USAGE = {"input_tokens": 5, "output_tokens": 1}
START = {"type": "message_start", "message": {"usage": USAGE}}
TEXT = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "A"}}
DELTA = {
    "type": "content_block_delta",
    "index": 0,
    "delta": {"type": "text_delta", "text": " word"},
}


def _end(reason: str) -> dict[str, Any]:
    usage = {"output_tokens": 7, "cache_read_input_tokens": 3}
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


async def _answer(*answers: tuple[int, bytes]) -> Any:
    async with server(*answers) as (url, requests):
        environ = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": KEY}
        async with started(NAME, environ, first_token_s=2, between_tokens_s=1) as model:
            return await pieces(model, HELLO), requests


@pytest.mark.parametrize(
    "stop, reason",
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "refused"),
        ("something_new", "stop"),
    ],
)
async def test_why_it_ended(stop: str, reason: str) -> None:
    body = events(START, TEXT, DELTA, _end(stop), {"type": "message_stop"}, names=True)
    said, _ = await _answer((200, body))
    assert "".join(piece.text for piece in said) == "A word"
    assert said[-1].reason == reason
    assert said[-1].usage == Usage(prompt_tokens=5, cached_tokens=3, reply_tokens=7)


async def test_thoughts_and_news_are_not_said() -> None:
    thought = {"type": "thinking", "thinking": "", "signature": ""}
    body = events(
        {"type": "message_start", "message": {}},
        {"type": "content_block_start", "index": 0, "content_block": thought},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "thinking_delta", "thinking": "Hm."},
        },
        {"type": "ping"},
        {"type": "something_new"},
        {"type": "message_delta", "delta": {}, "usage": None},
        DELTA,
        _end("end_turn"),
        names=True,
    )
    said, _ = await _answer((200, body))
    assert [piece.text for piece in said] == [" word", ""]


@pytest.mark.parametrize(
    "kind, error",
    [
        ("overloaded_error", AtCapacity),
        ("rate_limit_error", AtCapacity),
        ("timeout_error", TimedOut),
        ("invalid_request_error", Rejected),
        ("api_error", Unavailable),
    ],
)
async def test_an_error_in_the_middle_means_what_it_says(kind: str, error: type) -> None:
    trouble = {"type": "error", "error": {"type": kind, "message": f"No, {KEY}."}}
    with pytest.raises(error) as caught:
        await _answer((200, events(START, TEXT, trouble, names=True)))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        events(START, TEXT, DELTA, names=True),
        events(START, TEXT, names=True) + b"event: content_block_delta\ndata: {oops\n\n",
        events(START, TEXT, names=True) + b"x: y\n\n",
    ],
    ids=["nothing", "no end", "no JSON", "no event"],
)
async def test_an_answer_without_a_good_end_is_none(body: bytes) -> None:
    with pytest.raises(Unavailable):
        await _answer((200, body))


def _refused(status: int, kind: str, what: str) -> tuple[int, bytes]:
    return status, json.dumps({"type": "error", "error": {"type": kind, "message": what}}).encode()


async def test_a_model_that_must_think_is_let() -> None:
    no = _refused(400, "invalid_request_error", "thinking: disabled is not supported")
    good = (200, events(START, TEXT, _end("end_turn"), names=True))
    said, requests = await _answer(no, good)
    assert said[-1].reason == "stop"
    assert "thinking" in requests[0][1]
    assert "thinking" not in requests[1][1]


async def test_once_learned_it_is_not_tried_again() -> None:
    no = _refused(400, "invalid_request_error", "thinking: disabled is not supported")
    good = (200, events(START, TEXT, _end("end_turn"), names=True))
    async with server(no, good) as (url, requests):
        environ = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": KEY}
        async with started(NAME, environ) as model:
            for _ in range(2):
                await pieces(model, HELLO)
    assert len(requests) == 3


async def test_other_refusals_are_final() -> None:
    with pytest.raises(Rejected, match="invalid_request_error"):
        await _answer(_refused(400, "invalid_request_error", "No."))
    for status, kind in ((402, "billing_error"), (529, "overloaded_error")):
        with pytest.raises(AtCapacity, match=kind):
            await _answer(_refused(status, kind, "No."))


async def test_silence_is_given_up_in_time(sandbox: Sandbox) -> None:
    sandbox.rules.add(Fault(after=4, stall=True))
    async with started(NAME, sandbox.environ(), between_tokens_s=0.1) as model:
        with pytest.raises(TimedOut, match=r"silent for 0\.1 s"):
            await pieces(model, HELLO)
