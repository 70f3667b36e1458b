"""Starlette's WebSocket as the `Socket` our transport speaks to."""

from starlette.websockets import WebSocket, WebSocketDisconnect

from antiphon.transports.websocket.socket import Gone

__all__ = ["StarletteSocket"]

LOST = 1006
"""The close code for a connection that ended without one."""


class StarletteSocket:
    """An accepted WebSocket."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._gone: Gone | None = None
        self._unreachable: Gone | None = None
        """The peer takes nothing any more. What it sent before is still to be received."""

    async def receive(self) -> str | bytes:
        """See `Socket`."""
        if self._gone:
            raise self._gone
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            # The server gives 1005, "no code", to a lost connection too, but then no reason.
            lost = message["code"] == 1005 and message.get("reason") is None
            self._gone = Gone(LOST if lost else message["code"], message.get("reason") or "")
            raise self._gone
        text: str | None = message.get("text")
        binary: bytes = message.get("bytes") or b""
        return binary if text is None else text

    async def send(self, message: str | bytes) -> None:
        """See `Socket`."""
        if gone := self._gone or self._unreachable:
            raise gone
        try:
            if isinstance(message, str):
                await self._websocket.send_text(message)
            else:
                await self._websocket.send_bytes(message)
        except WebSocketDisconnect as left:
            self._unreachable = Gone(left.code, left.reason)
            raise self._unreachable from None

    async def close(self, code: int, reason: str) -> None:
        """See `Socket`."""
        if self._gone or self._unreachable:
            return
        self._gone = Gone(LOST, "closed by us")
        try:
            await self._websocket.close(code, reason)
        except WebSocketDisconnect:
            return
