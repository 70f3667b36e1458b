"""Starlette's WebSocket as a `Socket`, without a network."""

from collections import deque
from typing import Any

import pytest
from starlette.websockets import WebSocket

from antiphon.server.socket import StarletteSocket
from antiphon.transports.websocket.socket import Gone


async def test_what_a_peer_said_before_it_stopped_reading_is_still_received() -> None:
    coming: deque[dict[str, Any]] = deque(
        [
            {"type": "websocket.connect"},
            {"type": "websocket.receive", "bytes": b"last words"},
            {"type": "websocket.receive", "text": "bye"},
            {"type": "websocket.disconnect", "code": 1000, "reason": ""},
        ]
    )

    async def receive() -> dict[str, Any]:
        return coming.popleft()

    async def send(message: Any) -> None:
        if message["type"] == "websocket.send":
            raise OSError("broken pipe")

    websocket = WebSocket({"type": "websocket", "headers": []}, receive, send)
    await websocket.accept()
    socket = StarletteSocket(websocket)
    for _ in range(2):
        with pytest.raises(Gone):
            await socket.send("more")
    await socket.close(1000, "nobody takes this any more")
    assert [await socket.receive(), await socket.receive()] == [b"last words", "bye"]
    for _ in range(2):
        with pytest.raises(Gone) as gone:
            await socket.receive()
        assert gone.value.code == 1000
