"""The sandbox as a pytest fixture: ``pytest_plugins = ["antiphon.sandbox.pytest_plugin"]``."""

from collections.abc import Iterator

import pytest

from antiphon.sandbox.server import Sandbox

__all__ = ["sandbox"]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Every vendor on localhost, for one test. Its key is ``sandbox-key``."""
    with Sandbox(key="sandbox-key", says=["hello, how are you today?"]) as running:
        yield running
