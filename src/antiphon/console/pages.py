"""The routes of the web pages. The files lie in static/ and are served as they are."""

import html
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

__all__ = ["STATIC", "routes"]

STATIC: Final = Path(__file__).parent / "static"

HEADERS: Final = {
    # Everything the page needs comes from this server; nothing it shows can load or run more.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
        " form-action 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # The files carry no version in their names: ask each time, and be told "not modified".
    "Cache-Control": "no-cache",
}


class _Files(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        return response


def routes(name: str) -> list[BaseRoute]:
    """The page at ``/``, which says ``name`` of whom one talks to, and what it loads from
    ``/static``."""
    text = (STATIC / "index.html").read_text(encoding="utf-8")
    page = text.replace("{{agent}}", html.escape(name))

    async def show(_: Request) -> Response:
        return HTMLResponse(page, headers=HEADERS)

    return [
        Route("/", show),
        Mount("/static", _Files(directory=STATIC)),
    ]
