"""Cartesia's WebSocket and its HTTP requests as the sandbox opens them: keys, versions, refusals.

Two shapes are let in: the present interface's (``Authorization: Bearer`` and a header with its
version), and the older one's (``X-API-Key``, the version in the query).
"""

import uuid
from collections.abc import Mapping
from typing import Final

from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from antiphon.sandbox.cartesia.speak import serve_speak
from antiphon.sandbox.vendor import Door, Refusal

__all__ = ["DOORS", "key", "refuse", "version_missing"]

TITLES: Final = {
    400: ("invalid_request", "Invalid request"),
    401: ("unauthorized", "Unauthorized"),
    403: ("forbidden", "Forbidden"),
    404: ("not_found", "Not found"),
    429: ("concurrency_limited", "Too many concurrent requests"),
}


def key(connection: HTTPConnection) -> str:
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return token.strip()
    header = connection.headers.get("x-api-key", "")
    return header or connection.query_params.get("api_key", "")


def refuse(status: int, why: str) -> Refusal:
    code, title = TITLES.get(status, ("error", "Error"))
    body = {
        "error_code": code,
        "title": title,
        "message": why,
        "request_id": str(uuid.uuid4()),
    }
    return Refusal(status, {}, body)


def version_missing(connection: HTTPConnection) -> str:
    """What is wrong where a request does not name the version of the interface."""
    named = connection.headers.get("cartesia-version") or connection.query_params.get(
        "cartesia_version"
    )
    return "" if named else "Cartesia-Version is missing"


def _mistake(websocket: WebSocket) -> str:
    return version_missing(websocket)


def _headers() -> Mapping[str, str]:
    return {"x-request-id": str(uuid.uuid4())}


DOORS: Final = (
    Door(
        path="/tts/websocket",
        key=key,
        refuse=refuse,
        mistake=_mistake,
        headers=_headers,
        serve=serve_speak,
    ),
)
