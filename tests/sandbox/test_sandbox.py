"""The sandbox itself, by a client that knows nothing of ours: plain WebSocket, plain JSON."""

import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from tests.providers.stage import silence, sound
from websockets.sync.client import ClientConnection, connect

from antiphon.errors import InternalError, Missing, RemoteProtocolError
from antiphon.sandbox.certificate import make_certificate
from antiphon.sandbox.faults import Fault, Rules
from antiphon.sandbox.server import Sandbox

pytest_plugins = ["antiphon.sandbox.pytest_plugin"]

LISTEN = "/v1/listen?model=nova-3&encoding=linear16&sample_rate=16000"
FLUX = "/v2/listen?model=flux-general-en&encoding=linear16&sample_rate=16000"
SPEAK = "/v1/speak?model=aura-2-thalia-en&encoding=mulaw&sample_rate=8000"


def dial(sandbox: Sandbox, path: str, **other: Any) -> ClientConnection:
    headers = {"Authorization": "Token sandbox-key", **other.pop("headers", {})}
    return connect(sandbox.url + path, additional_headers=headers, proxy=None, **other)


def said(client: ClientConnection, last: str) -> list[dict[str, Any]]:
    """Everything up to a message of this kind."""
    got: list[dict[str, Any]] = []
    while not got or got[-1]["type"] != last:
        frame = client.recv(timeout=5)
        got.append(
            {"type": "audio", "bytes": frame} if isinstance(frame, bytes) else json.loads(frame)
        )
    return got


def status(sandbox: Sandbox, path: str, **other: Any) -> int:
    with pytest.raises(websockets.InvalidStatus) as refused, dial(sandbox, path, **other):
        pass
    return refused.value.response.status_code


# --- listen ------------------------------------------------------------------------------------


def test_a_conversation_with_listen(sandbox: Sandbox) -> None:
    path = f"{LISTEN}&interim_results=true&vad_events=true&endpointing=false"
    with dial(sandbox, path) as client:
        client.send(silence(0.2) + sound(1.0) + silence(0.3))
        client.send('{"type":"KeepAlive"}')
        client.send('{"type":"Finalize"}')
        got = said(client, "Results")
        while not got[-1].get("from_finalize"):
            got += said(client, "Results")
        best = got[-1]["channel"]["alternatives"][0]
        assert best["transcript"] == "hello, how are you today?"
        assert best["words"][0]["word"] == "hello"
        assert "SpeechStarted" in [message["type"] for message in got]
        client.send('{"type":"Configure","keyterms":["Beckett"]}')
        assert said(client, "ConfigureSuccess")[-1]["keyterms"] == ["Beckett"]
        client.send('{"type":"CloseStream"}')
        assert said(client, "Metadata")[-1]["duration"] == pytest.approx(1.5)
        with pytest.raises(websockets.ConnectionClosedOK):
            client.recv(timeout=5)


def test_what_it_does_not_understand_it_says(sandbox: Sandbox) -> None:
    with dial(sandbox, LISTEN.replace("nova-3", "nova-2")) as client:
        client.send("not json")
        assert said(client, "Error")[-1]["variant"] == "SchemaError"
        client.send('{"type":"Sing"}')
        assert "Sing" in said(client, "Error")[-1]["description"]
        client.send('{"type":"Configure","keyterms":["a"]}')
        assert said(client, "ConfigureFailure")[-1]["code"] == "CONFIGURE_KEYTERMS_NOT_SUPPORTED"


def test_a_pause_ends_a_piece_where_that_was_asked_for(sandbox: Sandbox) -> None:
    with dial(sandbox, LISTEN + "&endpointing=300") as client:
        for _ in range(20):
            client.send(sound(0.05))
        for _ in range(20):
            client.send(silence(0.05))
        final = said(client, "Results")[-1]
        assert (final["is_final"], final["speech_final"]) == (True, True)
        assert not final["from_finalize"]


@pytest.mark.parametrize("path", [LISTEN, FLUX])
def test_an_empty_frame_is_the_end(path: str, sandbox: Sandbox) -> None:
    with dial(sandbox, path) as client:
        client.send(b"")
        with pytest.raises(websockets.ConnectionClosedError):
            said(client, "the end")


# --- flux --------------------------------------------------------------------------------------


def test_a_conversation_with_flux(sandbox: Sandbox) -> None:
    with dial(sandbox, FLUX + "&eager_eot_threshold=0.5") as client:
        for _ in range(10):
            client.send(sound(0.1))
        client.send('{"type":"Configure","thresholds":{"eot_threshold":0.8}}')
        client.send('{"type":"ForceEndTurn"}')
        got = said(client, "TurnInfo")
        while got[-1].get("event") != "EndOfTurn":
            got += said(client, "TurnInfo")
        assert got[0]["type"] == "Connected"
        assert [message["sequence_id"] for message in got] == list(range(len(got)))
        assert (got[-1]["trigger"], got[-1]["turn_index"]) == ("manual", 0)
        client.send('{"type":"CloseStream"}')
        assert said(client, "TurnInfo")[-1]["turn_index"] == 1


