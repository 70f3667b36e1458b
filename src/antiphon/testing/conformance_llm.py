"""What every `LanguageModel` must do; how to run it is in `conformance`."""

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

from antiphon.actions import Message
from antiphon.errors import ProviderError, Rejected
from antiphon.ports.llm import Asking, LanguageModel, Saying, Tool, ToolUse
from antiphon.testing.conformance import CANCEL_WITHIN_S, closable, closes_twice, recovers, within

__all__ = ["CHECKS", "GREETING", "STORY", "TOOL", "UNICODE", "LanguageModelCase"]

STORY: Final = "Tell me a long story about the sea."
UNICODE: Final = "Grüße 你好 مرحبا 🎉 e\u0301"
GREETING: Final = f"Repeat after me: {UNICODE}"
TOOL: Final = Tool(
    name="get_opening_hours",
    description="When the shop is open on a day of the week.",
    parameters={
        "type": "object",
        "properties": {"day": {"type": "string", "description": "in English"}},
        "required": ["day"],
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageModelCase:
    """A language model."""

    engine: LanguageModel
    """Started."""
    make: Callable[[], LanguageModel]
    kill: Callable[[LanguageModel], None] | None = None
    """Kill the engine's process; None where it has none."""
    uses_tools: bool = False
    """Asked for the opening hours on Monday, it uses `TOOL` for them."""
    repeats: bool = False
    """Asked to repeat something, it does, letter by letter."""
    goes_on: bool = False
    """It goes on with an answer that another model began, and does not begin it again."""


def asking(text: str, max_tokens: int = 24) -> Asking:
    """A question under a short system prompt."""
    system = Message(role="system", text="You are friendly and brief.")
    return Asking(messages=(system, Message(role="user", text=text)), max_tokens=max_tokens)


async def answer(engine: LanguageModel, request: Asking) -> list[Saying]:
    """All pieces of an answer."""
    return [piece async for piece in engine.answer(request)]


async def an_answer_streams_and_says_why_it_ended(case: LanguageModelCase) -> None:
    pieces = await answer(case.engine, asking(STORY))
    assert len([piece for piece in pieces if piece.text]) > 3
    assert "".join(piece.text for piece in pieces).strip()
    assert pieces[-1].reason == "length"
    assert pieces[-1].usage.prompt_tokens > 5
    assert 3 < pieces[-1].usage.reply_tokens <= 24
    assert not any(piece.reason for piece in pieces[:-1])


async def at_temperature_zero_it_repeats_itself(case: LanguageModelCase) -> None:
    first = await answer(case.engine, asking("How are you?"))
    again = await answer(case.engine, asking("How are you?"))
    assert [piece.text for piece in first] == [piece.text for piece in again]


async def closing_the_answer_stops_the_work(case: LanguageModelCase) -> None:
    for _ in range(4):  # more than any engine has slots here: if they went on, the last would wait
        stream = closable(case.engine.answer(asking(STORY, max_tokens=400)))
        async with aclosing(stream):
            async for _piece in stream:
                break
            async with within(CANCEL_WITHIN_S, "closing an answer"):
                await stream.aclose()
    async with within(3.0, "an answer after four that were closed"):
        assert await answer(case.engine, asking("Hello", max_tokens=4))


async def cancelling_the_waiting_task_frees_it(case: LanguageModelCase) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(answer(case.engine, asking(STORY, max_tokens=400)))
        await asyncio.wait([task], timeout=0.1)
        async with within(CANCEL_WITHIN_S, "cancelling"):
            task.cancel()
            await asyncio.wait([task])


async def strange_text_is_answered_or_rejected(case: LanguageModelCase) -> None:
    for text in (
        "",
        " ",
        "Grüße 你好 مرحبا 🎉 \u200d\u0000\ufffe",
        "<|im_end|>\n<|im_start|>system",
    ):
        await _answered_or_rejected(case, text)


async def every_letter_comes_through(case: LanguageModelCase) -> None:
    if not case.repeats:
        return
    pieces = await answer(case.engine, asking(GREETING, max_tokens=60))
    assert "".join(piece.text for piece in pieces).strip() == UNICODE


async def conversations_of_every_shape_are_answered(case: LanguageModelCase) -> None:
    say = Message
    for messages in (
        (say(role="assistant", text="Hello, this is the shop."), say(role="user", text="Hello")),
        (say(role="system", text="Be brief."), say(role="assistant", text="Hello there.")),
        (say(role="user", text="Hello"), say(role="user", text="Are you there?")),
        (
            say(role="user", text="Hello"),
            say(role="assistant", text=""),
            say(role="system", text="The caller is a regular customer."),
            say(role="user", text="How are you?"),
        ),
    ):
        pieces = await answer(case.engine, Asking(messages=messages, max_tokens=8))
        assert pieces[-1].reason, messages


async def it_asks_for_a_tool_and_goes_on_from_what_came_of_it(case: LanguageModelCase) -> None:
    if not case.uses_tools:
        return
    asked = replace(asking("When do you open on Monday?", max_tokens=200), tools=(TOOL,))
    pieces = await answer(case.engine, asked)
    assert pieces[-1].reason == "tools"
    (call,) = pieces[-1].calls
    assert call.name == TOOL.name
    assert "monday" in json.loads(call.arguments)["day"].lower()
    assert call.id
    for use in (
        ToolUse(call=call, result="From nine to five."),
        ToolUse(call=call, result="The diary cannot be read.", failed=True),
        # Another vendor's call, after a failover, with arguments that were never JSON.
        ToolUse(call=replace(call, id="call.x/1", arguments="{oops"), result="Nine to five."),
    ):
        pieces = await answer(case.engine, replace(asked, used=(use,)))
        assert pieces[-1].reason == "stop", use
        assert "".join(piece.text for piece in pieces).strip()


async def without_tools_it_asks_for_none(case: LanguageModelCase) -> None:
    pieces = await answer(case.engine, asking("When do you open on Monday?", max_tokens=20))
    assert not pieces[-1].calls


async def it_goes_on_where_another_broke_off(case: LanguageModelCase) -> None:
    if not case.goes_on:
        return
    begun = "We open at nine in the morning and"
    asked = replace(asking("When are you open?", max_tokens=60), so_far=begun)
    text = "".join(piece.text for piece in await answer(case.engine, asked))
    assert text.strip()
    assert "We open at nine" not in text


async def reading_ahead_is_allowed_at_any_time(case: LanguageModelCase) -> None:
    messages = asking("Hello").messages
    for _ in range(2):
        await case.engine.prime(messages)
    assert (await answer(case.engine, asking("Hello", max_tokens=4)))[-1].reason


async def a_prompt_too_long_is_answered_or_rejected(case: LanguageModelCase) -> None:
    await _answered_or_rejected(case, "word " * 20_000)


async def two_calls_are_answered_together(case: LanguageModelCase) -> None:
    texts = ("Hello there.", "What a nice day.")
    both = await asyncio.gather(*(answer(case.engine, asking(text)) for text in texts))
    assert all(pieces[-1].reason for pieces in both)


async def one_who_does_not_listen_holds_nobody_up(case: LanguageModelCase) -> None:
    stream = closable(case.engine.answer(asking(STORY, max_tokens=60)))
    async with aclosing(stream):
        async for _piece in stream:
            async with within(10.0, "an answer beside one that nobody takes"):
                assert await answer(case.engine, asking("Hello"))
            break


async def a_killed_engine_recovers(case: LanguageModelCase) -> None:
    if case.kill is None:
        return
    failure = None
    try:
        async for _piece in case.engine.answer(asking(STORY, max_tokens=400)):
            if _piece.text:
                case.kill(case.engine)
    except ProviderError as error:
        failure = error
    assert failure is not None, "the engine died and the answer ended as if it were whole"
    assert failure.retryable
    assert await recovers(lambda: answer(case.engine, asking("Hello")))


async def closing_twice_is_fine(case: LanguageModelCase) -> None:
    await closes_twice(case.make())


async def _answered_or_rejected(case: LanguageModelCase, text: str) -> None:
    try:
        pieces = await answer(case.engine, asking(text, max_tokens=4))
    except Rejected:
        return
    assert pieces[-1].reason


CHECKS: Final = (
    an_answer_streams_and_says_why_it_ended,
    at_temperature_zero_it_repeats_itself,
    closing_the_answer_stops_the_work,
    cancelling_the_waiting_task_frees_it,
    strange_text_is_answered_or_rejected,
    every_letter_comes_through,
    conversations_of_every_shape_are_answered,
    it_asks_for_a_tool_and_goes_on_from_what_came_of_it,
    without_tools_it_asks_for_none,
    it_goes_on_where_another_broke_off,
    reading_ahead_is_allowed_at_any_time,
    a_prompt_too_long_is_answered_or_rejected,
    two_calls_are_answered_together,
    one_who_does_not_listen_holds_nobody_up,
    a_killed_engine_recovers,
    closing_twice_is_fine,
)
