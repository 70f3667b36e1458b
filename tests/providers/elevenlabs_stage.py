"""A vendor of a test's own: a WebSocket server that does what the test says, on a free port."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

from antiphon.net.account import Account

RATE_HZ = 8000


@asynccontextmanager
async def vendor(handle: Callable[[ServerConnection], Awaitable[None]]) -> AsyncIterator[Account]:
    async with serve(handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield Account.model_validate({"api_key": "k", "base_url": f"http://127.0.0.1:{port}"})


def audio(context: str, text: str, *, seconds: float = 0.0, **other: Any) -> str:
    """A message with audio, and characters of 50 ms each unless it is told otherwise."""
    samples = round((seconds or len(text) * 0.05) * RATE_HZ)
    message: dict[str, Any] = {
        "audio": base64.b64encode(bytes(2 * samples)).decode(),
        "contextId": context,
        "isFinal": None,
        "alignment": {
            "chars": list(text),
            "charStartTimesMs": [50 * n for n in range(len(text))],
            "charDurationsMs": [50] * len(text),
        },
    }
    return json.dumps(message | other)


def final(context: str) -> str:
    return json.dumps({"isFinal": True, "contextId": context})


class Texts:
    """What a client says on one connection, as its handler reads it."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self.all: list[dict[str, Any]] = []

    async def next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await self.socket.recv())
        self.all.append(message)
        return message

    async def until(self, wanted: str) -> dict[str, Any]:
        """The next message that has this."""
        while not (message := await self.next()).get(wanted):
            pass
        return message
