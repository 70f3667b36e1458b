"""Who Cartesia's sandbox lets in, and how it says no.

Two shapes are let in: the present interface's (``Authorization: Bearer`` and a header with its
version), and the older one's (``X-API-Key``, the version in the query).
"""

import uuid
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers, QueryParams
from starlette.requests import HTTPConnection

from antiphon.sandbox.vendor import Refusal

__all__ = ["key", "refuse", "version_missing"]

TITLES: Final[Mapping[int, tuple[str, str]]] = {
    400: ("invalid_request", "Invalid request"),
    401: ("unauthorized", "Unauthorized"),
    403: ("forbidden", "Forbidden"),
    404: ("not_found", "Not found"),
    429: ("concurrency_limited", "Too many concurrent requests"),
}
"""The last is documented; the codes of the others are ours."""


def key(connection: HTTPConnection) -> str:
    """The key a client presented."""
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return token.strip()
    header = connection.headers.get("x-api-key", "")
    return header or connection.query_params.get("api_key", "")


def refuse(status: int, why: str) -> Refusal:
    """As the documentation shows it."""
    code, title = TITLES.get(status, ("error", "Error"))
    request = str(uuid.uuid4())
    body = {"error_code": code, "title": title, "message": why, "request_id": request}
    return Refusal(status, {}, body)


def version_missing(headers: Headers, query: QueryParams) -> str:
    """What is wrong where a request does not name the version of the interface."""
    named = headers.get("cartesia-version") or query.get("cartesia_version")
    return "" if named else "Cartesia-Version is missing"
