"""Chat completions and the Responses API: what is sent, what is made of the answer, what fails."""

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
    failure,
    made,
    mind,
    pieces,
    sent,
    server,
    started,
)

from antiphon.actions import Message
from antiphon.errors import AtCapacity, ConfigError, Missing, Rejected, TimedOut, Unavailable
from antiphon.net.prompt import GO_ON, NOTHING, OPENING
from antiphon.ports.llm import Asking, Usage
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox

CHAT, RESPONSES, COMPATIBLE = "openai/gpt-x", "openai-responses/gpt-x", "compatible/llama"


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, mind=lambda: mind(CALL, CALL)) as sandbox:
        yield sandbox


async def _request(name: str, sandbox: Sandbox, request: Asking, **options: Any) -> Any:
    await asked(name, sandbox, request, **options)
    return sent(sandbox.requests[-1])


# --- what is sent ----------------------------------------------------------------------------


async def test_chat_sends_the_conversation_as_it_is(sandbox: Sandbox) -> None:
    messages = (
        Message(role="assistant", text="Hello, this is Joe's."),
        Message(role="user", text=" "),
        Message(role="system", text="The caller is known."),
        Message(role="assistant", text=""),
        Message(role="user", text="Hi \ud800"),
    )
    request = await _request(CHAT, sandbox, Asking(messages=messages, max_tokens=50))
    assert request == {
        "model": "gpt-x",
        "messages": [
            {"role": "assistant", "content": "Hello, this is Joe's."},
            {"role": "user", "content": NOTHING},
            {"role": "system", "content": "The caller is known."},
            {"role": "user", "content": "Hi ?"},
        ],
        "max_completion_tokens": 50,
        "temperature": 0.0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_a_compatible_server_gets_turns(sandbox: Sandbox) -> None:
    messages = (
        Message(role="system", text="Be brief."),
        Message(role="system", text="Be kind."),
        Message(role="assistant", text="Hello, this is Joe's."),
        Message(role="user", text="Hi"),
        Message(role="system", text="The caller is known."),
        Message(role="user", text="Are you there?"),
    )
    request = await _request(COMPATIBLE, sandbox, Asking(messages=messages, max_tokens=50))
    assert request["max_tokens"] == 50
    assert request["messages"] == [
        {"role": "system", "content": "Be brief.\n\nBe kind."},
        {"role": "user", "content": OPENING},
        {"role": "assistant", "content": "Hello, this is Joe's."},
        {"role": "user", "content": "Hi\n(The caller is known.)\nAre you there?"},
    ]


async def test_a_compatible_server_is_sent_a_key_only_where_there_is_one(
    sandbox: Sandbox,
) -> None:
    await asked(COMPATIBLE, sandbox, HELLO)
    assert "authorization" not in sandbox.requests[-1].headers
    keyed = {**sandbox.environ(), "COMPATIBLE_API_KEY": "something"}
    async with started(COMPATIBLE, keyed) as model:
        await pieces(model, HELLO)
    assert sandbox.requests[-1].headers["authorization"] == "***"


async def test_chat_sends_tools_and_what_came_of_them(sandbox: Sandbox) -> None:
    request = await _request(
        CHAT,
        sandbox,
        asking("Be brief.", "Hello", tools=(TOOL, BARE), used=(USED,), so_far="It is "),
        reasoning_effort="minimal",
    )
    assert [tool["function"]["name"] for tool in request["tools"]] == ["book", "hang_up"]
    assert request["tools"][1]["function"]["parameters"] == {"type": "object", "properties": {}}
    assert request["reasoning_effort"] == "minimal"
    function = {"name": "book", "arguments": CALL.arguments}
    assert request["messages"][2:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "Booked."},
        {"role": "assistant", "content": "It is "},
        {"role": "user", "content": GO_ON},
    ]


async def test_responses_sends_items(sandbox: Sandbox) -> None:
    request = await _request(
        RESPONSES,
        sandbox,
        asking("Be brief.", "Hi", tools=(TOOL,), used=(USED,), so_far="It is", max_tokens=4),
        reasoning_effort="none",
    )
    assert request == {
        "model": "gpt-x",
        "input": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
            {
                "type": "function_call",
                "call_id": "call_1",
                "name": "book",
                "arguments": CALL.arguments,
            },
            {"type": "function_call_output", "call_id": "call_1", "output": "Booked."},
            {"role": "assistant", "content": "It is"},
            {"role": "user", "content": GO_ON},
        ],
        "tools": [
            {
                "type": "function",
                "name": "book",
                "description": "Book a table.",
                "parameters": TOOL.parameters,
                "strict": False,
            }
        ],
        "max_output_tokens": 16,
        "temperature": 0.0,
        "reasoning": {"effort": "none"},
        "store": False,
        "stream": True,
    }


# --- what is answered ------------------------------------------------------------------------


