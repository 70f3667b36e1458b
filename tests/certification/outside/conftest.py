"""The sandbox as outsiders meet it: another process, another environment, the network between."""

import json
import math
import os
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import pytest

ROOT = Path(__file__).parents[3]
KEY = "certification-key"
SAYS = ["Ever tried, ever failed.", "No matter, try again."]
ANSWER = "I see. Thank you for telling me."
ANSWERS = f"""
- {{when: the weather, calls: [{{name: weather, arguments: {{city: Paris}}}}]}}
- {{when: 22 degrees, text: It is warm.}}
- {{text: {ANSWER}}}
"""


@dataclass(frozen=True)
class Sandbox:
    """Where it is, in the forms that clients want."""

    ws: str
    http: str
    wss: str
    https: str
    key: str = KEY
    says: tuple[str, ...] = tuple(SAYS)

    def refusing(self, url: str, status: int) -> str:
        """An address at which every request is turned down."""
        return f"{url}{'&' if '?' in url else '?'}sandbox_fault={quote(fault(refuse=status))}"


def fault(**what: Any) -> str:
    """For the header X-Sandbox-Fault."""
    return json.dumps(what)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Every vendor, pretended by the checkout's own environment."""
    script = tmp_path_factory.mktemp("script") / "says.txt"
    script.write_text("\n".join(SAYS))
    answers = script.with_name("answers.yaml")
    answers.write_text(ANSWERS)
    command = [
        ROOT / ".venv/bin/python", "-m", "antiphon", "sandbox", "--port", "0", "--json", "--tls",
        "--key", KEY, "--scripted", script, "--answers", answers,
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=script.parent)
    try:
        assert process.stdout is not None
        said = _first_line(process.stdout)
        os.environ["SSL_CERT_FILE"] = said["certificate"]
        ws, wss = said["url"], said["tls_url"]
        yield Sandbox(ws=ws, http=f"http{ws[2:]}", wss=wss, https=f"https{wss[3:]}")
    finally:
        os.environ.pop("SSL_CERT_FILE", None)
        process.terminate()
        process.wait(20)


def _first_line(stdout: IO[str]) -> dict[str, str]:
    line = stdout.readline()
    assert line, "the sandbox did not start"
    found: dict[str, str] = json.loads(line)
    return found


RATE_HZ = 16_000


def pcm(voiced_s: float = 1.3, quiet_s: float = 0.3, rate_hz: int = RATE_HZ) -> bytes:
    """A hum between two silences: a scripted recogniser takes it for its next line."""
    hum = b"".join(
        struct.pack("<h", int(6000 * math.sin(2 * math.pi * 300 * n / rate_hz)))
        for n in range(round(voiced_s * rate_hz))
    )
    quiet = bytes(2 * round(quiet_s * rate_hz))
    return quiet + hum + quiet


@pytest.fixture(scope="session")
def speech() -> list[bytes]:
    """Two seconds at 16 kHz, in 50 ms chunks."""
    whole = pcm()
    return [whole[at : at + 1600] for at in range(0, len(whole), 1600)]


SENTENCE = "We are open from nine to five, Monday to Friday."
