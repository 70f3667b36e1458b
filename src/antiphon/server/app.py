"""The web application: the page, the health checks, and the door for calls.

Lives here: from an opened connection to a call that is answered, and back. What a call is stays
with whoever made ``answer``; how the process listens and stops is serve.py.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from antiphon.console import pages
from antiphon.errors import RemoteProtocolError, Unavailable
from antiphon.ports.clock import Clock
from antiphon.ports.transport import Transport
from antiphon.server import admission
from antiphon.server.calls import STOPPING, Calls
from antiphon.server.settings import ServerSettings
from antiphon.server.socket import StarletteSocket
from antiphon.transports.websocket import wire
from antiphon.transports.websocket.farewell import refuse
from antiphon.transports.websocket.greeting import greet
from antiphon.transports.websocket.transport import WebSocketTransport

__all__ = ["Answer", "create_app"]

log = logging.getLogger(__name__)

Answer: TypeAlias = Callable[[Transport, str], Awaitable[None]]
"""Runs one call to its end on this transport; the text is its name, which the caller and our log
know it by too."""


def create_app(
    answer: Answer, settings: ServerSettings, calls: Calls, clock: Clock, name: str = "the agent"
) -> Starlette:
    """The application. ``calls`` is also what `antiphon.server.serve.serve` drains, ``name`` is
    whom the page says one talks to."""

    async def call(websocket: WebSocket) -> None:
        if not _may_connect(websocket, settings):
            await websocket.close()  # before accepting, this is HTTP 403
            return
        offered = wire.SUBPROTOCOL in websocket.scope.get("subprotocols", [])
        await websocket.accept(subprotocol=wire.SUBPROTOCOL if offered else None)
        await _take(websocket, answer, settings, calls, clock)

    async def ready(_: Request) -> Response:
        refusal = calls.refusal()
        why = refusal[1] if refusal else ""
        body = {"ready": not refusal, "why": why, "calls": len(calls), "limit": calls.limit}
        return JSONResponse(body, status_code=503 if refusal else 200)

    return Starlette(
        routes=[
            *pages.routes(name),
            WebSocketRoute("/v1/call", call),
            Route("/livez", _alive),
            Route("/readyz", ready),
        ]
    )


async def _alive(_: Request) -> Response:
    return PlainTextResponse("ok\n")


def _may_connect(websocket: WebSocket, settings: ServerSettings) -> bool:
    host, origin = websocket.headers.get("host", ""), websocket.headers.get("origin")
    if not admission.host_allowed(host, settings):
        log.warning("refused a connection to host %r", host)
        return False
    if not admission.origin_allowed(origin, host, settings):
        log.warning("refused a connection from origin %r", origin)
        return False
    return True


async def _take(
    websocket: WebSocket, answer: Answer, settings: ServerSettings, calls: Calls, clock: Clock
) -> None:
    socket = StarletteSocket(websocket)
    if await _turned_away(socket, calls):
        return
    token = settings.token.get_secret_value() if settings.token else ""
    if admission.bearer_matches(websocket.headers.get("authorization"), token):
        token = ""
    call = f"web-{secrets.token_hex(6)}"
    try:
        transport = await greet(
            socket, call=call, token=token, settings=settings.websocket, clock=clock
        )
    except (RemoteProtocolError, Unavailable) as error:
        # Quoted: it may repeat what the peer said, line ends and control codes included.
        log.warning("call %s did not begin: %r", call, str(error))
        return
    # Only now: whoever connects and says nothing, or has no token, must not keep callers out.
    if await _turned_away(socket, calls):
        return
    with calls.counted(call):
        async with _Isolated(call, socket, transport):
            await answer(transport, call)


async def _turned_away(socket: StarletteSocket, calls: Calls) -> bool:
    if refusal := calls.refusal():
        log.warning("turned a caller away: %s", refusal[1])
        await refuse(socket, *refusal)
    return refusal is not None


class _Isolated:
    """What goes wrong in one call ends that call, is logged under its name, and goes no further."""

    def __init__(self, call: str, socket: StarletteSocket, transport: WebSocketTransport) -> None:
        self._call, self._socket, self._transport = call, socket, transport

    async def __aenter__(self) -> None:
        log.info("call %s begins", self._call)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if isinstance(error, RemoteProtocolError | Unavailable):
            log.warning("call %s broke off: %r", self._call, str(error))
            return True
        if isinstance(error, Exception):
            log.error("call %s failed", self._call, exc_info=error)
            await refuse(self._socket, "internal", f"something went wrong; call {self._call}")
            return True
        await self._transport.aclose("the call is over" if error is None else STOPPING)
        log.info("call %s is over", self._call)
        # Cancelled, the task ends here all the same; the library would log it as a crash.
        return isinstance(error, asyncio.CancelledError)
