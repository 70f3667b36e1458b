"""One HTTP request as a pretended vendor sees it: a body in, chunks out, faults on the way.

A vendor's module reads and sends, and knows nothing of faults. When the exchange is over, whoever's
doing it was, `send` raises `Over`. Each chunk counts as one frame of the vendor's for a fault's
``after``.
"""

from collections.abc import Mapping
from contextlib import suppress
from random import Random
from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.types import Send

from antiphon.ports.clock import Clock
from antiphon.sandbox.drip import Drip
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.line import TRANSPORT, Over
from antiphon.sandbox.record import Frame, Request

__all__ = ["Exchange"]


class Exchange:
    """Made for a request that was let in."""

    def __init__(
        self,
        http: HttpRequest,
        send: Send,
        request: Request,
        fault: Fault,
        clock: Clock,
        luck: Random,
    ) -> None:
        self.request = request
        self._http, self._put, self._fault = http, send, fault
        self._clock, self._luck = clock, luck
        self._sent = 0
        self._held: bytes | None = None
        self._started = False
        self._raw = False
        """The body is sound and nothing else: only HTTP's own framing can be broken."""

    @property
    def headers(self) -> Headers:
        return self._http.headers

    @property
    def query(self) -> QueryParams:
        return self._http.query_params

    @property
    def path(self) -> Mapping[str, Any]:
        """What stood in the path's variable places."""
        return self._http.path_params

    @property
    def method(self) -> str:
        return self._http.method

    async def body(self) -> bytes:
        """All that the client sent."""
        try:
            data = await self._http.body()
        except ClientDisconnect:
            raise Over from None
        if data and not self.request.frames:
            self.request.frames.append(Frame("client", data, self._clock.now()))
        return data

    async def json(self) -> Any:
        """The same as JSON. Raises `ValueError`."""
        await self.body()
        return await self._http.json()

    async def form(self) -> Any:
        """The same as a form: `starlette.datastructures.FormData`."""
        await self.body()
        return await self._http.form()

    async def start(self, headers: Mapping[str, str], status: int = 200) -> None:
        """Begin the answer."""
        await self._delay()
        self.request.status = status
        self._started = True
        self._raw = headers.get("content-type", "").startswith("audio/")
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self._asgi({"type": "http.response.start", "status": status, "headers": raw})

    async def send(self, chunk: bytes) -> None:
        """More of it, as late and as broken as the fault says."""
        await self._delay()
        fault, due = self._fault, self._sent >= self._fault.after
        if due and (fault.stall or fault.half_open):
            await self._until_gone()
        if due and (fault.vanish or fault.close):
            self.vanish()
            raise Over
        if due and fault.drip_s:
            self._transport.drip(fault.drip_s)
        self._sent += 1
        for each in self._mangled(chunk, due):
            await self._write(each)

    async def finish(self) -> None:
        """There is no more."""
        held, self._held = self._held, None
        if held:
            await self._write(held)
        await self._asgi({"type": "http.response.body", "body": b"", "more_body": False})
        self._end("vendor")

    async def answer(
        self, body: bytes, content_type: str = "application/json", status: int = 200
    ) -> None:
        """All of it at once."""
        await self.start({"content-type": content_type}, status)
        await self.send(body)
        await self.finish()

    def vanish(self) -> None:
        """Gone without a word."""
        self._end("vanished")
        self._transport.abort()

    async def watch(self) -> None:
        """Wait until the client has gone; run it beside the work that is to end then."""
        while (await self._http.receive())["type"] != "http.disconnect":
            pass
        self._end("client")
        raise Over

    async def aclose(self) -> None:
        """Give back the files of a form, if one came."""
        await self._http.close()

    @property
    def _transport(self) -> Drip:
        transport: Drip = self._http.scope["extensions"][TRANSPORT]
        return transport

    async def _delay(self) -> None:
        wait_s = self._fault.latency_s + self._luck.random() * self._fault.jitter_s
        if wait_s:
            await self._clock.sleep_until(self._clock.now() + wait_s)

    async def _until_gone(self) -> None:
        with suppress(Over):
            await self.watch()
        raise Over

    def _mangled(self, chunk: bytes, due: bool) -> list[bytes]:
        once = due and self._sent == self._fault.after + 1
        if self._fault.malformed and once and self._raw:
            self._transport.write(b"{ no chunk's length\r\n")
        elif self._fault.malformed and once:
            return [b"\x00{" + chunk[: len(chunk) // 2]]
        if self._fault.reorder and once:
            self._held = chunk
            return []
        held, self._held = self._held, None
        return [chunk] if held is None else [chunk, held]

    async def _write(self, chunk: bytes) -> None:
        await self._asgi({"type": "http.response.body", "body": chunk, "more_body": True})
        self.request.frames.append(Frame("vendor", chunk, self._clock.now()))

    async def _asgi(self, message: dict[str, Any]) -> None:
        if self._transport.is_closing():
            self._end("client")
            raise Over
        try:
            await self._put(message)
            await self._transport.dried()
        except (OSError, RuntimeError):
            raise Over from None

    def _end(self, how: str) -> None:
        self.request.ended = self.request.ended or how
