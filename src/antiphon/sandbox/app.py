"""The sandbox as a web application: from an opening request to a vendor that serves it."""

import asyncio
from collections.abc import Callable, Sequence
from random import Random

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from antiphon.errors import RemoteProtocolError
from antiphon.sandbox.faults import Fault, Rules
from antiphon.sandbox.line import Line, Over
from antiphon.sandbox.record import Request, without_keys
from antiphon.sandbox.vendor import Door, Means, Refusal

__all__ = ["Stage", "create_app"]


class Stage:
    """What an application and its owner share. The owner may look at it from another thread."""

    def __init__(self, means: Means, *, key: str | None, rules: Rules, seed: int) -> None:
        self.means = means
        self.key = key
        """What clients must present; None: anything, but something."""
        self.rules = rules
        self.requests: list[Request] = []
        self.lines: set[Line] = set()
        self.luck = Random(seed)


def create_app(doors: Sequence[Door], stage: Stage) -> Starlette:
    """One route for each door."""

    async def alive(_: HttpRequest) -> Response:
        return PlainTextResponse("antiphon sandbox\n")

    routes = [WebSocketRoute(door.path, _endpoint(door, stage)) for door in doors]
    return Starlette(routes=[*routes, Route("/", alive)])


def _endpoint(door: Door, stage: Stage) -> Callable[[WebSocket], "asyncio.Future[None]"]:
    async def take(websocket: WebSocket) -> None:
        key = door.key(websocket)
        request = Request(
            path=websocket.url.path,
            query=websocket.query_params.multi_items(),
            headers=without_keys(dict(websocket.headers)),
            authorised=bool(key) and stage.key in (None, key),
            at_s=stage.means.clock.now(),
        )
        stage.requests.append(request)
        try:
            fault = stage.rules.fault(request.path, websocket.headers, websocket.query_params)
        except RemoteProtocolError as error:
            await _turn_down(websocket, request, door.refuse(400, str(error)), None)
            return
        if fault.connect_s:
            await stage.means.clock.sleep_until(stage.means.clock.now() + fault.connect_s)
        if refusal := _refusal(door, websocket, request, fault):
            await _turn_down(websocket, request, refusal, fault.retry_after_s)
            return
        await websocket.accept(
            headers=[(k.encode(), v.encode()) for k, v in door.headers().items()]
        )
        line = Line(websocket, request, fault, stage.means.clock, stage.luck)
        stage.lines.add(line)
        try:
            await door.serve(line, websocket, stage.means)
        except* Over:
            pass
        finally:
            stage.lines.discard(line)

    return take  # type: ignore[return-value]


def _refusal(door: Door, websocket: WebSocket, request: Request, fault: Fault) -> Refusal | None:
    if fault.refuse:
        return door.refuse(fault.refuse, fault.reason or "asked for by a fault")
    if not request.authorised:
        return door.refuse(401, "Invalid credentials.")
    if mistake := door.mistake(websocket):
        return door.refuse(400, mistake)
    return None


async def _turn_down(
    websocket: WebSocket, request: Request, refusal: Refusal, retry_after_s: float | None
) -> None:
    request.status = refusal.status
    headers = dict(refusal.headers)
    if retry_after_s is not None:
        headers["retry-after"] = f"{retry_after_s:g}"
    await websocket.send_denial_response(
        JSONResponse(dict(refusal.body), status_code=refusal.status, headers=headers)
    )
