"""How an SDK is made to meet trouble: faults that go into its requests below it."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import requests
from tests.certification.outside.conftest import fault

__all__ = ["Way", "befallen", "each", "session"]

Way = tuple[str, Callable[[Any], Any]]
"""An endpoint, and how a client of the SDK asks it."""


@contextmanager
def befallen(times: int | None = None, library: Any = httpx, **what: Any) -> Iterator[Any]:
    """An HTTP client for an SDK, whose first requests (None: all) meet a fault. ``library`` is
    the one the SDK is made on."""
    left = [times]

    def hook(request: Any) -> None:
        if left[0] is None or left[0] > 0:
            request.headers["X-Sandbox-Fault"] = fault(**what)
            left[0] = None if left[0] is None else left[0] - 1

    with library.Client(event_hooks={"request": [hook]}, timeout=10) as client:
        yield client


def session(**what: Any) -> requests.Session:
    """The same for an SDK that is made on requests."""
    made = requests.Session()
    made.headers["X-Sandbox-Fault"] = fault(**what)
    return made


def each(ways: list[Way], *, by: str, **parts: str) -> Any:
    """A parametrisation by ways, each of which claims the parts for its endpoint."""
    mark = functools.partial(pytest.mark.proves, by=by, **parts)
    return pytest.mark.parametrize(
        "ask", [pytest.param(ask, marks=mark(place), id=place) for place, ask in ways]
    )
