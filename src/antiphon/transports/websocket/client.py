"""A caller in Python: the client's end of ``antiphon.1``.

Moves messages only; what the agent's audio sounds like to the caller is ear.py.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import websockets
from websockets.asyncio.client import ClientConnection, connect

from antiphon.audio import g711
from antiphon.errors import RemoteProtocolError, Unavailable
from antiphon.transports.websocket import wire
from antiphon.transports.websocket.socket import Gone

__all__ = ["CallClient", "dial"]

MAX_FRAME: Final = 1 << 20
"""The server's frames are a tenth of a second; more than this is not our server."""


@asynccontextmanager
async def dial(
    url: str,
    *,
    rate_hz: int = 16000,
    encoding: wire.Encoding = "pcm16",
    token: str = "",
    origin: str | None = None,
    transfers: bool = False,
) -> AsyncIterator["CallClient"]:
    """Call the server at ``url`` (``ws://host:port/v1/call``), and hang up at the end.
    ``transfers``: whoever iterates answers `wire.Transfer`.

    Raises `Unavailable` if nobody answers and `RemoteProtocolError` if the server refuses.
    """
    hello = wire.Hello(
        version=wire.VERSION,
        rate_hz=rate_hz,
        encoding=encoding,
        token=token,
        transfers=transfers,
    )
    try:
        connection = await connect(
            url,
            subprotocols=[websockets.Subprotocol(wire.SUBPROTOCOL)],
            origin=websockets.Origin(origin) if origin else None,
            compression=None,
            ping_interval=None,
            max_size=MAX_FRAME,
            proxy=None,
        )
    except (OSError, websockets.InvalidHandshake, TimeoutError) as error:
        raise Unavailable(f"no answer at {url}: {error}") from error
    async with connection:
        client = CallClient(connection)
        await client.start(hello)
        yield client


class CallClient:
    """One call. Iterate over it for what the server sends; pings are answered on the way."""

    welcome: wire.Welcome

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._encoding: wire.Encoding = "pcm16"

    async def start(self, hello: wire.Hello) -> None:
        """Say hello and wait for the welcome; called by `dial`."""
        self._encoding = hello.encoding
        try:
            # A server that is full says so and closes without waiting for hello.
            with suppress(Gone):
                await self.say(hello)
            first = await self.next()
        except Gone as gone:
            raise Unavailable(f"the server closed the connection ({gone})") from None
        if isinstance(first, wire.Error):
            raise RemoteProtocolError(first.what, code=first.code)
        if not isinstance(first, wire.Welcome):
            raise RemoteProtocolError(f"expected welcome, got {type(first).__name__}")
        self.welcome = first

    async def say(self, message: wire.ClientMessage) -> None:
        """Send a message. Raises `Gone` once the connection is closed, as do the others."""
        await self._send(wire.encode(message))

    async def speak(self, pcm: bytes) -> None:
        """Send caller audio, PCM16 at the call's rate. The caller of this keeps the pace."""
        await self._send(g711.encode_mulaw(pcm) if self._encoding == "mulaw" else pcm)

    async def next(self) -> wire.ServerMessage | wire.AgentAudio:
        """What the server sends next, but for pings, which are answered here."""
        while True:
            try:
                frame = await self._connection.recv()
            except websockets.ConnectionClosed as closed:
                raise _gone(closed) from None
            if isinstance(frame, bytes):
                return wire.decode_audio(frame, self._encoding)
            message = wire.decode_server(frame)
            if not isinstance(message, wire.Ping):
                return message
            await self.say(wire.Pong(message.id))

    def __aiter__(self) -> "CallClient":
        return self

    async def __anext__(self) -> wire.ServerMessage | wire.AgentAudio:
        try:
            return await self.next()
        except Gone:
            raise StopAsyncIteration from None

    async def _send(self, frame: str | bytes) -> None:
        try:
            await self._connection.send(frame)
        except websockets.ConnectionClosed as closed:
            raise _gone(closed) from None


def _gone(closed: websockets.ConnectionClosed) -> Gone:
    return Gone(closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else Gone(1006)
