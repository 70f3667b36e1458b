"""Anthropic's Messages API as the sandbox serves it, in both of its versions of today.

A key comes as ``x-api-key`` with version 2023-06-01, and as a bearer token with 2026-10-21.
Whether the service still takes the older header with the newer version is not known; here it does.
"""

from collections.abc import Mapping
from typing import Final

from starlette.requests import HTTPConnection

from antiphon.errors import RemoteProtocolError
from antiphon.providers.anthropic.wire import MessageReply, read
from antiphon.sandbox import minds
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.vendor import Desk, Means, Refusal

__all__ = ["DESKS"]

KINDS: Final[Mapping[int, str]] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""As its SDK knows them; that 529 is the status of an overload is from memory (unconfirmed)."""
HEADERS: Final = {"request-id": "req_sandbox"}


def _key(connection: HTTPConnection) -> str:
    return connection.headers.get("x-api-key") or minds.bearer(connection.headers)


def _refuse(status: int, why: str) -> Refusal:
    kind = KINDS.get(status, "api_error" if status >= 500 else "invalid_request_error")
    error = {"type": kind, "message": why}
    return Refusal(status, HEADERS, {"type": "error", "error": error, "request_id": "req_sandbox"})


async def _serve(exchange: Exchange, means: Means) -> None:
    version = exchange.headers.get("anthropic-version", "")
    try:
        asked = read(await exchange.body(), version)
    except RemoteProtocolError as error:
        await minds.turn_down(exchange, _refuse(400, str(error)))
        return
    reply = MessageReply(asked, minds.number(means))
    if asked.stream:
        await minds.stream(exchange, means, asked, reply, HEADERS)
    else:
        await minds.whole(exchange, means, asked, reply)


DESKS: Final = (Desk(path="/v1/messages", key=_key, refuse=_refuse, serve=_serve),)
