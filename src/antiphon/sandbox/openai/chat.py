"""Chat completions as the sandbox serves them: OpenAI's, and a server that speaks them too.

That other server wants no key, and puts the conversation into a strict template, as many models
that people run themselves have one: the system prompt first, then user and assistant by turns.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.requests import HTTPConnection

from antiphon.errors import RemoteProtocolError
from antiphon.net.asked import Asked
from antiphon.providers.openai.wire.chat import ChatReply, read
from antiphon.sandbox import minds
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.vendor import Desk, Means, Refusal

__all__ = ["DESKS", "key", "refuse", "wrong"]

KINDS: Final[Mapping[int, tuple[str, str | None]]] = {
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
}
"""A refusal's type and code, by its status; the codes are from memory of the API (unconfirmed)."""


def key(connection: HTTPConnection) -> str:
    """The key of a request."""
    return minds.bearer(connection.headers)


def refuse(status: int, why: str) -> Refusal:
    """OpenAI's way to say no."""
    kind, code = KINDS.get(
        status, ("server_error" if status >= 500 else "invalid_request_error", None)
    )
    return Refusal(status, {"x-request-id": "req_sandbox"}, _error(why, kind, None, code))


def wrong(error: RemoteProtocolError) -> Refusal:
    """The same, where a parameter is wrong."""
    param = None if error.code == "body" else error.code
    return Refusal(400, {}, _error(str(error), "invalid_request_error", param, None))


def _error(why: str, kind: str, param: str | None, code: str | None) -> Mapping[str, Any]:
    return {"error": {"message": why, "type": kind, "param": param, "code": code}}


def _serve(check: Callable[[Asked], None]) -> Callable[[Exchange, Means], Any]:
    async def serve(exchange: Exchange, means: Means) -> None:
        try:
            asked, costs = read(await exchange.body())
            check(asked)
        except RemoteProtocolError as error:
            await minds.turn_down(exchange, wrong(error))
            return
        created = int(means.clock.now())
        reply = ChatReply(asked, minds.number(means), created, costs=costs)
        if asked.stream:
            await minds.stream(exchange, means, asked, reply, {"x-request-id": "req_sandbox"})
        else:
            await minds.whole(exchange, means, asked, reply)

    return serve


def _anything(asked: Asked) -> None:
    """OpenAI itself takes messages in any order."""


def _template(asked: Asked) -> None:
    roles = [message.role for message in asked.asking.messages]
    if "system" in roles[1:]:
        raise RemoteProtocolError("System message must be at the beginning.", code="messages")
    turns = [role for role in roles if role != "system"]
    if any(role != ("user", "assistant")[at % 2] for at, role in enumerate(turns)):
        why = "Conversation roles must alternate user/assistant/user/assistant/..."
        raise RemoteProtocolError(why, code="messages")


DESKS: Final = (
    Desk(path="/v1/chat/completions", key=key, refuse=refuse, serve=_serve(_anything)),
    Desk(
        path="/compatible/v1/chat/completions",
        key=None,
        refuse=refuse,
        serve=_serve(_template),
    ),
)