@pytest.mark.parametrize("name", [CHAT, RESPONSES, COMPATIBLE])
async def test_tools_are_asked_for_after_the_words(name: str, sandbox: Sandbox) -> None:
    said = await asked(name, sandbox, asking("", "Please book", tools=(TOOL,)))
    assert "".join(piece.text for piece in said) == "One moment."
    assert [(call.name, call.arguments) for call in said[-1].calls] == [
        ("book", CALL.arguments)
    ] * 2
    assert (said[-1].reason, said[-1].usage) == ("tools", COST)


@pytest.mark.parametrize("name", [CHAT, RESPONSES])
async def test_a_refusal_is_told_as_one(name: str, sandbox: Sandbox) -> None:
    said = await asked(name, sandbox, asking("", "Please refuse"))
    assert (said[-1].reason, said[-1].usage) == ("refused", COST)


@pytest.mark.parametrize("name", [CHAT, RESPONSES, COMPATIBLE])
async def test_the_connection_is_used_again(name: str, sandbox: Sandbox) -> None:
    async with started(name, sandbox.environ()) as model:
        await model.prime(HELLO.messages)
        await pieces(model, HELLO)
        http = model._sdk.get().http.client._transport._pool  # type: ignore[attr-defined]
        first = http.connections
        for _ in range(3):
            assert (await pieces(model, HELLO))[-1].reason == "stop"
        assert http.connections == first


async def test_an_engine_that_was_not_started_answers_too(sandbox: Sandbox) -> None:
    for name in (CHAT, RESPONSES):
        model = made(name, sandbox.environ())
        assert (await pieces(model, HELLO))[-1].reason == "stop"
        await model.aclose()
        assert KEY not in repr(vars(model))


# --- servers that do as they please ----------------------------------------------------------


def _chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


@pytest.fixture
def home() -> Any:
    async def ask(name: str, *answers: tuple[int, bytes], request: Asking = HELLO) -> Any:
        async with server(*answers) as (url, requests):
            environ = {
                "COMPATIBLE_BASE_URL": f"{url}/v1",
                "OPENAI_BASE_URL": f"{url}/v1",
                "OPENAI_API_KEY": KEY,
            }
            async with started(name, environ, first_token_s=2, between_tokens_s=1) as model:
                return await pieces(model, request), requests

    return ask


async def test_calls_may_all_have_the_first_place_or_none(home: Any) -> None:
    def call(index: int | None, as_id: str) -> dict[str, Any]:
        function = {"name": "book", "arguments": "{}"}
        return {"tool_calls": [{"index": index, "id": as_id, "function": function}]}

    for places in ((0, 0, 0), (None, None, None)):
        deltas = [_chunk(call(at, each)) for at, each in zip(places, "abc", strict=True)]
        body = events(*deltas, _chunk({}, "stop"), "[DONE]")
        said, _ = await home(COMPATIBLE, (200, body))
        assert [call.id for call in said[-1].calls] == ["a", "b", "c"]
        assert said[-1].reason == "tools"


async def test_a_call_cut_short_is_none(home: Any) -> None:
    function = {"name": "book", "arguments": '{"at": "se'}
    delta = {"tool_calls": [{"index": 0, "id": "a", "function": function}]}
    said, _ = await home(COMPATIBLE, (200, events(_chunk(delta), _chunk({}, "length"))))
    assert (said[-1].reason, said[-1].calls) == ("length", ())


async def test_a_spoken_refusal_is_said(home: Any) -> None:
    body = events(_chunk({"refusal": "I will not."}), _chunk({}, "stop"), "[DONE]")
    said, _ = await home(CHAT, (200, body))
    assert [(piece.text, piece.reason) for piece in said] == [("I will not.", ""), ("", "refused")]


async def test_comments_marks_and_unknown_fields_are_put_up_with(home: Any) -> None:
    body = b"\xef\xbb\xbf: warming up\r\n\r\nid: 1\r\nretry: 3\r\n"
    body += events(_chunk({"content": "Hi", "reasoning": "hm"}, obfuscation="xyz"))
    body += events({"choices": []}, {}, _chunk({}, "stop"))
    said, _ = await home(COMPATIBLE, (200, body))
    assert [piece.text for piece in said] == ["Hi", ""]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        events(_chunk({"content": "Hi"})),
        events(_chunk({"content": "Hi"}), "[DONE]"),
        events(_chunk({"content": "Hi"}), "{oops"),
        events(_chunk({"content": "Hi"})) + b"garbage\n\n",
        events(_chunk({"content": "Hi"}), {"error": {"message": "x", "code": "server_error"}}),
    ],
    ids=["nothing", "no end", "no reason", "no JSON", "no event", "an error of theirs"],
)
async def test_an_answer_without_a_good_end_is_none(body: bytes, home: Any) -> None:
    for name in (CHAT, COMPATIBLE):
        with pytest.raises(Unavailable):
            await home(name, (200, body))


