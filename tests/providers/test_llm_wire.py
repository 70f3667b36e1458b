"""The server's ends of the language models' protocols: whatever comes is read or refused, and what
is said comes out whole."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import RemoteProtocolError
from antiphon.net.asked import Asked, Reply
from antiphon.ports.llm import Asking, Saying, ToolCall, Usage
from antiphon.providers.anthropic import wire as anthropic
from antiphon.providers.gemini import wire as gemini
from antiphon.providers.openai.wire import chat, responses

Read = Callable[[bytes], object]

READS: dict[str, Read] = {
    "chat": chat.read,
    "responses": responses.read,
    "anthropic": lambda body: anthropic.read(body, anthropic.NEW),
    "gemini": lambda body: gemini.read(body, "m", stream=True),
}
ASKED = Asked(model="m", asking=Asking(messages=()), stream=True)
REPLIES: dict[str, Callable[[], Reply]] = {
    "chat": lambda: chat.ChatReply(ASKED, 1, 2, costs=True),
    "responses": lambda: responses.ResponsesReply(ASKED, 1, 2),
    "anthropic": lambda: anthropic.MessageReply(ASKED, 1),
    "gemini": lambda: gemini.ContentReply(ASKED, 1),
}

LEAVES = st.none() | st.booleans() | st.integers(-3, 40) | st.text(max_size=6)
ODD = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner)
)
ROLES = st.sampled_from(["user", "assistant", "model", "system", "tool", "developer", "x"])
KINDS = st.sampled_from(
    ["text", "tool_use", "tool_result", "message", "function_call", "function_call_output", "x"]
)
PART = st.fixed_dictionaries(
    {},
    optional={
        "type": KINDS,
        "text": st.text(max_size=4) | ODD,
        "id": st.text(max_size=2),
        "name": st.text(max_size=2),
        "input": st.dictionaries(st.text(max_size=2), LEAVES),
        "tool_use_id": st.text(max_size=2),
        "functionCall": st.fixed_dictionaries({"name": st.text(max_size=2)}),
        "functionResponse": st.fixed_dictionaries({"name": st.text(max_size=2)}),
        "thoughtSignature": st.just("eA=="),
    },
)
MESSAGE = st.fixed_dictionaries(
    {},
    optional={
        "role": ROLES,
        "type": KINDS,
        "content": st.text(max_size=4) | st.lists(PART, max_size=3) | ODD,
        "parts": st.lists(PART, max_size=3),
        "call_id": st.text(max_size=2),
        "tool_call_id": st.text(max_size=2),
        "tool_calls": st.lists(
            st.fixed_dictionaries({"id": st.text(max_size=2), "function": st.just({"name": "f"})}),
            max_size=2,
        ),
    },
)
REQUEST = st.fixed_dictionaries(
    {"model": st.just("m"), "max_tokens": st.integers(-1, 40)},
    optional={
        "messages": st.lists(MESSAGE, max_size=4),
        "input": st.lists(MESSAGE, max_size=4) | st.text(max_size=3),
        "contents": st.lists(MESSAGE, max_size=4),
        "system": st.text(max_size=3),
        "instructions": st.text(max_size=3),
        "max_output_tokens": st.integers(0, 40),
        "stream": st.booleans(),
        "tools": ODD,
    },
)


@pytest.mark.parametrize("name", READS)
@given(odd=ODD | REQUEST)
def test_whatever_comes_is_read_or_refused(name: str, odd: Any) -> None:
    with suppress(RemoteProtocolError):
        READS[name](json.dumps(odd).encode())


@pytest.mark.parametrize("name", READS)
@given(noise=st.binary(max_size=30))
def test_noise_is_refused(name: str, noise: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        READS[name](noise)


CALL = ToolCall(id="c", name="book", arguments='{"at": "half past seven"}')


@pytest.mark.parametrize("name", REPLIES)
@given(
    words=st.lists(st.text(min_size=1, max_size=6), max_size=5),
    calls=st.lists(st.just(CALL), max_size=2),
    reason=st.sampled_from(["stop", "length", "refused"]),
)
def test_what_is_said_comes_out_whole(
    name: str, words: list[str], calls: list[ToolCall], reason: str
) -> None:
    reply = REPLIES[name]()
    told = reply.begin()
    for word in words:
        told += reply.say(Saying(text=word))
    last = Saying(text="", reason="tools" if calls else reason, calls=tuple(calls), usage=Usage())
    told += reply.say(last)
    data = [json.loads(sent.data) for sent in told if sent != chat.DONE]
    assert "".join(_texts(data)) == "".join(words)
    assert all(sent.event == each.get("type", "") for sent, each in zip(told, data, strict=False))
    whole = json.dumps(reply.whole())
    assert whole.count('"book"') == len(calls)
    assert json.dumps("".join(words)) in whole or not words


def _texts(data: list[Any]) -> list[str]:
    """The pieces of text of any of the four."""
    found: list[str] = []
    for each in data:
        delta = each.get("delta")
        if isinstance(delta, dict):
            found.append(delta.get("text", ""))
        elif each.get("type") == "response.output_text.delta":
            found.append(delta)
        found += [choice["delta"].get("content") or "" for choice in each.get("choices", ())]
        for candidate in each.get("candidates", ()):
            found += [part.get("text", "") for part in candidate["content"]["parts"]]
    return found


def test_the_words_of_the_last_piece_are_said_too() -> None:
    for name, make in REPLIES.items():
        reply = make()
        told = [*reply.begin(), *reply.say(Saying(text="Bye", reason="stop"))]
        data = [json.loads(sent.data) for sent in told if sent != chat.DONE]
        assert "".join(_texts(data)) == "Bye", name
        assert "Bye" in json.dumps(reply.whole())
