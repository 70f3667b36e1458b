"""The sandbox's voices, by clients that know nothing of ours: plain WebSocket, plain HTTP."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
import websockets
from tests.providers.stage import silence, sound
from websockets.sync.client import ClientConnection, connect

from antiphon.call.clock import LoopClock
from antiphon.errors import Unavailable
from antiphon.ports.stt import Heard, Hearing
from antiphon.sandbox.ears import ScriptedEars
from antiphon.sandbox.server import Sandbox
from antiphon.testing.voice import Fault, ScriptedVoice

KEY = "sandbox-key"
BEARER = {"Authorization": f"Bearer {KEY}"}
SONIC = {
    "model_id": "sonic-3",
    "voice": {"mode": "id", "id": "v"},
    "output_format": {"container": "raw", "encoding": "pcm_mulaw", "sample_rate": 8000},
}
SSML = "application/ssml+xml"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, says=["hello, how are you today?"]) as running:
        yield running


@pytest.fixture(scope="module")
def http(sandbox: Sandbox) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=sandbox.http_url, trust_env=False) as client:
        yield client


def dial(sandbox: Sandbox, path: str, **headers: str) -> ClientConnection:
    return connect(sandbox.url + path, additional_headers=headers, proxy=None)


def said(client: ClientConnection, last: str) -> list[dict[str, Any]]:
    """Everything up to a message of this kind."""
    got: list[dict[str, Any]] = []
    while not got or got[-1]["type"] != last:
        frame = client.recv(timeout=5)
        got.append(
            {"type": "audio", "bytes": frame} if isinstance(frame, bytes) else json.loads(frame)
        )
    return got


# --- Cartesia ------------------------------------------------------------------------------------


def sonic(sandbox: Sandbox) -> ClientConnection:
    return dial(sandbox, "/tts/websocket", **BEARER, **{"Cartesia-Version": "2026-08-14"})


def ask(client: ClientConnection, context: str, text: str, **other: object) -> None:
    client.send(json.dumps({**SONIC, "context_id": context, "transcript": text, **other}))


def test_contexts_are_spoken_side_by_side_and_flushes_counted(sandbox: Sandbox) -> None:
    with sonic(sandbox) as client:
        ask(client, "a", "One. ", **{"continue": True}, add_timestamps=True)
        ask(client, "a", "", **{"continue": True}, flush=True)
        ask(client, "b", "Else.")
        ask(client, "a", "Two.")
        got = said(client, "done")
        got += said(client, "done")
    ours = [each for each in got if each["context_id"] == "a"]
    audio = {1: 0, 2: 0}
    for each in ours:
        if each["type"] == "chunk":
            audio[each["flush_id"]] += len(base64.b64decode(each["data"]))
    assert audio[1] > 1000
    assert audio[2] > 1000
    assert [each["flush_id"] for each in ours if each["type"] == "flush_done"] == [1]
    words = [each["word_timestamps"] for each in ours if each["type"] == "timestamps"]
    assert [word for each in words for word in each["words"]] == ["One.", "Two."]
    assert words[1]["start"][0] >= words[0]["end"][0]
    assert [each["type"] for each in got].count("done") == 2


def test_text_waits_for_the_end_of_its_sentence_or_so_long(sandbox: Sandbox) -> None:
    with sonic(sandbox) as client:
        ask(client, "a", "A half ", **{"continue": True}, max_buffer_delay_ms=50)
        assert said(client, "chunk")
        ask(client, "b", "Never ", **{"continue": True})
        ask(client, "b", "mind. ", **{"continue": True})
        assert said(client, "chunk")[-1]["context_id"] in ("a", "b")


def test_a_cancelled_context_is_silent_and_gone(sandbox: Sandbox) -> None:
    with sonic(sandbox) as client:
        ask(client, "a", "Nobody wants to hear all of this, which is why it is cancelled. " * 9)
        said(client, "chunk")
        client.send('{"context_id":"a","cancel":true}')
        client.send('{"context_id":"unheard of","cancel":true}')
        ask(client, "b", "Next.")
        done = said(client, "done")
        assert done[-1]["context_id"] == "b"
        ask(client, "a", "More.")
        assert said(client, "error")[-1]["error_code"] == "context_expired"


@pytest.mark.parametrize(
    "wrong, code",
    [
        ({"model_id": "gpt"}, "model_not_found"),
        ({"voice": ""}, "voice_not_found"),
        ({"output_format": {**SONIC["output_format"], "sample_rate": 9}}, "invalid_output_format"),  # type: ignore[dict-item]
        ({"generation_config": {"speed": 3}}, "invalid_generation_config"),
        ({"max_buffer_delay_ms": 9999}, "invalid_max_buffer_delay_ms"),
    ],
)
def test_what_is_wrong_is_said_as_documented(
    wrong: dict[str, object], code: str, sandbox: Sandbox
) -> None:
    with sonic(sandbox) as client:
        ask(client, "a", "Hi.", **wrong)
        error = said(client, "error")[-1]
        assert error["error_code"] == code
        assert error["status_code"] == 400
        assert error["done"]
        assert error["context_id"] == "a"
        client.send("{")
        assert said(client, "error")[-1]["context_id"] is None
        client.send(b"\0")
        assert said(client, "error")[-1]["context_id"] is None


def test_only_the_text_may_change_within_a_context(sandbox: Sandbox) -> None:
    with sonic(sandbox) as client:
        ask(client, "a", "One ", **{"continue": True})
        ask(client, "a", "two.", voice="another")
        assert said(client, "error")[-1]["error_code"] == "context_mismatch"


def test_both_interfaces_are_let_in_and_no_other(sandbox: Sandbox) -> None:
    old = "/tts/websocket?cartesia_version=2025-04-16"
    with dial(sandbox, old, **{"X-API-Key": KEY}) as client:
        ask(client, "a", "Hi.")
        assert said(client, "done")
    for path, headers, status in [
        ("/tts/websocket", BEARER, 400),
        (old, {"X-API-Key": "wrong"}, 401),
        (old, {}, 401),
    ]:
        with pytest.raises(websockets.InvalidStatus) as refused, dial(sandbox, path, **headers):
            pass
        assert refused.value.response.status_code == status
        body = json.loads(refused.value.response.body or b"")
        assert {"error_code", "title", "message", "request_id"} == set(body)


def test_speech_in_one_go_and_the_voices_by_http(http: httpx2.Client) -> None:
    headers = {**BEARER, "Cartesia-Version": "2026-08-14"}
    asked = {**SONIC, "transcript": "Hello there."}
    assert len(http.post("/tts/bytes", json=asked, headers=headers).content) > 4000
    events = http.post("/tts/sse", json={**asked, "add_timestamps": True}, headers=headers).text
    assert [line for line in events.splitlines() if line.startswith("event:")][-1] == "event: done"
    assert "event: timestamps" in events
    assert http.post("/tts/bytes", json={"a": 1}, headers=headers).status_code == 400
    assert http.post("/tts/bytes", content=b"{", headers=headers).status_code == 400
    assert http.post("/tts/bytes", json=asked, headers=BEARER).status_code == 400
    assert http.get("/voices?limit=0", headers=headers).status_code == 400
    assert http.get("/voices?limit=1", headers=headers).json()["has_more"] is False
    assert http.post("/voices/clone", data={"name": "x"}, headers=headers).status_code == 400
    public = http.get("/voices", headers=headers).json()["data"][0]["id"]
    assert http.delete(f"/voices/{public}", headers=headers).status_code == 403
    assert http.get(f"/voices/{public}", headers=headers).json()["access"] == "public"


# --- Deepgram ------------------------------------------------------------------------------------

TOKEN = {"Authorization": f"Token {KEY}"}
FLUX = "/v2/speak?model=flux-alexis-en&encoding=mulaw&sample_rate=8000"


def test_a_turn_of_flux_lies_between_its_two_messages(sandbox: Sandbox) -> None:
    with dial(sandbox, FLUX, **TOKEN) as client:
        client.send('{"type":"Speak","text":"Hello there. And "}')
        client.send('{"type":"Speak","text":"so on"}')
        client.send('{"type":"Flush"}')
        got = said(client, "Flushed")
        kinds = [each["type"] for each in got if each["type"] != "audio"]
        assert kinds == ["Connected", "SpeechStarted", "SpeechMetadata", "Flushed"]
        audio = sum(len(each["bytes"]) for each in got if each["type"] == "audio")
        assert got[-2]["audio_duration_ms"] == pytest.approx(audio / 8, abs=2)
        assert got[-2]["input_character_count"] == len("Hello there. And so on")
        assert len({each["speech_id"] for each in (got[1], *got[-2:])}) == 1
        client.send('{"type":"Close"}')
        total = said(client, "SessionMetadata")[-1]
        assert total["total_audio_duration_ms"] == got[-2]["audio_duration_ms"]
        with pytest.raises(websockets.ConnectionClosedOK):
            client.recv(timeout=5)


def test_flux_is_interrupted_and_tells_what_was_heard(sandbox: Sandbox) -> None:
    with dial(sandbox, FLUX, **TOKEN) as client:
        client.send('{"type":"Interrupt"}')
        assert said(client, "Warning")[-1]["code"] == "NO_AUDIO_GENERATED"
        text = "This is a long sentence that will be broken off before all of it is said. " * 4
        client.send(json.dumps({"type": "Speak", "text": text}))
        said(client, "audio")
        offset = {"type": "time_ms", "value": 50}
        client.send(json.dumps({"type": "Interrupt", "playback_offset": offset}))
        broken = said(client, "SpeechInterrupted")[-1]
        assert broken["audio_played_ms"] == 50
        assert f"{broken['text_spoken']} {broken['text_remaining']}".split() == text.split()
        client.send(json.dumps({"type": "Interrupt", "playback_offset": offset}))
        assert said(client, "Warning")[-1]["code"] == "INVALID_INTERRUPT_OFFSET"
        client.send('{"type":"Interrupt"}')
        assert "text_spoken" not in said(client, "SpeechInterrupted")[-1]
        client.send('{"type":"Flush"}')
        assert said(client, "Warning")[-1]["code"] == "NO_ACTIVE_SPEECH"
        client.send('{"type":"Speak","text":"..."}')
        client.send('{"type":"Flush"}')
        assert said(client, "Warning")[-1]["code"] == "NO_SYNTHESIZABLE_TEXT"
        assert said(client, "SpeechMetadata")[-1]["audio_duration_ms"] == 0


def test_flux_speaks_at_another_speed_when_told(sandbox: Sandbox) -> None:
    with dial(sandbox, FLUX, **TOKEN) as client:
        client.send('{"type":"Configure","speed":0.5}')
        assert said(client, "ConfigureSuccess")[-1]["applied"] == {"speed": 0.5}
        for speed, code in ((3.0, "SPEED_OUT_OF_RANGE"), (1.01, "SPEED_INCREMENT_INVALID")):
            client.send(json.dumps({"type": "Configure", "speed": speed}))
            failure = said(client, "ConfigureFailure")[-1]
            assert (failure["code"], failure["field"], failure["value"]) == (code, "speed", speed)


@pytest.mark.parametrize(
    "frame, error, code",
    [
        ('{"type":"Clear"}', "MESSAGE-0000", 1008),
        ("{", "MESSAGE-0000", 1008),
        (b"\0", "DATA-0000", 1008),
        (json.dumps({"type": "Speak", "text": "x" * 70_000}), "BIG-0000", 1009),
    ],
)
def test_flux_ends_with_an_error_and_a_code(
    frame: str | bytes, error: str, code: int, sandbox: Sandbox
) -> None:
    with dial(sandbox, FLUX, **TOKEN) as client:
        client.send(frame)
        assert said(client, "Error")[-1]["code"] == error
        with pytest.raises(websockets.ConnectionClosedError) as closed:
            client.recv(timeout=5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code


def test_an_utterances_end_is_told_where_it_was_asked_for(sandbox: Sandbox) -> None:
    path = "/v1/listen?model=nova-3&encoding=linear16&sample_rate=16000&interim_results=true"
    with dial(sandbox, f"{path}&endpointing=300&utterance_end_ms=1000", **TOKEN) as client:
        for chunk in (silence(0.2), sound(1.0), *[silence(0.25)] * 8):
            client.send(chunk)
        got = said(client, "UtteranceEnd")
        final = [each for each in got if each.get("speech_final")][-1]
        words = final["channel"]["alternatives"][0]["words"]
        assert got[-1] == {
            "type": "UtteranceEnd",
            "channel": [0, 1],
            "last_word_end": pytest.approx(words[-1]["end"], abs=0.01),
        }
        client.send('{"type":"CloseStream"}')
        assert "UtteranceEnd" not in [each["type"] for each in said(client, "Metadata")]


def test_too_many_keyterms_change_nothing(sandbox: Sandbox) -> None:
    path = "/v1/listen?model=nova-3&encoding=linear16&sample_rate=16000"
    with dial(sandbox, path, **TOKEN) as client:
        client.send(json.dumps({"type": "Configure", "keyterms": ["word"] * 501}))
        failure = said(client, "ConfigureFailure")[-1]
        assert failure["code"] == "CONFIGURE_KEYTERM_LIMIT_EXCEEDED"


def test_flux_listens_as_it_was_last_told_to(sandbox: Sandbox) -> None:
    path = "/v2/listen?model=flux-general-en&encoding=linear16&sample_rate=16000&eot_threshold=0.6"
    with dial(sandbox, path, **TOKEN) as client:
        client.send('{"type":"Configure","thresholds":{"eager_eot_threshold":0.4}}')
        stands = said(client, "ConfigureSuccess")[-1]
        assert stands["thresholds"] == {"eager_eot_threshold": 0.4, "eot_threshold": 0.6}
        client.send('{"type":"Configure","keyterms":["antiphon"],"numerals":true}')
        stands = said(client, "ConfigureSuccess")[-1]
        assert stands["thresholds"] == {"eager_eot_threshold": 0.4, "eot_threshold": 0.6}
        assert stands["keyterms"] == ["antiphon"]
        for wrong in ({"thresholds": {"eot_threshold": 0.2}}, {"language_hints": ["es"]}):
            client.send(json.dumps({"type": "Configure", **wrong}))
            failure = said(client, "ConfigureFailure")[-1]
            assert failure["description"]
        client.send('{"type":"KeepAlive"}')
        assert said(client, "Error")[-1]["code"] == "UNPARSABLE_CLIENT_MESSAGE"
        with pytest.raises(websockets.ConnectionClosedError) as closed:
            client.recv(timeout=5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


# --- Azure ---------------------------------------------------------------------------------------


def test_azure_wants_a_document_a_format_and_a_type(http: httpx2.Client) -> None:
    key = {"Ocp-Apim-Subscription-Key": KEY}
    right = {
        **key,
        "Content-Type": SSML,
        "X-Microsoft-OutputFormat": "raw-8khz-8bit-mono-mulaw",
    }
    body = (
        '<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" '
        'xmlns:mstts="http://www.w3.org/2001/mstts" xml:lang="en-US"><voice name="en-US-Ava">'
        '<mstts:express-as style="cheerful">Hello there.</mstts:express-as></voice></speak>'
    )
    path = "/cognitiveservices/v1"
    assert len(http.post(path, content=body, headers=right).content) > 4000
    for headers, content, status in [
        ({**right, "Content-Type": "text/plain"}, body, 415),
        ({**right, "X-Microsoft-OutputFormat": "audio-16khz"}, body, 400),
        (right, "hello", 400),
        ({**right, "Ocp-Apim-Subscription-Key": "wrong"}, body, 401),
    ]:
        assert http.post(path, content=content, headers=headers).status_code == status
    token = {"Authorization": f"Bearer {KEY}"}
    listed = http.get("/cognitiveservices/voices/list", headers=token).json()
    assert listed[0]["ShortName"] == "en-US-AvaNeural"


# --- XTTS ----------------------------------------------------------------------------------------


def test_xtts_speaks_with_the_numbers_it_made(http: httpx2.Client) -> None:
    made = http.post("/clone_speaker", files={"wav_file": ("a.wav", b"RIFF")}).json()
    assert len(made["speaker_embedding"]) == 512
    asked = {**made, "text": "Hello there.", "language": "en"}
    assert http.post("/tts_stream", json=asked).content.startswith(b"RIFF")
    bare = http.post("/tts_stream", json={**asked, "add_wav_header": False}).content
    assert len(bare) > 20_000
    assert http.post("/tts_stream", json={"text": "x"}).status_code == 422
    assert http.post("/tts_stream", json={**asked, "language": "tlh"}).status_code == 500
    assert http.post("/tts_stream", json={**asked, "gpt_cond_latent": [[0.1]]}).status_code == 500
    assert http.post("/clone_speaker", data={"x": "y"}).status_code == 422
    assert "Asya Anara" in http.get("/studio_speakers").json()
    assert "en" in http.get("/languages").json()


# --- all -----------------------------------------------------------------------------------------


class _Deaf(ScriptedEars):
    """Its recognitions fail at once."""

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> Any:
        recognition = super().listen(hearing, tell)

        async def run() -> None:
            raise Unavailable("no ears", provider="head")

        recognition.run = run  # type: ignore[method-assign]
        return recognition


@pytest.mark.parametrize("path", ["/v1/listen?model=nova-3", "/v2/listen?model=flux-general-en"])
def test_an_ear_that_fails_is_their_failure(path: str) -> None:
    with (
        Sandbox(key=KEY, ears=lambda: _Deaf(["x"])) as sandbox,
        dial(sandbox, f"{path}&encoding=linear16&sample_rate=16000", **TOKEN) as client,
    ):
        if path.startswith("/v2"):
            assert said(client, "Error")[-1]["code"] == "INTERNAL_SERVER_ERROR"
        with pytest.raises(websockets.ConnectionClosedError) as closed:
            client.recv(timeout=5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1011


def test_a_voice_that_fails_is_their_failure() -> None:
    def broken() -> ScriptedVoice:
        faults = [Fault(error=Unavailable("no breath", provider="lungs")) for _ in range(9)]
        voice = ScriptedVoice(clock=LoopClock(), first_audio_s=0.0, real_time_factor=0.0)
        voice.faults.extend(faults)
        return voice

    with Sandbox(key=KEY, voice=broken) as sandbox:
        with sonic(sandbox) as client:
            ask(client, "a", "Hi.")
            assert said(client, "error")[-1]["status_code"] == 500
        with dial(sandbox, FLUX, **TOKEN) as client:
            client.send('{"type":"Speak","text":"Hi."}')
            assert said(client, "Error")[-1]["code"] == "NET-0000"
        with httpx2.Client(base_url=sandbox.http_url, trust_env=False) as http:
            headers = {**BEARER, "Cartesia-Version": "2026-08-14"}
            for path in ("/tts/bytes", "/tts/sse"):
                with pytest.raises(httpx2.RemoteProtocolError):
                    http.post(path, json={**SONIC, "transcript": "Hi."}, headers=headers)
