"""The HTTP session plugins share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

inside = False


@asynccontextmanager
async def open() -> AsyncIterator[None]:  # noqa: A001 - the name it has
    global inside
    inside = True
    yield