@pytest.mark.parametrize("text", ['{"type":"KeepAlive"}', "nonsense"])
def test_flux_does_not_put_up_with_other_messages(text: str, sandbox: Sandbox) -> None:
    with dial(sandbox, FLUX) as client:
        client.send(text)
        assert said(client, "Error")[-1]["code"] == "UNPARSABLE_CLIENT_MESSAGE"
        with pytest.raises(websockets.ConnectionClosedError):
            client.recv(timeout=5)


# --- speak -------------------------------------------------------------------------------------


def test_a_conversation_with_speak(sandbox: Sandbox) -> None:
    with dial(sandbox, SPEAK) as client:
        client.send('{"type":"Speak","text":"Hello, this is "}')
        client.send('{"type":"Speak","text":"a test."}')
        client.send('{"type":"Flush"}')
        got = said(client, "Flushed")
        assert got[0]["type"] == "Metadata"
        audio = b"".join(m["bytes"] for m in got if m["type"] == "audio")
        assert len(audio) / 8000 == pytest.approx(18 * 0.06 + 4 * 0.04, abs=0.02)
        client.send('{"type":"Flush"}')
        assert len(said(client, "Flushed")) == 1
        client.send('{"type":"Close"}')
        with pytest.raises(websockets.ConnectionClosedOK):
            client.recv(timeout=5)


def test_nothing_old_comes_after_cleared(sandbox: Sandbox) -> None:
    with dial(sandbox, SPEAK) as client:
        client.send(json.dumps({"type": "Speak", "text": "word " * 100}))
        client.send('{"type":"Flush"}')
        said(client, "audio")
        client.send('{"type":"Clear"}')
        said(client, "Cleared")
        client.send('{"type":"Speak","text":"New."}')
        client.send('{"type":"Flush"}')
        audio = [m for m in said(client, "Flushed") if m["type"] == "audio"]
        assert sum(len(m["bytes"]) for m in audio) / 8000 == pytest.approx(4 * 0.06, abs=0.02)


def test_speak_warns_of_what_it_does_not_do(sandbox: Sandbox) -> None:
    with dial(sandbox, SPEAK) as client:
        for wrong in ("nonsense", '{"type":"Sing"}', b"audio"):
            client.send(wrong)
            assert said(client, "Warning")
        client.send(json.dumps({"type": "Speak", "text": "x" * 2001}))
        assert said(client, "Warning")
        for _ in range(21):
            client.send('{"type":"Flush"}')
        got = said(client, "Warning")
        assert got[-1]["code"] == "TOO_MANY_FLUSHES"


# --- the door ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        LISTEN.replace("model=nova-3", "model="),
        LISTEN + "&keywords=a",
        LISTEN + "&utterance_end_ms=1000",
        LISTEN.replace("linear16", "opus"),
        LISTEN.replace("16000", "fast"),
        FLUX.replace("flux-general-en", "nova-3"),
        FLUX + "&eager_eot_threshold=0.95",
        FLUX + "&eot_threshold=much",
        SPEAK.replace("8000", "11025"),
        SPEAK.replace("mulaw", "mp3"),
        SPEAK.replace("aura-2-thalia-en", "polly"),
        SPEAK + "&speed=fast",
    ],
)
def test_wrong_parameters_are_refused(path: str, sandbox: Sandbox) -> None:
    assert status(sandbox, path) == 400


def test_only_the_right_key_opens_the_door(sandbox: Sandbox) -> None:
    assert status(sandbox, LISTEN, headers={"Authorization": "Token other"}) == 401
    assert status(sandbox, LISTEN, headers={"Authorization": "sandbox-key"}) == 401
    browser = {"subprotocols": [websockets.Subprotocol(p) for p in ("token", "sandbox-key")]}
    with connect(sandbox.url + LISTEN, proxy=None, **browser):
        pass
    assert [request.status for request in sandbox.requests] == [401, 401, 101]
    assert "sandbox-key" not in repr(sandbox.requests)


def test_a_fault_comes_with_a_request_or_by_rule(sandbox: Sandbox) -> None:
    sandbox.rules.add(Fault(refuse=503), path="/v1/speak", times=2)
    assert status(sandbox, LISTEN, headers={"X-Sandbox-Fault": '{"refuse":403}'}) == 403
    assert status(sandbox, LISTEN + '&sandbox_fault={"refuse":408}'.replace('"', "%22")) == 408
    assert status(sandbox, LISTEN, headers={"X-Sandbox-Fault": '{"refues":403}'}) == 400
    assert [status(sandbox, SPEAK) for _ in range(2)] == [503, 503]
    with dial(sandbox, SPEAK) as client:
        assert said(client, "Metadata")


