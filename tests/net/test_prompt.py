"""What vendors are shown of a conversation: never empty, in turns, the caller first and last."""

import json

from hypothesis import given
from hypothesis import strategies as st

from antiphon.actions import Message
from antiphon.net.prompt import (
    NOTHING,
    OPENING,
    arguments_of,
    clean,
    lines,
    parameters_of,
    strict,
)
from antiphon.ports.llm import Asking, Tool, ToolCall

MESSAGES = st.lists(
    st.builds(
        Message,
        role=st.sampled_from(["system", "user", "assistant"]),
        text=st.text(max_size=8) | st.just(" "),
    ),
    max_size=8,
)


@given(MESSAGES)
def test_it_is_always_in_turns(messages: list[Message]) -> None:
    system, turns = strict(Asking(messages=tuple(messages)))
    roles = [line.role for line in turns]
    assert roles == (["user", "assistant"] * len(roles))[: len(roles)]
    assert len(roles) % 2 == 1
    assert all(line.text.strip() for line in turns)
    shown = "\n".join([system, *(line.text for line in turns)])
    assert all(clean(message.text) in shown for message in messages if message.text.strip())


@given(MESSAGES)
def test_nobody_is_silent(messages: list[Message]) -> None:
    shown = lines(messages)
    assert all(line.text.strip() for line in shown)
    assert sum(line.role == "user" for line in shown) == sum(m.role == "user" for m in messages)


def test_an_empty_conversation_is_a_call_that_begins() -> None:
    system, turns = strict(Asking(messages=()))
    assert (system, [line.text for line in turns]) == ("", [OPENING])


def test_who_said_nothing_is_told_to_have() -> None:
    (line,) = lines([Message(role="user", text="\n")])
    assert line.text == NOTHING


def test_lone_surrogates_are_replaced() -> None:
    assert clean("a\ud800b") == "a?b"
    assert clean("🎉") == "🎉"


def test_arguments_are_an_object_whatever_the_model_wrote() -> None:
    def of(arguments: str) -> object:
        return arguments_of(ToolCall(id="c", name="f", arguments=arguments))

    assert of('{"a": 1}') == {"a": 1}
    assert of("[1]") == {"malformed": "[1]"}
    assert of("{oops \ud800") == {"malformed": "{oops ?"}
    json.dumps(of("\ud800")).encode()


def test_a_tool_without_parameters_has_an_empty_schema() -> None:
    assert parameters_of(Tool(name="f", description=""))["type"] == "object"
