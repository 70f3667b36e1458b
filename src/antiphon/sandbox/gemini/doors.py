"""Gemini's API as the sandbox serves it: by the event, all at once, in both of its versions.

A client that wants a stream but no server-sent events gets one JSON list, piece by piece.
"""

from collections.abc import Mapping
from contextlib import aclosing
from functools import partial
from typing import Final

from starlette.requests import HTTPConnection

from antiphon.errors import RemoteProtocolError
from antiphon.net.asked import Asked, Reply
from antiphon.providers.gemini.wire import ContentReply, read
from antiphon.sandbox import minds
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.vendor import Desk, Means, Refusal

__all__ = ["DESKS"]

STATUSES: Final[Mapping[int, str]] = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""Google's names for them."""


def _key(connection: HTTPConnection) -> str:
    return connection.headers.get("x-goog-api-key") or connection.query_params.get("key", "")


def _refuse(status: int, why: str) -> Refusal:
    if status == 401:  # a wrong key is a wrong argument there (third party)
        status, why = 400, "API key not valid. Please pass a valid API key."
    error = {"code": status, "message": why, "status": STATUSES.get(status, "UNKNOWN")}
    return Refusal(status, {}, {"error": error})


async def _serve(exchange: Exchange, means: Means, *, stream: bool) -> None:
    try:
        asked = read(await exchange.body(), exchange.path["model"], stream=stream)
    except RemoteProtocolError as error:
        await minds.turn_down(exchange, _refuse(400, str(error)))
        return
    reply = ContentReply(asked, minds.number(means))
    if not stream:
        await minds.whole(exchange, means, asked, reply)
    elif exchange.query.get("alt") == "sse":
        await minds.stream(exchange, means, asked, reply, {})
    else:
        await _list(exchange, means, asked, reply)


async def _list(exchange: Exchange, means: Means, asked: Asked, reply: Reply) -> None:
    await exchange.start({"content-type": "application/json; charset=UTF-8"})
    before = "["
    async with aclosing(minds.pieces(exchange, means, asked)) as pieces:
        async for piece in pieces:
            for sent in reply.say(piece):
                await exchange.send(f"{before}{sent.data}".encode())
                before = ",\r\n"
    await exchange.send(b"]")
    await exchange.finish()


_desk = partial(Desk, key=_key, refuse=_refuse)

DESKS: Final = tuple(
    _desk(path=f"/{version}/models/{{model}}:{method}", serve=partial(_serve, stream=stream))
    for version in ("v1", "v1beta")
    for method, stream in (("streamGenerateContent", True), ("generateContent", False))
)
