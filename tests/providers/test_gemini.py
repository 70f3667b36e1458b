"""Gemini: what is sent, what is made of the answer, what fails."""

import json
from collections.abc import Iterator
from dataclasses import replace
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
from antiphon.net.prompt import GO_ON, OPENING
from antiphon.ports.llm import Asking, ToolUse, Usage
from antiphon.providers.gemini.signatures import KEPT, STRANGER, Signatures, Signed
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox

NAME = "gemini/gemini-3.8-flash"
OTHER = replace(CALL, id="call_2")


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, mind=lambda: mind(CALL, OTHER)) as sandbox:
        yield sandbox


async def _request(sandbox: Sandbox, request: Asking, **options: Any) -> Any:
    await asked(NAME, sandbox, request, **options)
    return sent(sandbox.requests[-1])


def _says(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"text": text}]}


# --- what is sent ----------------------------------------------------------------------------


async def test_the_conversation_begins_with_the_caller(sandbox: Sandbox) -> None:
    messages = (
        Message(role="system", text="Be brief."),
        Message(role="assistant", text="Hello, this is Joe's."),
        Message(role="user", text="Hi"),
    )
    request = await _request(sandbox, Asking(messages=messages, max_tokens=50, temperature=None))
    assert request["contents"] == [
        _says("user", OPENING),
        _says("model", "Hello, this is Joe's."),
        _says("user", "Hi"),
    ]
    assert request["systemInstruction"]["parts"] == [{"text": "Be brief."}]
    assert request["generationConfig"] == {
        "maxOutputTokens": 50,
        "thinkingConfig": {"thinking_level": "MINIMAL"},  # the SDK's own spelling
    }
    assert "tools" not in request
    assert sandbox.requests[-1].path == "/v1/models/gemini-3.8-flash:streamGenerateContent"
    assert sandbox.requests[-1].headers["x-goog-api-key"] == "***"


async def test_tools_and_what_came_of_a_strangers_call(sandbox: Sandbox) -> None:
    used = (USED, replace(USED, result="No.", failed=True))
    request = await _request(
        sandbox, asking("", "Hi", tools=(TOOL, BARE), used=used, so_far="It is"), thinking=None
    )
    (tools,) = request["tools"]
    assert [each["name"] for each in tools["functionDeclarations"]] == ["book", "hang_up"]
    assert tools["functionDeclarations"][0]["parameters_json_schema"] == TOOL.parameters
    assert request["generationConfig"]["temperature"] == 0.0
    assert "thinkingConfig" not in request["generationConfig"]
    call, result, again, failed, begun, go_on = request["contents"][1:]
    assert call == again
    assert call["role"] == "model"
    assert call["parts"][0]["functionCall"] == {"name": "book", "args": {"at": "seven"}}
    assert call["parts"][0]["thoughtSignature"]
    assert result["parts"][0]["functionResponse"]["response"] == {"output": "Booked."}
    assert failed["parts"][0]["functionResponse"]["response"] == {"error": "No."}
    assert [begun, go_on] == [_says("model", "It is"), _says("user", GO_ON)]


async def test_its_own_calls_go_back_as_they_came(sandbox: Sandbox) -> None:
    booking = asking("", "Please book", tools=(TOOL,))
    async with started(NAME, sandbox.environ()) as model:
        calls = (await pieces(model, booking))[-1].calls
        used = tuple(ToolUse(call=call, result="Booked.") for call in calls)
        await pieces(model, replace(booking, used=used))
    calls_back, results = sent(sandbox.requests[-1])["contents"][1:]
    first, second = calls_back["parts"]
    assert (first["thoughtSignature"], first["functionCall"]["id"]) == ("c2FuZGJveA==", "call_1")
    assert "thoughtSignature" not in second
    ids = [part["functionResponse"]["id"] for part in results["parts"]]
    assert ids == ["call_1", "call_2"]


def test_signatures_are_not_kept_for_ever() -> None:
    signatures = Signatures()
    signed = Signed(signatures.answer(), b"x", None)
    for number in range(KEPT + 1):
        signatures.keep(str(number), signed)
    assert signatures.of("0") == STRANGER
    assert signatures.of("1") == signed
    assert signatures.answer() == 2


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
    await model.aclose()


# --- a service that does as it pleases -------------------------------------------------------


def _chunk(*parts: dict[str, Any], finish: str = "", **more: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], **more}


