"""The stage every scenario plays on."""

import pytest
from stage import Stage


@pytest.fixture
def stage() -> Stage:
    """A machine with the default settings, its call just started."""
    return Stage()
