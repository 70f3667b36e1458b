"""Cartesia's WebSockets and its HTTP requests as the sandbox opens them."""

import uuid
from collections.abc import Mapping
from functools import partial
from typing import Final

from starlette.websockets import WebSocket

from antiphon.sandbox.cartesia import access
from antiphon.sandbox.cartesia.desks import DESKS
from antiphon.sandbox.cartesia.listen import listen_mistake, serve_listen
from antiphon.sandbox.cartesia.speak import serve_speak
from antiphon.sandbox.cartesia.turns import serve_turns, turns_mistake
from antiphon.sandbox.vendor import Door

__all__ = ["DESKS", "DOORS"]


def _speak_mistake(websocket: WebSocket) -> str:
    return access.version_missing(websocket.headers, websocket.query_params)


def _listen_mistake(websocket: WebSocket) -> str:
    return _speak_mistake(websocket) or listen_mistake(websocket)


def _turns_mistake(websocket: WebSocket) -> str:
    return _listen_mistake(websocket) or turns_mistake(websocket)


def _headers() -> Mapping[str, str]:
    return {"x-request-id": str(uuid.uuid4())}


_door = partial(Door, key=access.key, refuse=access.refuse, headers=_headers)

DOORS: Final = (
    _door(path="/tts/websocket", mistake=_speak_mistake, serve=serve_speak),
    _door(path="/stt/websocket", mistake=_listen_mistake, serve=serve_listen),
    _door(path="/stt/turns/websocket", mistake=_turns_mistake, serve=serve_turns),
)
