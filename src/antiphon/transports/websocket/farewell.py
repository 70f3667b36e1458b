"""The end of a connection: the last words to a peer, and closing, within a bounded time."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from antiphon.transports.websocket import wire
from antiphon.transports.websocket.socket import Gone, Socket

__all__ = ["close_with", "refuse"]

LAST_WORDS_S: Final = 1.0
"""How long a peer may take to accept them."""
CLOSING_S: Final = 0.5
"""How long it may then take to accept the close."""


async def refuse(socket: Socket, code: str, what: str) -> None:
    """Tell a client why it is not served, and close. ``code`` is one of `wire.CLOSE_CODES`."""
    await close_with(
        socket, [wire.encode(wire.Error(code=code, what=what))], wire.CLOSE_CODES[code], code
    )


async def close_with(socket: Socket, last: Iterable[str], code: int, reason: str) -> None:
    """Send ``last`` and close. A peer that is slow or gone has lost its claim to be told."""
    with suppress(Gone, TimeoutError):
        async with asyncio.timeout(LAST_WORDS_S):
            for message in last:
                await socket.send(message)
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSING_S):
            await socket.close(code, reason)