def test_retry_after_is_told(sandbox: Sandbox) -> None:
    sandbox.rules.add(Fault(refuse=429, retry_after_s=2.5))
    with pytest.raises(websockets.InvalidStatus) as refused, dial(sandbox, LISTEN):
        pass
    assert refused.value.response.headers["retry-after"] == "2.5"


def test_frames_are_cut_swapped_and_lost_where_the_fault_says(sandbox: Sandbox) -> None:
    sandbox.rules.add(Fault(reorder=True), path="/v2")
    with dial(sandbox, FLUX) as client:
        for _ in range(10):
            client.send(silence(0.1))
        assert [json.loads(client.recv(timeout=5))["sequence_id"] for _ in range(3)] == [1, 0, 2]
    sandbox.rules.add(Fault(malformed=True))
    with dial(sandbox, FLUX) as client, pytest.raises(json.JSONDecodeError):
        json.loads(client.recv(timeout=5))


def test_rules_are_used_up_in_order() -> None:
    rules = Rules()
    rules.add(Fault(close=1011), path="/a", times=None)
    rules.add(Fault(close=1008))
    assert [rules.fault(path, {}, {}).close for path in ("/a", "/b", "/a", "/b")] == [
        1011,
        1008,
        1011,
        0,
    ]
    with pytest.raises(RemoteProtocolError, match="not a fault"):
        rules.fault("/", {"x-sandbox-fault": '{"latency_s":-1}'}, {})


# --- running -----------------------------------------------------------------------------------


def test_tls_is_believed_by_whoever_is_given_the_certificate() -> None:
    with Sandbox(tls=True, says=["hello"]) as running:
        trust = ssl.create_default_context(cafile=str(running.certificate))
        headers = {"Authorization": "Token any"}
        with connect(
            running.tls_url + SPEAK, ssl=trust, additional_headers=headers, proxy=None
        ) as client:
            assert said(client, "Metadata")
        with (
            pytest.raises(ssl.SSLError),
            connect(running.tls_url + SPEAK, additional_headers=headers, proxy=None),
        ):
            pass
        assert running.certificate is not None
    assert not running.certificate.exists()


def test_without_openssl_a_certificate_is_said_to_be_impossible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Missing, match="no certificate could be made"):
        make_certificate(tmp_path)


def test_a_port_in_use_and_a_wrong_question_are_said(sandbox: Sandbox) -> None:
    with pytest.raises(Missing, match=f"port {sandbox.port} cannot be used"):
        Sandbox(port=sandbox.port)
    with pytest.raises(InternalError, match="without tls"):
        _ = sandbox.tls_url
    idle = Sandbox()
    with pytest.raises(InternalError, match="not running"):
        _ = idle.requests
    with idle:
        assert idle.requests == []


def test_engines_that_cannot_start_are_the_sandboxes_own_error() -> None:
    def ears() -> Any:
        raise Missing("no ears here")

    with pytest.raises(Missing, match="no ears here"), Sandbox(ears=ears):
        pass


@pytest.fixture
def command(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    script = tmp_path / "lines.txt"
    script.write_text("# what is heard\nWhat time do you open?\n")
    words = ["sandbox", "--port", "0", "--scripted", str(script), "--json"]
    running = subprocess.Popen(
        [sys.executable, "-m", "antiphon", *words], stdout=subprocess.PIPE, text=True
    )
    yield running
    running.kill()
    running.wait()
    assert running.stdout
    running.stdout.close()


def test_the_command_serves_until_it_is_told_to_stop(command: "subprocess.Popen[str]") -> None:
    assert command.stdout
    url = json.loads(command.stdout.readline())["url"]
    with connect(
        url + LISTEN, additional_headers={"Authorization": "Token any"}, proxy=None
    ) as client:
        client.send(sound(1.0) + silence(0.1))
        client.send('{"type":"Finalize"}')
        best = said(client, "Results")[-1]["channel"]["alternatives"][0]
        assert best["transcript"] == "What time do you open?"
    command.terminate()
    assert command.wait(10) == 0


def test_who_cannot_be_pretended_keeps_its_own_keys(sandbox: Sandbox) -> None:
    """They would point a developer's whole shell at nothing."""
    environ = sandbox.environ()
    assert environ["AZURE_SPEECH_KEY"]  # its voices are on the wire
    assert not [name for name in environ if name.startswith(("AWS_", "GOOGLE_APPLICATION"))]


def test_beside_a_server_a_sandbox_starts_and_stops_quietly(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level("INFO"), Sandbox() as running:
        httpx.get(running.http_url, trust_env=False)
    assert "Started server process" not in caplog.text
