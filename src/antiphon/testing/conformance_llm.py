"""What every `LanguageModel` must do; how to run it is in `conformance`."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from antiphon.actions import Message
from antiphon.errors import ProviderError, Rejected
from antiphon.ports.llm import Asking, LanguageModel, Saying
from antiphon.testing.conformance import CANCEL_WITHIN_S, closable, closes_twice, recovers, within

__all__ = ["CHECKS", "LanguageModelCase"]

STORY: Final = "Tell me a long story about the sea."


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageModelCase:
    """A language model."""

    engine: LanguageModel
    """Started."""
    make: Callable[[], LanguageModel]
    kill: Callable[[LanguageModel], None] | None = None
    """Kill the engine's process; None where it has none."""


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
    a_prompt_too_long_is_answered_or_rejected,
    two_calls_are_answered_together,
    one_who_does_not_listen_holds_nobody_up,
    a_killed_engine_recovers,
    closing_twice_is_fine,
)
