"""What holds for the whole suite: in CI a skipped test is a failure."""

import os

import pytest


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A lack of Chromium, a device library or a model must not pass for green in CI."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter and reporter.stats.get("skipped"):
        reporter.write_line("CI=true: skipped tests count as failed", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
