"""Cartesia's WebSocket and its HTTP requests as the sandbox opens them."""

import uuid
from collections.abc import Mapping
from typing import Final

from starlette.websockets import WebSocket

from antiphon.sandbox.cartesia import access
from antiphon.sandbox.cartesia.desks import DESKS
from antiphon.sandbox.cartesia.speak import serve_speak
from antiphon.sandbox.vendor import Door

__all__ = ["DESKS", "DOORS"]


def _mistake(websocket: WebSocket) -> str:
    return access.version_missing(websocket.headers, websocket.query_params)


def _headers() -> Mapping[str, str]:
    return {"x-request-id": str(uuid.uuid4())}


DOORS: Final = (
    Door(
        path="/tts/websocket",
        key=access.key,
        refuse=access.refuse,
        mistake=_mistake,
        headers=_headers,
        serve=serve_speak,
    ),
)
