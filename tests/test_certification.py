"""The certification's table says what was proved and no more, and its page is there."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.certification import table

from antiphon.cli import main as cli

ROOT = Path(__file__).parents[1]
ENDPOINTS = [
    {"vendor": "deepgram", "method": "WS", "path": "/v1/listen"},
    {"vendor": "openai", "method": "POST", "path": "/v1/chat"},
]


def claim(outcome: str, part: str = "exchange", by: str = "sdk 1.0", **more: Any) -> dict[str, Any]:
    return {
        "endpoint": "WS /v1/listen",
        "by": by,
        "parts": {part: "results"},
        "outcome": outcome,
        "why": "",
        **more,
    }


def said(*claims: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {(row.endpoint, row.part): row.said for row in table.rows(ENDPOINTS, list(claims))}


def test_everything_is_unproved_until_somebody_proves_it() -> None:
    rows = said()
    assert set(rows.values()) == {"unproved"}
    assert ("WS /v1/listen", "controls") in rows
    assert ("POST /v1/chat", "controls") not in rows


def test_a_proof_has_its_witness() -> None:
    assert said(claim("passed"))["WS /v1/listen", "exchange"] == "sdk 1.0 (results)"


def test_one_failure_outweighs_what_passed() -> None:
    rows = said(claim("passed"), claim("failed"))
    assert rows["WS /v1/listen", "exchange"] == "FAILED: sdk 1.0"


def test_what_was_skipped_is_unproved_and_says_why() -> None:
    rows = said(claim("skipped", why="no description"))
    assert rows["WS /v1/listen", "exchange"] == "unproved: no description"
    rows = said(claim("skipped", by="another"), claim("passed"))
    assert rows["WS /v1/listen", "exchange"] == "sdk 1.0 (results)"


@pytest.mark.parametrize("wrong", [{"endpoint": "WS /v9"}, {"parts": {"luck": "much"}}])
def test_a_claim_about_nothing_is_a_mistake(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a claim about nothing"):
        said(claim("passed", **wrong))


def test_the_page_has_every_endpoint_of_the_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    page = table.PAGE.read_text()
    assert page.startswith(table.INTRODUCTION)
    assert cli.main(["sandbox", "--endpoints", "--json"]) == 0
    endpoints = json.loads(capsys.readouterr().out)
    assert endpoints
    missing = [e for e in endpoints if f"| `{e['method']} {e['path']}` |" not in page]
    assert not missing, "run ./run certify --write"
    assert "unproved" in page


def test_endpoints_are_listed_for_people_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["sandbox", "--endpoints"]) == 0
    assert "deepgram     WS     /v1/listen\n" in capsys.readouterr().out


def test_the_clients_are_pinned_and_hashed_like_everything_else() -> None:
    text = (ROOT / "requirements/certify.txt").read_text().replace("\\\n", " ")
    lines = text.splitlines()
    assert len(lines) > 50
    assert all("==" in line and "--hash=sha256:" in line for line in lines)
    assert "/" not in text
    assert "@" not in text


def test_certification_is_not_collected_with_the_other_tests() -> None:
    # Named alone it would bring its own pytest.ini.
    asked = ["tests/certification", "tests/test_public_api.py"]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *asked]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "tests/test_public_api.py::" in found.stdout
    assert "certification" not in found.stdout
