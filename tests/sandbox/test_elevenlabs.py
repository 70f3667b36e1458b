"""ElevenLabs as the sandbox pretends it, by clients that know nothing of ours."""

import base64
import http.client
import json
import urllib.error
import urllib.request
from collections import deque
from typing import Any

import pytest
import websockets
from tests.providers.stage import silence, sound
from websockets.sync.client import ClientConnection, connect

from antiphon.call.clock import LoopClock
from antiphon.sandbox.elevenlabs.alignment import Aligned, as_chunk, as_message
from antiphon.sandbox.server import Sandbox
from antiphon.testing.voice import Fault as VoiceFault
from antiphon.testing.voice import ScriptedVoice

pytest_plugins = ["antiphon.sandbox.pytest_plugin"]

VOICE = "/v1/text-to-speech/JBFqnCBsd6RMkjVDRZzb"
MULTI = f"{VOICE}/multi-stream-input?model_id=eleven_flash_v2_5&output_format=pcm_16000"
SINGLE = f"{VOICE}/stream-input?model_id=eleven_flash_v2_5&output_format=ulaw_8000"
SCRIBE = "/v1/speech-to-text/realtime?model_id=scribe_v2_realtime"


def dial(sandbox: Sandbox, path: str, key: str = "sandbox-key") -> ClientConnection:
    return connect(sandbox.url + path, additional_headers={"xi-api-key": key}, proxy=None)


def say(client: ClientConnection, **message: Any) -> None:
    client.send(json.dumps(message))


def until(client: ClientConnection, field: str) -> list[dict[str, Any]]:
    """Everything up to a message that has this."""
    got: list[dict[str, Any]] = []
    while not got or not got[-1].get(field):
        got.append(json.loads(client.recv(timeout=5)))
    return got


def hear(client: ClientConnection, pcm: bytes, *, commit: bool = False, **more: Any) -> None:
    kind, audio = "input_audio_chunk", base64.b64encode(pcm).decode()
    say(client, message_type=kind, audio_base_64=audio, commit=commit, sample_rate=16_000, **more)


def status(sandbox: Sandbox, path: str, key: str = "sandbox-key") -> tuple[int, Any]:
    with pytest.raises(websockets.InvalidStatus) as refused, dial(sandbox, path, key):
        pass
    response = refused.value.response
    return response.status_code, json.loads(response.body or b"null")


