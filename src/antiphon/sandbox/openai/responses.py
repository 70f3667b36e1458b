"""OpenAI's Responses API as the sandbox serves it. Nothing is kept: a request that goes on from a
stored answer is not understood."""

from typing import Final

from antiphon.errors import RemoteProtocolError
from antiphon.providers.openai.wire.responses import ResponsesReply, read
from antiphon.sandbox import minds
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.openai.chat import key, refuse, wrong
from antiphon.sandbox.vendor import Desk, Means

__all__ = ["DESKS"]


async def _serve(exchange: Exchange, means: Means) -> None:
    try:
        asked = read(await exchange.body())
    except RemoteProtocolError as error:
        await minds.turn_down(exchange, wrong(error))
        return
    reply = ResponsesReply(asked, minds.number(means), int(means.clock.now()))
    if asked.stream:
        await minds.stream(exchange, means, asked, reply, {"x-request-id": "req_sandbox"})
    else:
        await minds.whole(exchange, means, asked, reply)


DESKS: Final = (Desk(path="/v1/responses", key=key, refuse=refuse, serve=_serve),)
