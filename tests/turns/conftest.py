"""The stage every scenario plays on."""

import pytest

from antiphon.testing.stage import Stage


@pytest.fixture
def stage() -> Stage:
    """A machine with the default settings, its call just started."""
    return Stage()
