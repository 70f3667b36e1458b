"""What one connection does otherwise than the library's: how long it waits, and how it ends.

Lives here: bytes and deadlines. What is said on a connection is the application's, when all of
them end is serve.py.

A socket that is closed while the peer's audio lies unread in the kernel answers with a reset, and
a peer that was just sending sees the reset instead of our last words. So whoever closes says so,
and goes on reading, into nothing, until the peer has closed too or its time is up.
"""

import asyncio
from typing import TYPE_CHECKING, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

__all__ = ["Http", "WebSocket"]

REQUEST_S: Final = 10.0
"""How long a connection may take to ask for something, headers included, before it is closed."""
FAREWELL_S: Final = 3.0
"""How long a peer may take to answer a close. What it had already sent comes first: a page lets
4 s of audio wait for a network that stalls, most of which is through by then."""
RESTARTING: Final = 1012
"""The close code of a server that goes down."""


class Http(H11Protocol):
    """A connection that asks for nothing is closed: the library waits for it for ever, as it does
    for one that never comes to the end of its request."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def handle_events(self) -> None:
        super().handle_events()
        # It is None until the first request, whatever its type says.
        if self.cycle is not None and not self.cycle.response_complete:  # type: ignore[redundant-expr]
            self._wait_no_more()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._wait()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._wait_no_more()
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._wait_no_more()
        self._patience = self.loop.call_later(REQUEST_S, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


class WebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that is closed is heard out first."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.close_timeout = FAREWELL_S
        super().connection_made(transport)

    def shutdown(self) -> None:
        """The server ends: tell a peer that is still here, and leave the others to their time."""
        if not self.handshake_complete:
            super().shutdown()
        elif not self.close_sent and not self.transport.is_closing():
            self.conn.send_close(RESTARTING)
            self._take_leave(RESTARTING)

    def handle_parser_exception(self) -> None:
        """What came is no WebSocket. What comes after it is not even looked at."""
        if self.close_sent:
            return
        sent = self.conn.close_sent
        assert sent is not None
        self._take_leave(sent.code, sent.reason)
        # A close of the peer's would not be recognised any more, but that it hangs up is.
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def handle_ping(self) -> None:
        """A peer that pings and takes nothing gets no more pongs: they would pile up here."""
        pongs = self.conn.data_to_send()
        if self.writable.is_set():
            self.transport.write(b"".join(pongs))

    async def send(self, message: "ASGISendEvent") -> None:
        """After a close of ours nothing more can be said, and the application may not know yet."""
        await self.writable.wait()
        if self.close_sent:
            raise ClientDisconnected
        await super().send(message)

    def _take_leave(self, code: int, reason: str = "") -> None:
        """Write the close that was made, tell the application, and wait for the peer."""
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.close)
