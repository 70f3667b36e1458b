"""The beginning of a call: hello, and welcome or a refusal.

Lives here: everything that is decided before there is a call. What happens in it is transport.py.
"""

import asyncio
import hmac
from typing import Final

from antiphon.errors import RemoteProtocolError, Unavailable
from antiphon.ports.clock import Clock
from antiphon.transports.websocket import wire
from antiphon.transports.websocket.farewell import refuse
from antiphon.transports.websocket.settings import WebSocketSettings
from antiphon.transports.websocket.socket import Gone, Socket
from antiphon.transports.websocket.transport import WebSocketTransport

__all__ = ["greet"]

MULAW_HZ: Final = 8000
"""G.711 is defined at this rate only."""


async def greet(
    socket: Socket, *, call: str, token: str, settings: WebSocketSettings, clock: Clock
) -> WebSocketTransport:
    """Wait for hello and answer it; returns the transport to hand to the call.

    ``token`` is what hello must carry, or empty. Raises `RemoteProtocolError` for a client that
    cannot be served, after telling it why and closing, and `Unavailable` if it left.
    """
    try:
        hello = await _hello(socket, settings)
        _check(hello, token, settings)
    except RemoteProtocolError as error:
        await refuse(socket, error.code, str(error))
        raise
    except Gone as gone:
        raise Unavailable(f"the caller left before saying hello ({gone})") from None
    transport = WebSocketTransport(
        socket,
        call=call,
        rate_hz=hello.rate_hz,
        encoding=hello.encoding,
        settings=settings,
        clock=clock,
        transfers=hello.transfers,
    )
    transport.welcome()
    return transport


async def _hello(socket: Socket, settings: WebSocketSettings) -> wire.Hello:
    try:
        async with asyncio.timeout(settings.hello_s):
            first = await socket.receive()
    except TimeoutError:
        raise RemoteProtocolError(
            f"no hello within {settings.hello_s:g} s", code="hello_expected"
        ) from None
    if isinstance(first, bytes):
        raise RemoteProtocolError("audio before hello", code="hello_expected")
    if len(first) > settings.max_message_bytes:
        raise RemoteProtocolError("hello is too big", code="too_big")
    message = wire.decode_client(first)
    if not isinstance(message, wire.Hello):
        raise RemoteProtocolError("the first message must be hello", code="hello_expected")
    return message


def _check(hello: wire.Hello, token: str, settings: WebSocketSettings) -> None:
    if hello.version != wire.VERSION:
        raise RemoteProtocolError(
            f"version {hello.version} is not spoken here; versions: {wire.VERSION}",
            code="unsupported_version",
        )
    if token and not hmac.compare_digest(hello.token.encode(), token.encode()):
        raise RemoteProtocolError("wrong or missing token", code="unauthorised")
    if hello.rate_hz not in settings.rates_hz:
        allowed = ", ".join(map(str, settings.rates_hz))
        raise RemoteProtocolError(
            f"rate_hz {hello.rate_hz} is not supported; allowed: {allowed}",
            code="unsupported_format",
        )
    if hello.encoding == "mulaw" and hello.rate_hz != MULAW_HZ:
        raise RemoteProtocolError(
            f"mulaw at {hello.rate_hz} Hz is not supported; allowed: {MULAW_HZ}",
            code="unsupported_format",
        )
