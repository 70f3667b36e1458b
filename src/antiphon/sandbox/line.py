"""One connection as a pretended vendor sees it: frames in, frames out, faults on the way.

A vendor's module reads and sends, and knows nothing of faults. When the connection is over,
whoever's doing it was, both methods raise `Over`.
"""

import asyncio
from contextlib import suppress
from random import Random
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from antiphon.ports.clock import Clock
from antiphon.sandbox.drip import Drip
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.record import Frame, Request

__all__ = ["TRANSPORT", "Line", "Over"]

TRANSPORT: Final = "antiphon.sandbox.transport"
"""Where the server leaves the connection's transport in the scope: some faults are below HTTP."""


class Over(Exception):
    """The connection has ended."""


class Line:
    """Made for an accepted WebSocket."""

    def __init__(
        self, websocket: WebSocket, request: Request, fault: Fault, clock: Clock, luck: Random
    ) -> None:
        self.request = request
        self._websocket, self._fault, self._clock, self._luck = websocket, fault, clock, luck
        self._sent = 0
        self._cut = False
        """What is to be malformed has been."""
        self._held: str | bytes | None = None
        self._silent = False
        self._sending = asyncio.Lock()

    async def receive(self) -> str | bytes:
        """The client's next frame."""
        if self._silent and self._fault.half_open:
            await _forever()
        try:
            message = await self._websocket.receive()
        except (WebSocketDisconnect, RuntimeError):
            raise Over from None
        if message["type"] == "websocket.disconnect":
            self._end("client")
            raise Over
        text = message.get("text")
        data: str | bytes = text if text is not None else message["bytes"]
        self.request.frames.append(Frame("client", data, self._clock.now()))
        return data

    async def send(self, frame: str | bytes) -> None:
        """A frame to the client, in order, as late and as broken as the fault says."""
        async with self._sending:
            await self._delay()
            if self._silent:
                return
            fault, due = self._fault, self._sent >= self._fault.after
            if due and (fault.stall or fault.half_open):
                await self._fall_silent()
                return
            if due and (fault.vanish or fault.close):
                await self._break()
            if due and fault.drip_s:
                self._transport.drip(fault.drip_s)
            self._sent += 1
            for each in self._mangled(frame, due):
                await self._put(each)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """The vendor closes."""
        if self._silent:
            return
        self._end(f"vendor {code}")
        with suppress(WebSocketDisconnect, RuntimeError):
            await self._websocket.close(code, reason)
        raise Over

    def vanish(self) -> None:
        """Gone without a word."""
        self._end("vanished")
        self._transport.abort()

    @property
    def _transport(self) -> Drip:
        transport: Drip = self._websocket.scope["extensions"][TRANSPORT]
        return transport

    async def _delay(self) -> None:
        wait_s = self._fault.latency_s + self._luck.random() * self._fault.jitter_s
        if wait_s:
            await self._clock.sleep_until(self._clock.now() + wait_s)

    async def _fall_silent(self) -> None:
        self._silent = True
        if self._fault.half_open:
            self._transport.pause_reading()

    async def _break(self) -> None:
        if self._fault.vanish:
            self.vanish()
            raise Over
        await self.close(self._fault.close, self._fault.reason)

    def _mangled(self, frame: str | bytes, due: bool) -> list[str | bytes]:
        """What is sent in this frame's place."""
        once = due and self._sent == self._fault.after + 1
        if self._fault.malformed and due and not self._cut and isinstance(frame, str):
            self._cut = True
            return [frame[: len(frame) // 2]]
        if self._fault.reorder and once:
            self._held = frame
            return []
        held, self._held = self._held, None
        return [frame] if held is None else [frame, held]

    async def _put(self, frame: str | bytes) -> None:
        if self._transport.is_closing():
            raise Over
        try:
            if isinstance(frame, str):
                await self._websocket.send_text(frame)
            else:
                await self._websocket.send_bytes(frame)
            await self._transport.dried()
        except (WebSocketDisconnect, RuntimeError):
            raise Over from None
        self.request.frames.append(Frame("vendor", frame, self._clock.now()))

    def _end(self, how: str) -> None:
        self.request.ended = self.request.ended or how


async def _forever() -> None:
    await asyncio.get_running_loop().create_future()
