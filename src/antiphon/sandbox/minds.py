"""An answer of the sandbox's mind, told as a vendor tells it, by the event or all at once."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from itertools import count
from typing import cast

import msgspec

from antiphon.errors import ProviderError
from antiphon.net.asked import Asked, Reply
from antiphon.net.sse import Sent, encode
from antiphon.ports.llm import Saying
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.line import Over
from antiphon.sandbox.vendor import Means, Refusal

__all__ = ["bearer", "number", "pieces", "stream", "turn_down", "whole"]


def number(means: Means) -> int:
    """A number no other answer has."""
    found: int = next(means.kept.setdefault("answers", count(1)))
    return found


def bearer(headers: Mapping[str, str]) -> str:
    """The key in the header most vendors use."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else ""


async def stream(
    exchange: Exchange, means: Means, asked: Asked, reply: Reply, headers: Mapping[str, str]
) -> None:
    """Tell it as server-sent events."""
    await exchange.start({**headers, "content-type": "text/event-stream; charset=utf-8"})
    await _send(exchange, reply.begin())
    async with aclosing(pieces(exchange, means, asked)) as said:
        async for piece in said:
            await _send(exchange, reply.say(piece))
    await exchange.finish()


async def whole(exchange: Exchange, means: Means, asked: Asked, reply: Reply) -> None:
    """Tell it when all of it is there."""
    reply.begin()
    async with aclosing(pieces(exchange, means, asked)) as said:
        async for piece in said:
            reply.say(piece)
    await exchange.answer(msgspec.json.encode(reply.whole()))


async def turn_down(exchange: Exchange, refusal: Refusal) -> None:
    """Answer a request that makes no sense."""
    await exchange.answer(msgspec.json.encode(refusal.body), status=refusal.status)


async def _send(exchange: Exchange, events: list[Sent]) -> None:
    for event in events:
        await exchange.send(encode(event))


async def pieces(exchange: Exchange, means: Means, asked: Asked) -> AsyncGenerator[Saying, None]:
    """What the mind says; close it when nobody listens."""
    answer = cast("AsyncGenerator[Saying, None]", means.mind.answer(asked.asking))
    try:
        async with aclosing(answer):
            async for piece in answer:
                yield piece
    except ProviderError:
        exchange.vanish()  # its own trouble is no vendor's trouble: there is no word for it
        raise Over from None
