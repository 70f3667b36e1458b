"""A small language model and a large one as one: the small answers, the large one when needed.

    mind = Tiered(small, large, Tiers(words=30, says=("explain", "why")))

Who is asked is a pure rule over the request. The small one may also hand over by itself: it is
told of a marker to answer with, and the marker is caught before it is spoken. Lives here: that
rule and that seam. Must not live here: who takes over from a model that fails
(`antiphon.net.minds`): an error of either is raised as it is.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Final

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt

from antiphon.actions import Message
from antiphon.errors import ProviderError
from antiphon.net.minds import Seam
from antiphon.ports.llm import Asking, LanguageModel, Saying, Usage

__all__ = ["MARKER", "Tiered", "Tiers", "reason_for_large"]

MARKER: Final = "#HANDOVER#"
"""No voice says it and no caller does."""
INSTRUCTION: Final = (
    f"If a good answer needs more knowledge or more thought than you have, answer with {MARKER}"
    " and nothing else: somebody more experienced then answers in your place."
)
COST_WITHIN_S: Final = 0.5
"""How long a model that has handed over is waited for, to learn what it cost."""
REMEMBERED: Final = 256
"""Tool calls of the large model whose results it is to be given itself."""


class Tiers(BaseModel):
    """When the large model is asked at once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: PositiveInt = 40
    """The caller said more words than these."""
    messages: PositiveInt = 40
    """The conversation has more messages than these."""
    tools: NonNegativeInt = 4
    """More tools are offered than these: a small model takes the wrong one."""
    says: tuple[str, ...] = ("explain", "why", "compare", "difference", "complaint", "complain")
    """The caller says one of these words, or runs of words."""
    hands_over: bool = True
    """The small model is told how to hand over by itself."""


def reason_for_large(asking: Asking, tiers: Tiers) -> str:
    """Why the large model is to answer; empty where the small one may."""
    heard = next((line.text for line in reversed(asking.messages) if line.role == "user"), "")
    spoken = re.findall(r"[^\W_]+(?:'[^\W_]+)*", heard.casefold())
    if len(spoken) > tiers.words:
        return f"{len(spoken)} words"
    if len(asking.messages) > tiers.messages:
        return f"{len(asking.messages)} messages"
    if len(asking.tools) > tiers.tools:
        return f"{len(asking.tools)} tools"
    text = f" {' '.join(spoken)} "
    found = (words for words in tiers.says if f" {words.casefold()} " in text)
    return next((f"the caller said {words!r}" for words in found), "")


class Tiered:
    """See `antiphon.ports.llm.LanguageModel`. Each piece of an answer says ``by`` whom it is."""

    def __init__(
        self, small: LanguageModel, large: LanguageModel, tiers: Tiers | None = None
    ) -> None:
        self._small, self._large, self._tiers = small, large, tiers or Tiers()
        self.name = f"{small.name} or {large.name}"
        self._calls: deque[str] = deque(maxlen=REMEMBERED)

    async def start(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._small.start())
            group.create_task(self._large.start())

    async def answer(self, asking: Asking) -> AsyncIterator[Saying]:
        """The answer, by whoever is to give it. Raises `ProviderError`."""
        own = any(use.call.id in self._calls for use in asking.used)
        if own or reason_for_large(asking, self._tiers):
            async with aclosing(self._by_large(asking, Usage())) as pieces:
                async for piece in pieces:
                    yield piece
            return
        asked = _instructed(asking) if self._tiers.hands_over else asking
        gate, said = _Gate(), asking.so_far
        async with aclosing(_pieces(self._small, asked)) as answer:
            async for piece in answer:
                text = gate.feed(piece.text, last=bool(piece.reason))
                said += text
                if gate.shut:
                    break
                if text or piece.reason or piece.lost:
                    yield replace(piece, text=text)
            cost = piece.usage if piece.reason else await _cost(answer)
        if gate.shut:
            if text:
                yield Saying(text=text, by=self._small.name)
            async with aclosing(self._by_large(replace(asking, so_far=said), cost)) as pieces:
                async for piece in pieces:
                    yield piece

    async def prime(self, messages: tuple[Message, ...]) -> None:
        """The small one reads ahead what it will be asked: it is asked most of the time."""
        asked = Asking(messages=messages)
        asked = _instructed(asked) if self._tiers.hands_over else asked
        await self._small.prime(asked.messages)

    async def aclose(self) -> None:
        await self._small.aclose()
        await self._large.aclose()

    async def _by_large(self, asking: Asking, before: Usage) -> AsyncGenerator[Saying, None]:
        """Its answer; ``before`` is what was spent until it was asked."""
        seam = Seam(asking.so_far)
        async with aclosing(_pieces(self._large, asking)) as answer:
            async for piece in answer:
                self._calls.extend(call.id for call in piece.calls)
                text = seam.feed(piece.text, last=bool(piece.reason))
                if piece.reason:
                    yield replace(piece, text=text, usage=_sum(before, piece.usage))
                elif text or piece.lost:
                    yield replace(piece, text=text)


class _Gate:
    """Lets text through up to the marker, and never a part of the marker."""

    def __init__(self) -> None:
        self.shut = False
        """The marker came."""
        self._held = ""

    def feed(self, text: str, *, last: bool) -> str:
        text = self._held + text
        at = text.upper().find(MARKER)
        if at >= 0:
            self.shut, self._held = True, ""
            # What a model puts around the marker is no word either.
            return text[:at] if any(letter.isalnum() for letter in text[:at]) else ""
        keep = 0 if last else _begun(text)
        cut = len(text) - keep
        self._held = text[cut:]
        return text[:cut]


def _begun(text: str) -> int:
    """How many letters at the end may be the marker's beginning. Before the first word, all."""
    end = text.upper()
    if not any(letter.isalnum() for letter in text):
        return len(text)
    return next((n for n in range(len(MARKER) - 1, 0, -1) if end.endswith(MARKER[:n])), 0)


async def _pieces(model: LanguageModel, asking: Asking) -> AsyncGenerator[Saying, None]:
    """The model's, each with its name."""
    answer = model.answer(asking)
    try:
        async for piece in answer:
            yield replace(piece, by=piece.by or model.name)
    finally:
        if isinstance(answer, AsyncGenerator):
            await answer.aclose()


async def _cost(answer: AsyncIterator[Saying]) -> Usage:
    """Of an answer nobody wants any more, where it ends soon; nothing is known otherwise."""
    try:
        async with asyncio.timeout(COST_WITHIN_S):
            async for piece in answer:
                if piece.reason:
                    return piece.usage
    except (TimeoutError, ProviderError):
        pass
    return Usage()


def _instructed(asking: Asking) -> Asking:
    """The same, with the marker told at the end of the system prompt."""
    messages = asking.messages
    if messages and messages[0].role == "system":
        first = replace(messages[0], text=f"{messages[0].text}\n\n{INSTRUCTION}")
        return replace(asking, messages=(first, *messages[1:]))
    return replace(asking, messages=(Message(role="system", text=INSTRUCTION), *messages))


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        prompt_tokens=one.prompt_tokens + other.prompt_tokens,
        cached_tokens=one.cached_tokens + other.cached_tokens,
        reply_tokens=one.reply_tokens + other.reply_tokens,
        audio_tokens=one.audio_tokens + other.audio_tokens,
    )
