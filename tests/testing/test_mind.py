"""The scripted mind: answers in order, answers to words, tools where they are offered."""

from collections import deque
from dataclasses import replace

import pytest

from antiphon.actions import Message
from antiphon.errors import Unavailable
from antiphon.ports.llm import Asking, Saying, Tool, ToolCall, ToolUse, Usage
from antiphon.testing.clock import VirtualClock
from antiphon.testing.mind import Scripted, ScriptedModel

CALL = ToolCall(id="c", name="book", arguments="{}")
TOOL = Tool(name="book", description="")


def asking(text: str, **more: object) -> Asking:
    return replace(Asking(messages=(Message(role="user", text=text),)), **more)


def answers(model: ScriptedModel, clock: VirtualClock, *asked: Asking) -> list[list[Saying]]:
    async def run(_: VirtualClock) -> list[list[Saying]]:
        return [[piece async for piece in model.answer(each)] for each in asked]

    return clock.run(run)


def test_it_goes_through_its_answers_and_stays_at_the_last() -> None:
    clock = VirtualClock()
    model = ScriptedModel(clock=clock, says=["One.", "Two."])
    told = answers(model, clock, *[asking("Hi")] * 3)
    assert [pieces[0].text for pieces in told] == ["One.", "Two.", "Two."]
    assert all(pieces[-1].reason == "stop" for pieces in told)
    assert model.finished == 3


def test_it_is_cut_at_its_length() -> None:
    clock = VirtualClock()
    model = ScriptedModel(clock=clock, says=[Scripted(text="one two three", calls=(CALL,))])
    (pieces,) = answers(model, clock, asking("Hi", max_tokens=2, tools=(TOOL,)))
    assert "".join(piece.text for piece in pieces) == "one two"
    assert (pieces[-1].reason, pieces[-1].calls) == ("length", ())
    assert pieces[-1].usage == Usage(prompt_tokens=10, reply_tokens=2)


def test_it_answers_to_words_and_to_what_came_of_a_tool() -> None:
    clock = VirtualClock()
    model = ScriptedModel(
        clock=clock, told={"TABLE": Scripted(calls=(CALL,)), "full": "We are full."}
    )
    table = asking("A table, please", tools=(TOOL,))
    used = replace(table, used=(ToolUse(call=CALL, result="Full until nine."),))
    called, not_offered, full = answers(model, clock, table, asking("A table"), used)
    assert (called[-1].reason, called[-1].calls) == ("tools", (CALL,))
    assert (not_offered[-1].reason, not_offered[-1].calls) == ("stop", ())
    assert full[0].text == "We"


def test_it_ends_and_costs_as_the_script_says() -> None:
    clock = VirtualClock()
    cost = Usage(prompt_tokens=7, cached_tokens=3)
    model = ScriptedModel(clock=clock, says=[Scripted(text="No.", reason="refused", usage=cost)])
    (pieces,) = answers(model, clock, asking("Hi"))
    assert (pieces[-1].reason, pieces[-1].usage) == ("refused", cost)


@pytest.mark.parametrize("says", ["One two three four.", Scripted(calls=(CALL,))])
def test_it_fails_once_for_each_fault(says: str | Scripted) -> None:
    clock = VirtualClock()
    model = ScriptedModel(clock=clock, says=[says], faults=deque([Unavailable("gone")]))
    with pytest.raises(Unavailable):
        answers(model, clock, asking("Hi"))
    assert model.open == 0
    assert answers(model, clock, asking("Hi"))[0][-1].reason == "stop"
