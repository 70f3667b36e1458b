"""What a passed test has proved, kept for the table; and no certification among the usual tests.

    @pytest.mark.proves("WS /v1/listen", by="deepgram-sdk", exchange="results, word times")

says that the vendor's client, in the version that is installed, has proved this part of that
endpoint. The parts are those of `table.PARTS`.
"""

import importlib.metadata
import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

SETTINGS = Path(__file__).with_name("pytest.ini")


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Only ``./run certify`` collects here: the usual environment lacks the vendors' clients."""
    return None if config.inipath == SETTINGS else True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    file = os.environ.get("ANTIPHON_CERTIFIED")
    if file and (report.when == "call" or not report.passed):
        with Path(file).open("a", encoding="utf-8") as results:
            claims = (_claim(mark, report) for mark in item.iter_markers("proves"))
            results.writelines(json.dumps(claim) + "\n" for claim in claims)
    return report


def _claim(mark: pytest.Mark, report: pytest.TestReport) -> dict[str, object]:
    (endpoint,), parts = mark.args, dict(mark.kwargs)
    by = parts.pop("by")
    why = report.longrepr[2] if report.skipped and isinstance(report.longrepr, tuple) else ""
    return {
        "endpoint": endpoint,
        "by": _named(by),
        "parts": parts,
        "outcome": report.outcome,
        "why": why.removeprefix("Skipped: "),
    }


def _named(by: str) -> str:
    """A package with its version; a published description says its own date."""
    try:
        return f"{by} {importlib.metadata.version(by)}"
    except importlib.metadata.PackageNotFoundError:
        return by
