"""What was proved from outside about each emulator of the sandbox, as a table.

`./run certify` ends with it; with ``--write`` it becomes docs/reference/certification.md too. It
is made of what the tests left in the file that ANTIPHON_CERTIFIED names (see conftest.py) and of
the list of endpoints that the sandbox itself gives: what nobody proved is in it as well.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/certification.md"
PARTS = {
    "exchange": "it is asked, and answers with what the client expects",
    "controls": "the messages that steer an open connection",
    "refusal": "how it turns a request down",
    "schema": "every frame it sends, against a description that is not ours",
    "limits": "timing, idle limits, close codes",
}
INTRODUCTION = """\
# What was certified from outside

Our clients and the sandbox share one codec, so a misreading would agree with itself. What keeps
it honest are other people's programs: `./run certify` lets the vendors' own SDKs, the LiveKit
plugins and others loose on the sandbox, unmodified, in an environment of their own
([how to](../how-to/certify.md)). This page is the table it ends with, written by
`./run certify --write`. What no outside program or published description has proved says
`unproved`: there the sandbox is our reading of the documentation, and a live account may differ.

"""


@dataclass(frozen=True)
class Row:
    """A part of an endpoint, and who proved it."""

    vendor: str
    endpoint: str
    part: str
    proofs: tuple[str, ...]

    @property
    def said(self) -> str:
        return "; ".join(self.proofs) or "unproved"


def rows(endpoints: Iterable[dict[str, str]], claims: list[dict[str, Any]]) -> Iterator[Row]:
    """One for each endpoint and part. Raises `ValueError` for a claim about no endpoint or part."""
    known = {f"{e['method']} {e['path']}": e["vendor"] for e in endpoints}
    for claim in claims:
        if claim["endpoint"] not in known or not set(claim["parts"]) <= set(PARTS):
            raise ValueError(f"a claim about nothing that there is: {claim}")
    for endpoint, vendor in known.items():
        for part in PARTS:
            if part == "controls" and not endpoint.startswith("WS "):
                continue
            yield Row(vendor, endpoint, part, tuple(_proofs(endpoint, part, claims)))


def _proofs(endpoint: str, part: str, claims: list[dict[str, Any]]) -> Iterator[str]:
    """Several tests may make one claim: it holds where none of them failed and one passed."""
    of_part = [c for c in claims if c["endpoint"] == endpoint and part in c["parts"]]
    for by in dict.fromkeys(claim["by"] for claim in of_part):
        his = [claim for claim in of_part if claim["by"] == by]
        if any(claim["outcome"] == "failed" for claim in his):
            yield f"FAILED: {by}"
        elif passed := [claim["parts"][part] for claim in his if claim["outcome"] == "passed"]:
            yield f"{by} ({', '.join(dict.fromkeys(passed))})"
    whys = [claim["why"] for claim in of_part if claim["outcome"] == "skipped"]
    if whys and all(claim["outcome"] == "skipped" for claim in of_part):
        yield f"unproved: {whys[0]}"


def printed(table: list[Row]) -> str:
    """For a terminal."""
    lines, last = [], ""
    for row in table:
        if row.endpoint != last:
            lines.append(f"{row.vendor}  {row.endpoint}")
        last = row.endpoint
        lines += [f"    {row.part:<9} {row.said}"]
    return "\n".join(lines)


def page(table: list[Row]) -> str:
    """For the documentation."""
    lines = ["| Part | Means |", "|---|---|"]
    lines += [f"| {part} | {meaning} |" for part, meaning in PARTS.items()]
    last = ""
    for row in table:
        if row.vendor != last:
            lines += [
                "",
                f"## {row.vendor}",
                "",
                "| Endpoint | Part | Proved by |",
                "|---|---|---|",
            ]
        last = row.vendor
        lines.append(f"| `{row.endpoint}` | {row.part} | {row.said.replace('|', '/')} |")
    return INTRODUCTION + "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    write = parser.parse_args().write
    results = Path(os.environ["ANTIPHON_CERTIFIED"]).read_text(encoding="utf-8")
    command = [sys.executable, "-m", "antiphon", "sandbox", "--endpoints", "--json"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    table = list(rows(json.loads(listed), [json.loads(line) for line in results.splitlines()]))
    print(f"\n{printed(table)}\n")
    proved = sum(row.said.startswith(("unproved", "FAILED")) is False for row in table)
    print(f"{proved} of {len(table)} parts of the sandbox proved from outside")
    if write:
        PAGE.write_text(page(table), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