async def _answer(*answers: tuple[int, bytes]) -> Any:
    async with server(*answers) as (url, requests):
        environ = {"GEMINI_BASE_URL": url, "GOOGLE_API_KEY": KEY}
        async with started(NAME, environ, first_token_s=2, between_tokens_s=1) as model:
            return await pieces(model, HELLO), requests


async def test_thoughts_are_paid_for_and_not_said() -> None:
    usage = {
        "promptTokenCount": 5,
        "candidatesTokenCount": 2,
        "thoughtsTokenCount": 4,
        "promptTokensDetails": [
            {"modality": "AUDIO", "tokenCount": 3},
            {"modality": "TEXT", "tokenCount": 2},
        ],
    }
    body = events(
        _chunk({"text": "Hm.", "thought": True}),
        _chunk({"text": "Hi"}),
        {"candidates": [{"finishReason": "STOP"}], "usageMetadata": usage},
    )
    said, _ = await _answer((200, body))
    assert [piece.text for piece in said] == ["Hi", ""]
    assert said[-1].usage == Usage(prompt_tokens=5, reply_tokens=6, audio_tokens=3)


async def test_a_call_without_an_id_is_given_one() -> None:
    call = {"functionCall": {"name": "book", "args": {}}}
    said, _ = await _answer((200, events(_chunk(call, call, finish="STOP"))))
    first, second = said[-1].calls
    assert first.id != second.id
    assert (first.name, first.arguments) == ("book", "{}")


@pytest.mark.parametrize(
    "finish, reason",
    [("MAX_TOKENS", "length"), ("SAFETY", "refused"), ("PROHIBITED_CONTENT", "refused")],
)
async def test_why_it_ended(finish: str, reason: str) -> None:
    said, _ = await _answer((200, events(_chunk({"text": "Hi"}, finish=finish))))
    assert said[-1].reason == reason


async def test_a_blocked_question_is_refused() -> None:
    body = events({"promptFeedback": {"blockReason": "SAFETY"}})
    said, _ = await _answer((200, body))
    assert said[-1].reason == "refused"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        events(_chunk({"text": "Hi"})),
        events(_chunk({"text": "Hi"}), "{oops"),
        events(_chunk({"text": "Hi"})) + b"x\n\n",
        events(_chunk({"text": "Hi"}, finish="MALFORMED_FUNCTION_CALL")),
    ],
    ids=["nothing", "no end", "no JSON", "no event", "a mishap"],
)
async def test_an_answer_without_a_good_end_is_none(body: bytes) -> None:
    with pytest.raises(Unavailable):
        await _answer((200, body))


def _error(code: int, status: str, said: str, *details: Any) -> dict[str, Any]:
    error = {"code": code, "status": status, "message": said, "details": list(details)}
    return {"error": error}


async def test_an_error_in_the_middle_means_what_it_says() -> None:
    trouble = _error(503, "UNAVAILABLE", f"No, {KEY}.")
    with pytest.raises(Unavailable, match="UNAVAILABLE") as caught:
        await _answer((200, events(_chunk({"text": "Hi"}), trouble)))
    assert KEY not in str(caught.value)


async def test_when_to_come_back_may_stand_in_the_body() -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7.5s"}
    body = json.dumps(_error(429, "RESOURCE_EXHAUSTED", "Quota", "odd", {}, info)).encode()
    with pytest.raises(AtCapacity) as caught:
        await _answer((429, body))
    assert caught.value.retry_after_s == 7.5
    for odd in (b'"no"', b"[]", b"<html>", b'{"error": 3}'):
        with pytest.raises(AtCapacity):
            await _answer((429, odd))


async def test_a_model_that_knows_no_such_thinking_is_let() -> None:
    no = (400, json.dumps(_error(400, "INVALID_ARGUMENT", "Thinking level unknown")).encode())
    good = (200, events(_chunk({"text": "Hi"}, finish="STOP")))
    said, requests = await _answer(no, good)
    assert said[-1].reason == "stop"
    assert "thinkingConfig" in requests[0][1]["generationConfig"]
    assert "thinkingConfig" not in requests[1][1]["generationConfig"]
    with pytest.raises(Rejected):
        await _answer(no, no)


async def test_silence_is_given_up_in_time(sandbox: Sandbox) -> None:
    for after, what in ((0, "no word within 0.2 s"), (1, "silent for 0.1 s")):
        sandbox.rules.add(Fault(after=after, stall=True))
        async with started(
            NAME, sandbox.environ(), first_token_s=0.2, between_tokens_s=0.1
        ) as model:
            with pytest.raises(TimedOut, match=what):
                await pieces(model, HELLO)
