"""One sandbox for all contracts of a process."""

from collections.abc import Iterator

import pytest
from tests.contracts import stage

from antiphon.sandbox.server import Sandbox


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with stage.sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    running.rules.clear()
    running.requests.clear()
    yield running
    running.rules.clear()