def fetch(sandbox: Sandbox, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
    request = urllib.request.Request(
        sandbox.http_url + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"xi-api-key": "sandbox-key", "content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


# --- several contexts --------------------------------------------------------------------------


def test_a_conversation_with_contexts(sandbox: Sandbox) -> None:
    with dial(sandbox, f"{MULTI}&sync_alignment=true") as client:
        for context in ("a", "b"):
            say(client, text=" ", context_id=context, voice_settings={"speed": 1.2})
            say(client, text=f"Hello, {context}! ", context_id=context, flush=True)
        say(client, contextId="a", close_context=True)
        say(client, context_id="b", text="")
        got = until(client, "isFinal")
        assert got[-1] == {"isFinal": True, "contextId": "a"}
        own = [message for message in got if message.get("contextId") == "a"][:-1]
        text = "".join("".join(m["alignment"]["chars"]) for m in own if m.get("alignment"))
        assert text == "Hello, a! "
        normalized = own[0]["normalizedAlignment"]["chars"]
        assert normalized[0] == " "
        assert sum(len(base64.b64decode(m["audio"])) for m in own) / 32_000 > 0.3
        say(client, close_socket=True)
        assert until(client, "isFinal")[-1]["contextId"] == "b"
        with pytest.raises(websockets.ConnectionClosedOK):
            client.recv(timeout=5)


def test_a_sixth_context_ends_it_all(sandbox: Sandbox) -> None:
    with dial(sandbox, MULTI) as client:
        for number in range(6):
            say(client, text=" ", context_id=str(number))
        error = until(client, "error")[-1]
        assert (error["error"], error["code"]) == ("max_active_conversations", 1008)
        with pytest.raises(websockets.ConnectionClosedError) as closed:
            client.recv(timeout=5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


def test_a_context_nobody_speaks_to_ends(sandbox: Sandbox) -> None:
    with dial(sandbox, f"{MULTI}&inactivity_timeout=1") as client:
        say(client, text=" ", context_id="a")
        assert until(client, "isFinal") == [{"isFinal": True, "contextId": "a"}]


def test_text_waits_for_more_unless_it_is_flushed(sandbox: Sandbox) -> None:
    with dial(sandbox, MULTI) as client:
        say(client, text=" ", context_id="a", generation_config={"chunk_length_schedule": [50]})
        say(client, text="Too little. ", context_id="a")
        with pytest.raises(TimeoutError):
            client.recv(timeout=0.3)
        say(client, text="But this much is enough to begin with, is it not? ", context_id="a")
        assert until(client, "audio")
    with dial(sandbox, f"{MULTI}&auto_mode=true") as client:
        say(client, text="A sentence. ", context_id="a")
        assert until(client, "audio")


def test_what_cannot_be_read_is_said(sandbox: Sandbox) -> None:
    with dial(sandbox, MULTI) as client:
        client.send("not json")
        assert until(client, "error")[-1]["error"] == "invalid_message"


# --- one ---------------------------------------------------------------------------------------


def test_the_end_of_the_text_is_the_end(sandbox: Sandbox) -> None:
    with dial(sandbox, SINGLE) as client:
        say(client, text=" ", try_trigger_generation=True)
        say(client, text="Hello there, friend. ")
        say(client, text="")
        got = until(client, "isFinal")
        assert sum(len(base64.b64decode(m["audio"])) for m in got[:-1]) / 8000 > 0.5
        assert "contextId" not in got[0]
        with pytest.raises(websockets.ConnectionClosedOK):
            client.recv(timeout=5)


def test_one_who_says_nothing_is_sent_away(sandbox: Sandbox) -> None:
    with dial(sandbox, f"{SINGLE}&inactivity_timeout=1") as client:
        say(client, text=" ")
        assert until(client, "error")[-1]["error"] == "input_timeout_exceeded"


# --- listening ---------------------------------------------------------------------------------


def test_a_conversation_with_scribe(sandbox: Sandbox) -> None:
    with dial(sandbox, f"{SCRIBE}&include_timestamps=true") as client:
        started = until(client, "session_id")[-1]
        assert started["config"]["commit_strategy"] == "manual"
        hear(client, silence(0.2) + sound(1.0) + silence(0.3), previous_text="Well,")
        hear(client, b"", commit=True)
        got = until(client, "words")
        assert [message["message_type"] for message in got[-2:]] == [
            "committed_transcript",
            "committed_transcript_with_timestamps",
        ]
        assert got[-1]["text"] == got[-2]["text"] == "hello, how are you today?"
        assert [word["type"] for word in got[-1]["words"][:3]] == ["word", "spacing", "word"]
        hear(client, sound(0.2), commit=True)
        assert until(client, "error")[-1]["message_type"] == "commit_throttled"
        with pytest.raises(websockets.ConnectionClosed):
            client.recv(timeout=5)


def test_pauses_commit_where_that_was_asked_for(sandbox: Sandbox) -> None:
    with dial(sandbox, f"{SCRIBE}&commit_strategy=vad&vad_silence_threshold_secs=0.3") as client:
        hear(client, silence(0.2) + sound(1.0))
        for _ in range(8):
            hear(client, silence(0.1))
        kinds = []
        while "committed_transcript" not in kinds:
            kinds.append(json.loads(client.recv(timeout=5))["message_type"])


MISTAKES = [
    ({"audio_base_64": "AAAA", "previous_text": "too late"}, "invalid_request"),
    ({"audio_base_64": "A" * 2_000_000}, "chunk_size_exceeded"),
    ({"audio_base_64": "no base64"}, "input_error"),
]


@pytest.mark.parametrize("message, kind", MISTAKES, ids=[kind for _, kind in MISTAKES])
def test_scribe_says_what_is_wrong(message: dict[str, str], kind: str, sandbox: Sandbox) -> None:
    with dial(sandbox, SCRIBE) as client:
        hear(client, silence(0.1))
        say(client, message_type="input_audio_chunk", **message)
        assert until(client, "error")[-1]["message_type"] == kind


# --- refusals ----------------------------------------------------------------------------------

REFUSED = [
    MULTI.replace("flash_v2_5", "v3"),
    MULTI.replace("pcm_16000", "mp3_44100_128"),
    f"{VOICE}/multi-stream-input",
    f"{MULTI}&inactivity_timeout=181",
    SCRIBE.replace("_realtime", ""),
    f"{SCRIBE}&audio_format=opus",
    f"{SCRIBE}&commit_strategy=never",
    f"{SCRIBE}&language_code=ru-RU",
    f"{SCRIBE}&keyterms=longer-than-twenty-letters",
]


@pytest.mark.parametrize("path", REFUSED)
def test_a_wrong_parameter_is_refused(path: str, sandbox: Sandbox) -> None:
    code, body = status(sandbox, path)
    assert code == 400
    assert body["detail"]["status"] == "invalid_request"


def test_so_is_a_missing_key(sandbox: Sandbox) -> None:
    code, body = status(sandbox, MULTI, key="")
    assert (code, body["detail"]["status"]) == (401, "invalid_api_key")
    with dial(sandbox, f"{SCRIBE}&token=sandbox-key", key="") as client:
        assert until(client, "session_id")


# --- HTTP --------------------------------------------------------------------------------------


def test_speech_by_http(sandbox: Sandbox) -> None:
    asked = {"text": "Hello there, friend.", "model_id": "eleven_flash_v2_5"}
    for path in (f"{VOICE}/stream", VOICE):
        code, audio = fetch(sandbox, "POST", f"{path}?output_format=pcm_8000", asked)
        assert code == 200
        assert len(audio) / 16_000 > 0.5
    path = f"{VOICE}/stream/with-timestamps?output_format=pcm_8000"
    code, body = fetch(sandbox, "POST", path, asked)
    lines = [json.loads(line) for line in body.splitlines()]
    shown = [line["alignment"] for line in lines if line.get("alignment")]
    assert "".join("".join(each["characters"]) for each in shown) == asked["text"]
    assert shown[-1]["character_end_times_seconds"][-1] > 0.5


@pytest.mark.parametrize(
    "body, query, code",
    [
        ({"text": " "}, "pcm_8000", 400),
        ({"text": "Hi", "model_id": "eleven_v9"}, "pcm_8000", 400),
        ({"text": "Hi"}, "mp3_44100_128", 400),
        ({"words": "Hi"}, "pcm_8000", 422),
    ],
)
def test_what_cannot_be_spoken_is_refused(
    body: dict[str, str], query: str, code: int, sandbox: Sandbox
) -> None:
    got, said = fetch(sandbox, "POST", f"{VOICE}/stream?output_format={query}", body)
    assert got == code
    assert set(json.loads(said)["detail"]) == {"status", "message"}


def test_voices_are_listed_and_the_unknown_refused(sandbox: Sandbox) -> None:
    code, body = fetch(sandbox, "GET", "/v1/voices")
    assert (code, json.loads(body)["voices"][0]["name"]) == (200, "George")
    assert fetch(sandbox, "GET", "/v1/voices/JBFqnCBsd6RMkjVDRZzb")[0] == 200
    assert fetch(sandbox, "DELETE", "/v1/voices/nobody")[0] == 404
    assert fetch(sandbox, "POST", "/v1/voices/add", {"name": "no files"})[0] == 422


# --- the voice behind it -----------------------------------------------------------------------


def test_a_voice_without_word_times_has_them_guessed() -> None:
    with (
        Sandbox(voice=lambda: ScriptedVoice(clock=LoopClock(), word_times=False)) as sandbox,
        dial(sandbox, f"{MULTI}&sync_alignment=true") as client,
    ):
        say(client, text="Hello, you! ", context_id="a", flush=True)
        say(client, context_id="a", close_context=True)
        got = until(client, "isFinal")[:-1]
        text = "".join("".join(m["alignment"]["chars"]) for m in got if m.get("alignment"))
        assert text == "Hello, you! "
        assert len(got) > 3


def test_a_voice_that_fails_is_the_vendors_failure() -> None:
    def failing() -> ScriptedVoice:
        return ScriptedVoice(clock=LoopClock(), faults=deque([VoiceFault(after_s=0.1)] * 4))

    with Sandbox(key="sandbox-key", voice=failing) as sandbox:
        for path in (MULTI, SINGLE):
            with dial(sandbox, path) as client:
                say(client, text="Hello there, you. ", flush=True)
                assert until(client, "error")[-1]["error"] == "system_busy"
        for path in ("stream", "stream/with-timestamps"):
            with pytest.raises((http.client.HTTPException, OSError)):
                fetch(sandbox, "POST", f"{VOICE}/{path}?output_format=pcm_8000", {"text": "Hello."})


# --- alignment ---------------------------------------------------------------------------------


def test_characters_share_the_time_of_their_word() -> None:
    aligned = Aligned("Hi, you ")
    first = aligned.take([("Hi,", 0.1, 0.4)], 0.3, last=False)
    assert [char.char for char in first] == ["H", "i", ","][: len(first)]
    rest = aligned.take([("you", 0.5, 0.8), ("absent", 0.8, 0.9)], 1.0, last=True)
    assert "".join(char.char for char in first + rest) == "Hi, you "
    assert rest[-1].end_s == pytest.approx(1.0)
    message = as_message(rest, 0.3)
    assert message is not None
    assert message.times_s[-1][2] == pytest.approx(0.7, abs=0.002)
    assert as_message([], 0.0) is None
    assert as_chunk([]) is None
