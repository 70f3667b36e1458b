"""The sandbox as a web application: from a request to the vendor that serves it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random

from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from antiphon.errors import RemoteProtocolError
from antiphon.net.socket import together
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.faults import Fault, Rules
from antiphon.sandbox.line import Line, Over
from antiphon.sandbox.record import Request, without_keys
from antiphon.sandbox.vendor import Desk, Door, Means, Refusal

__all__ = ["Stage", "create_app"]


class Stage:
    """What an application and its owner share. The owner may look at it from another thread."""

    def __init__(self, means: Means, *, key: str | None, rules: Rules, seed: int) -> None:
        self.means = means
        self.key = key
        """What clients must present; None: anything, but something."""
        self.rules = rules
        self.requests: list[Request] = []
        self.lines: set[Line | Exchange] = set()
        self.luck = Random(seed)

    def opened(self, connection: HTTPConnection, key: str | None) -> Request:
        """A request that came, ``key`` being what it presented; None where none is wanted."""
        request = Request(
            path=connection.url.path,
            query=without_keys(connection.query_params.multi_items()),
            headers=dict(without_keys(connection.headers.items())),
            authorised=key is None or (bool(key) and self.key in (None, key)),
            at_s=self.means.clock.now(),
        )
        self.requests.append(request)
        return request

    async def wait(self, seconds: float) -> None:
        if seconds:
            await self.means.clock.sleep_until(self.means.clock.now() + seconds)


def create_app(doors: Sequence[Door], desks: Sequence[Desk], stage: Stage) -> Starlette:
    """One route for each door and each desk."""

    async def alive(_: HttpRequest) -> Response:
        return PlainTextResponse("antiphon sandbox\n")

    routes: list[BaseRoute] = [WebSocketRoute(door.path, _socket(door, stage)) for door in doors]
    routes += [
        Route(desk.path, _Counter(desk, stage), methods=list(desk.methods)) for desk in desks
    ]
    return Starlette(routes=[*routes, Route("/", alive)])


# --- WebSocket -------------------------------------------------------------------------------


def _socket(door: Door, stage: Stage) -> Callable[[WebSocket], Awaitable[None]]:
    async def take(websocket: WebSocket) -> None:
        request = stage.opened(websocket, door.key and door.key(websocket))
        try:
            fault = stage.rules.fault(request.path, websocket.headers, websocket.query_params)
        except RemoteProtocolError as error:
            await _turn_down(websocket, request, door.refuse(400, str(error)), None)
            return
        await stage.wait(fault.connect_s)
        refusal = _refusal(door.refuse, request, fault)
        if refusal is None and (mistake := door.mistake(websocket)):
            refusal = door.refuse(400, mistake)
        if refusal is not None:
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

    return take


async def _turn_down(
    websocket: WebSocket, request: Request, refusal: Refusal, retry_after_s: float | None
) -> None:
    if refusal.close:
        await websocket.accept()
        await websocket.send_json(dict(refusal.body))
        request.ended = f"vendor {refusal.close}"
        await websocket.close(refusal.close, refusal.headers.get("reason", ""))
        return
    request.status = refusal.status
    await websocket.send_denial_response(_told(refusal, retry_after_s))


# --- HTTP ------------------------------------------------------------------------------------


class _Counter:
    """A desk as a bare ASGI application: some faults are below what a framework's response can
    express."""

    def __init__(self, desk: Desk, stage: Stage) -> None:
        self._desk, self._stage = desk, stage

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        desk, stage = self._desk, self._stage
        http = HttpRequest(scope, receive)
        request = stage.opened(http, desk.key and desk.key(http))
        try:
            fault = stage.rules.fault(request.path, http.headers, http.query_params)
        except RemoteProtocolError as error:
            await self._turn_down(http, send, request, desk.refuse(400, str(error)), NO_WAIT)
            return
        await stage.wait(fault.connect_s)
        if refusal := _refusal(desk.refuse, request, fault):
            await self._turn_down(http, send, request, refusal, fault)
            return
        exchange = Exchange(http, send, request, fault, stage.means.clock, stage.luck)
        stage.lines.add(exchange)
        try:
            await self._serve(exchange)
        except* Over:
            pass
        finally:
            stage.lines.discard(exchange)
            await exchange.aclose()

    async def _serve(self, exchange: Exchange) -> None:
        await exchange.body()
        # Who has gone is not worked for.
        await together(self._desk.serve(exchange, self._stage.means), exchange.watch())

    async def _turn_down(
        self, http: HttpRequest, send: Send, request: Request, refusal: Refusal, fault: Fault
    ) -> None:
        request.status = refusal.status
        await _told(refusal, fault.retry_after_s)(http.scope, http.receive, send)


NO_WAIT = Fault()


def _refusal(
    refuse: Callable[[int, str], Refusal], request: Request, fault: Fault
) -> Refusal | None:
    if fault.refuse:
        return refuse(fault.refuse, fault.reason or "asked for by a fault")
    if not request.authorised:
        return refuse(401, "Invalid credentials.")
    return None


def _told(refusal: Refusal, retry_after_s: float | None) -> JSONResponse:
    headers: Mapping[str, str] = refusal.headers
    if retry_after_s is not None:
        headers = {**headers, "retry-after": f"{retry_after_s:g}"}
    return JSONResponse(dict(refusal.body), status_code=refusal.status, headers=dict(headers))