@pytest.mark.parametrize(
    "code, kind",
    [
        ("rate_limit_exceeded", AtCapacity),
        ("context_length_exceeded", Rejected),
        ("server_error", Unavailable),
    ],
)
async def test_an_error_in_the_middle_means_what_it_says(code: str, kind: type, home: Any) -> None:
    body = events(_chunk({"content": "Hi"}), {"error": {"message": f"x {KEY}", "code": code}})
    with pytest.raises(kind) as caught:
        await home(CHAT, (200, body))
    assert KEY not in str(caught.value)
    failed = {"type": "response.failed", "response": {"error": {"code": code, "message": "x"}}}
    for event in (failed, {"type": "error", "code": code, "message": "x"}):
        with pytest.raises(kind):
            await home(RESPONSES, (200, events(event, names=True)))


async def test_a_refusal_in_responses_is_said(home: Any) -> None:
    usage = {"input_tokens": 1, "output_tokens": 2}
    body = events(
        {"type": "response.reasoning.delta"},
        {"type": "response.refusal.delta", "delta": "I will not."},
        {"type": "response.completed", "response": {"usage": usage}},
        names=True,
    )
    said, _ = await home(RESPONSES, (200, body))
    assert [piece.text for piece in said] == ["I will not.", ""]
    assert said[-1].reason == "refused"
    assert said[-1].usage == Usage(prompt_tokens=1, reply_tokens=2)


async def test_responses_may_end_without_a_count(home: Any) -> None:
    for cut, reason in (("max_output_tokens", "length"), ("content_filter", "refused")):
        response = {"incomplete_details": {"reason": cut}}
        body = events({"type": "response.incomplete", "response": response}, names=True)
        said, _ = await home(RESPONSES, (200, body))
        assert (said[-1].reason, said[-1].usage) == (reason, Usage())


def _refused(param: str | None) -> tuple[int, bytes]:
    error = {"message": f"Unsupported: {param}", "param": param, "code": "unsupported_value"}
    return 400, json.dumps({"error": error}).encode()


async def test_what_a_model_does_not_take_is_left_out_from_then_on(home: Any) -> None:
    good = (200, events(_chunk({"content": "Hi"}), _chunk({}, "stop"), "[DONE]"))
    answers = (_refused("temperature"), _refused("max_completion_tokens"), good)
    said, requests = await home(CHAT, *answers)
    assert said[0].text == "Hi"
    last = requests[-1][1]
    assert "temperature" not in last
    assert last["max_tokens"] == HELLO.max_tokens
    done = events({"type": "response.completed", "response": {}}, names=True)
    said, requests = await home(RESPONSES, _refused("temperature"), (200, done))
    assert "temperature" not in requests[-1][1]
    assert said[-1].reason == "stop"


async def test_it_is_not_asked_for_ever(home: Any) -> None:
    for name in (CHAT, RESPONSES):
        for param in ("temperature", "messages", None):
            with pytest.raises(Rejected, match="Unsupported"):
                await home(name, _refused(param))


async def test_silence_is_given_up_in_time(sandbox: Sandbox) -> None:
    for after, what in ((0, "no word within 0.2 s"), (2, "silent for 0.1 s")):
        for name in (CHAT, RESPONSES):
            sandbox.rules.clear()
            stalls = after + (3 if after and name == RESPONSES else 0)
            sandbox.rules.add(Fault(after=stalls, stall=True))
            async with started(
                name, sandbox.environ(), first_token_s=0.2, between_tokens_s=0.1
            ) as model:
                with pytest.raises(TimedOut, match=what):
                    await pieces(model, HELLO)


async def test_a_vendor_that_leaves_the_line_open_after_the_end_holds_nobody_up(
    sandbox: Sandbox,
) -> None:
    # Role, three words, the end: what would follow is the count of tokens.
    sandbox.rules.add(Fault(after=5, stall=True))
    async with started(CHAT, sandbox.environ()) as model:
        said = await pieces(model, HELLO)
    assert (said[-1].reason, said[-1].usage) == ("stop", Usage())


async def test_nobody_at_home_is_said(sandbox: Sandbox) -> None:
    environ = {"COMPATIBLE_BASE_URL": "http://127.0.0.1:9/v1"}
    error = await failure(COMPATIBLE, environ, HELLO)
    assert isinstance(error, Unavailable)
    assert "no connection" in str(error)
    async with started(COMPATIBLE, environ) as model:
        with pytest.raises(Unavailable, match="no connection"):
            await model.prime(HELLO.messages)


def test_mistakes_in_an_agent_file_are_said(sandbox: Sandbox) -> None:
    with pytest.raises(Missing, match="OPENAI_API_KEY"):
        made(CHAT, {})
    with pytest.raises(ConfigError, match="reasoning_effort"):
        made(CHAT, sandbox.environ(), reasoning_efort="low")
    with pytest.raises(ConfigError, match="did you mean"):
        made("openai/", sandbox.environ())
