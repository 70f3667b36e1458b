"""Rules out of a file, and what faults do below the frames."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.providers.stage import silence, sound
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import ClientConnection, connect

from antiphon.cli.main import main
from antiphon.errors import ConfigError
from antiphon.sandbox.faults import Fault, Rule
from antiphon.sandbox.rulefile import parse, read
from antiphon.sandbox.server import Sandbox

SPEAK = "/v1/speak?model=aura-2-thalia-en&encoding=mulaw&sample_rate=8000"
FLUX = "/v2/listen?model=flux-general-en&encoding=linear16&sample_rate=16000"


@pytest.fixture(scope="module")
def one() -> Iterator[Sandbox]:
    with Sandbox(key="sandbox-key") as running:
        yield running


@pytest.fixture
def sandbox(one: Sandbox) -> Sandbox:
    one.rules.clear()
    return one


def dial(sandbox: Sandbox, path: str) -> ClientConnection:
    headers = {"Authorization": "Token sandbox-key"}
    return connect(sandbox.url + path, additional_headers=headers, proxy=None)


# --- the file ----------------------------------------------------------------------------------


def test_a_file_has_a_rule_in_each_item(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "- {path: /v1/listen, times: 2, refuse: 429, retry_after_s: 2}\n"
        "- after: 3\n"
        "  vanish: true\n"
        "- {times: null, drip_s: 0.01}\n"
    )
    assert read(file) == [
        Rule(fault=Fault(refuse=429, retry_after_s=2), path="/v1/listen", times=2),
        Rule(fault=Fault(after=3, vanish=True)),
        Rule(fault=Fault(drip_s=0.01), times=None),
    ]


@pytest.mark.parametrize(
    "text, where, what",
    [
        ("", 1, "a list of rules"),
        ("refuse: 429\n", 1, "a list of rules"),
        ("- {refuse: 401}\n- {refus: 401}\n", 2, "a rule has no 'refus'"),
        ("- refuse: 401\n- path: /v1\n  latency_s: soon\n", 3, "latency_s: Expected float"),
        ("- refuse: 401\n  times: 0\n", 2, "times: Expected int >= 1"),
        ("- refuse: 401\n- path: /v1\n", 2, "this rule does nothing"),
        ("- refuse: 401\n- vanish\n", 2, "Expected object"),
        ("- refuse: 9999\n", 1, "refuse: Expected int <= 599"),
        ("- refuse: 401\n  path: v1/listen\n", 2, "no path begins with 'v1/listen'"),
        ("- {refuse: 1}\n- {refuse: 1, refuse: 2}\n", 2, "stands here twice"),
        ("- {refuse: [}\n", 1, "not YAML"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, where: int, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "rules.yaml")
    assert caught.value.where == f"rules.yaml:{where}"
    assert what in caught.value.what


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"- \xff")
    for name, why in (("none", "No such file"), ("latin", "not UTF-8")):
        with pytest.raises(ConfigError, match=why):
            read(tmp_path / name)


def test_the_command_takes_a_file_of_rules(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "- {path: /v1/spe, refuse: 503}\n- {path: /v1/text-to-speech/voice/stream, stall: true}\n"
    )
    words = ["sandbox", "--port", "0", "--rules", str(rules), "--json"]
    with subprocess.Popen(
        [sys.executable, "-m", "antiphon", *words], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        told = json.loads(running.stdout.readline())
        url = told["environ"]["DEEPGRAM_BASE_URL"]
        assert told["url"] == url.replace("http", "ws")
        headers = {"Authorization": "Token any", "Connection": "Upgrade", "Upgrade": "websocket"}
        headers |= {"Sec-WebSocket-Key": "a" * 22 + "==", "Sec-WebSocket-Version": "13"}
        answer = httpx.get(url + SPEAK, headers=headers, trust_env=False)
        running.terminate()
    assert answer.status_code == 503


def test_a_wrong_file_stops_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("- {refus: 503}\n")
    assert main(["sandbox", "--port", "0", "--rules", str(rules)]) == 2
    assert f"{rules}:1: a rule has no 'refus'" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["/v1/lissten", "/v1/listen/more", "/v1/text-to-speech/x/strem"])
def test_a_rule_that_nothing_fits_stops_the_command(
    path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(f"- {{path: {path}, refuse: 503}}\n")
    assert main(["sandbox", "--port", "0", "--rules", str(rules)]) == 2
    assert f"nothing here has a path that begins with {path}" in capsys.readouterr().err


# --- what they do ------------------------------------------------------------------------------


def said(client: ClientConnection, last: str) -> list[Any]:
    got: list[Any] = []
    while not got or got[-1].get("type") != last:
        frame = client.recv(timeout=10)
        got.append(json.loads(frame) if isinstance(frame, str) else {"bytes": frame})
    return got


def test_the_next_text_frame_is_the_one_that_is_cut(sandbox: Sandbox) -> None:
    """Sound may stand where the rule says; it passes unharmed."""
    sandbox.rules.add(Fault(malformed=True, after=1))
    with dial(sandbox, SPEAK) as client:
        client.send('{"type":"Speak","text":"Hello."}')
        client.send('{"type":"Flush"}')
        assert json.loads(client.recv(timeout=5))["type"] == "Metadata"
        frames = [client.recv(timeout=5)]
        while isinstance(frames[-1], bytes):
            frames.append(client.recv(timeout=5))
        assert len(b"".join(f for f in frames if isinstance(f, bytes))) > 1000
        with pytest.raises(json.JSONDecodeError):
            json.loads(frames[-1])
        client.send('{"type":"Flush"}')
        assert said(client, "Flushed"), "only one is cut"


def test_every_byte_goes_alone(sandbox: Sandbox) -> None:
    sandbox.rules.add(Fault(drip_s=0.002, after=1))
    with dial(sandbox, FLUX) as client:
        client.send(sound(0.3) + silence(0.2))
        assert json.loads(client.recv(timeout=5))["type"] == "Connected"
        began = time.perf_counter()
        late = client.recv(timeout=10)
        assert time.perf_counter() - began > 0.5 * 0.002 * len(late)
        assert json.loads(late)["type"] == "TurnInfo"


def test_what_dribbles_can_be_broken_and_given_up(sandbox: Sandbox) -> None:
    sandbox.rules.add(Fault(drip_s=5.0, after=1))
    with dial(sandbox, FLUX) as client:
        client.send(sound(0.3))
        client.recv(timeout=5)
        sandbox.vanish()
        with pytest.raises(ConnectionClosedError):
            client.recv(timeout=5)
    sandbox.rules.add(Fault(drip_s=5.0))
    with dial(sandbox, FLUX) as client:
        client.socket.close()
    with ExitStack() as clients:
        with Sandbox() as other:
            other.rules.add(Fault(drip_s=5.0))
            client = clients.enter_context(dial(other, FLUX))
        with pytest.raises(ConnectionClosedError):
            client.recv(timeout=5)


def test_a_close_comes_after_what_dribbles(sandbox: Sandbox) -> None:
    sandbox.rules.add(Fault(drip_s=0.001))
    with dial(sandbox, SPEAK) as client:
        client.send('{"type":"Close"}')
        assert json.loads(client.recv(timeout=5))["type"] == "Metadata"
        with pytest.raises(Exception, match="1000"):
            client.recv(timeout=5)
