"""The same for the SDKs of ElevenLabs, Google and Twilio, each with its own kinds of error."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests
from elevenlabs import ElevenLabs
from elevenlabs.core.api_error import ApiError
from google import genai
from google.genai import errors, types
from tests.certification.outside.conftest import Sandbox
from tests.certification.outside.troubled import Way, befallen, each, session
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

# --- ElevenLabs -------------------------------------------------------------------------------

VOICE = "21m00Tcm4TlvDq8ikWAM"
SAID: Any = {"text": "Hello.", "output_format": "pcm_16000"}
WORDS: Any = {"voice_description": "A calm voice.", "output_format": "pcm_16000"}
Options = dict[str, Any]


def _way(ask: Callable[[Any, Options], Any]) -> Callable[[Any], Any]:
    """With what was set for the client's requests."""
    return lambda made: ask(made[0], {"request_options": made[1]})


ELEVEN: list[Way] = [
    ("GET /v1/voices", _way(lambda c, o: c.voices.get_all(**o))),
    ("GET /v1/voices/{voice}", _way(lambda c, o: c.voices.get(VOICE, **o))),
    ("DELETE /v1/voices/{voice}", _way(lambda c, o: c.voices.delete("a", **o))),
    (
        "POST /v1/voices/add",
        _way(lambda c, o: c.voices.ivc.create(name="A", files=[b"RIFF....WAVE"], **o)),
    ),
    (
        "POST /v1/text-to-speech/{voice}",
        _way(lambda c, o: list(c.text_to_speech.convert(VOICE, **SAID, **o))),
    ),
    (
        "POST /v1/text-to-speech/{voice}/stream",
        _way(lambda c, o: list(c.text_to_speech.stream(VOICE, **SAID, **o))),
    ),
    (
        "POST /v1/text-to-speech/{voice}/stream/with-timestamps",
        _way(lambda c, o: list(c.text_to_speech.stream_with_timestamps(VOICE, **SAID, **o))),
    ),
    ("POST /v1/text-to-voice/design", _way(lambda c, o: c.text_to_voice.design(**WORDS, **o))),
    (
        "POST /v1/text-to-voice",
        _way(lambda c, o: c.text_to_voice.create(voice_name="m", generated_voice_id="a",
                                                 voice_description="d", **o)),
    ),
    ("POST /v1/voices/pvc", _way(lambda c, o: c.voices.pvc.create(name="A", language="en", **o))),
    (
        "POST /v1/voices/pvc/{voice}/samples",
        _way(lambda c, o: c.voices.pvc.samples.create(VOICE, files=[b"RIFF....WAVE"], **o)),
    ),
    (
        "POST /v1/voices/pvc/{voice}/captcha",
        _way(lambda c, o: c.voices.pvc.verification.captcha.verify(VOICE, recording=b"RIFF", **o)),
    ),
    ("POST /v1/voices/pvc/{voice}/train", _way(lambda c, o: c.voices.pvc.train(VOICE, **o))),
]  # fmt: skip


def _eleven(sandbox: Sandbox, http: httpx.Client, **options: Any) -> tuple[ElevenLabs, Options]:
    made = ElevenLabs(api_key=sandbox.key, base_url=sandbox.http, httpx_client=http)
    return made, {"max_retries": 0, **options}


@each(ELEVEN, by="elevenlabs", refusal="401, 403, 404, 408, 429 with retry-after, 503, with detail")
def test_elevenlabs_sdk_knows_the_refusal(sandbox: Sandbox, ask: Any) -> None:
    for status in (401, 403, 404, 408, 429, 503):
        wait = {"retry_after_s": 7} if status == 429 else {}
        with befallen(refuse=status, **wait) as http, pytest.raises(ApiError) as caught:
            ask(_eleven(sandbox, http))
        assert caught.value.status_code == status
        assert caught.value.body["detail"]["message"]
        assert caught.value.headers.get("retry-after") == ("7" if wait else None)


@each(ELEVEN, by="elevenlabs", limits="it gives up silence and a break")
def test_elevenlabs_sdk_knows_the_break(sandbox: Sandbox, ask: Any) -> None:
    with befallen(stall=True) as http, pytest.raises(httpx.ReadTimeout):
        ask(_eleven(sandbox, http, timeout_in_seconds=0.2))
    with befallen(vanish=True) as http, pytest.raises(httpx.TransportError) as caught:
        ask(_eleven(sandbox, http))
    assert not isinstance(caught.value, httpx.TimeoutException)


@each(ELEVEN[:2], by="elevenlabs", limits="it waits as Retry-After says")
def test_elevenlabs_sdk_waits(sandbox: Sandbox, ask: Any) -> None:
    # What is streamed or has files it does not try again.
    began = time.monotonic()
    # Whole seconds are all it reads.
    with befallen(1, refuse=429, retry_after_s=1) as http:
        ask(_eleven(sandbox, http, max_retries=1))
    assert 1 <= time.monotonic() - began < 5


# --- Gemini -----------------------------------------------------------------------------------

CONTENT: Any = {"model": "gemini-3-flash", "contents": "Hello."}
GEMINI: list[Way] = []
for _version in ("v1", "v1beta"):
    _place = f"POST /{_version}/models/{{model}}"
    GEMINI += [
        (
            f"{_place}:generateContent",
            lambda make, v=_version: make(v).generate_content(**CONTENT),  # type: ignore[misc]
        ),
        (
            f"{_place}:streamGenerateContent",
            lambda make, v=_version: list(make(v).generate_content_stream(**CONTENT)),  # type: ignore[misc]
        ),
    ]


def _gemini(
    sandbox: Sandbox, http: httpx.Client, tries: int = 1, timeout_ms: int = 10_000
) -> Callable[[str], Any]:
    def make(version: str) -> Any:
        options = types.HttpOptions(
            base_url=sandbox.http,
            api_version=version,
            httpx_client=http,
            timeout=timeout_ms,
            retry_options=types.HttpRetryOptions(attempts=tries, initial_delay=0.1),
        )
        # Kept, because a client that nobody has any more closes its connection.
        kept.append(genai.Client(api_key=sandbox.key, http_options=options))
        return kept[-1].models

    kept: list[Any] = []
    return make


@each(
    GEMINI, by="google-genai", refusal="403, 404, 408, as its client's; 503 as its server's error"
)
def test_googles_sdk_knows_the_refusal(sandbox: Sandbox, ask: Any) -> None:
    for status in (403, 404, 408, 429, 503):
        kind = errors.ServerError if status == 503 else errors.ClientError
        with befallen(refuse=status) as http, pytest.raises(kind) as caught:
            ask(_gemini(sandbox, http))
        assert caught.value.code == status
        assert caught.value.message


@each(GEMINI, by="google-genai", limits="it tries again after 503, gives up silence and a break")
def test_googles_sdk_knows_the_break(sandbox: Sandbox, ask: Any) -> None:
    with befallen(stall=True) as http, pytest.raises(httpx.ReadTimeout):
        ask(_gemini(sandbox, http, timeout_ms=200))
    with befallen(vanish=True) as http, pytest.raises(httpx.TransportError) as caught:
        ask(_gemini(sandbox, http))
    assert not isinstance(caught.value, httpx.TimeoutException)
    with befallen(1, refuse=503) as http:
        assert ask(_gemini(sandbox, http, tries=2))


# --- Twilio -----------------------------------------------------------------------------------

ACCOUNT, CALL, RECORDING = "AC" + "0" * 32, "CA" + "0" * 32, "RE" + "0" * 32
CALLS = "/2010-04-01/Accounts/{account}/Calls"
ONE = f"{CALLS}/{{call}}"
HANG_UP = "<Response><Hangup/></Response>"
PLACED: Any = {"to": "+15017122661", "from_": "+15558675310", "twiml": HANG_UP}
TWILIO: list[Way] = [
    (f"POST {CALLS}.json", lambda c: c.calls.create(**PLACED)),
    (f"GET {CALLS}.json", lambda c: c.calls.list()),
    (f"GET {ONE}.json", lambda c: c.calls(CALL).fetch()),
    (f"POST {ONE}.json", lambda c: c.calls(CALL).update(status="completed")),
    (f"GET {ONE}/Recordings.json", lambda c: c.calls(CALL).recordings.list()),
    (f"POST {ONE}/Recordings.json", lambda c: c.calls(CALL).recordings.create()),
    (
        f"GET {ONE}/Recordings/{{recording}}.json",
        lambda c: c.calls(CALL).recordings(RECORDING).fetch(),
    ),
    (
        f"POST {ONE}/Recordings/{{recording}}.json",
        lambda c: c.calls(CALL).recordings(RECORDING).update(status="paused"),
    ),
]


def _twilio(sandbox: Sandbox, token: str = "", **fault: Any) -> Client:
    http = TwilioHttpClient(timeout=0.3 if fault.get("stall") else 10)
    if fault:
        http.session = session(**fault)
    made = Client(ACCOUNT, token or sandbox.key, http_client=http)
    made.api.base_url = sandbox.http
    return made


@each(TWILIO, by="twilio", refusal="wrong token (401, 20003), 404, 429, 503, with code and message")
def test_twilios_sdk_knows_the_refusal(sandbox: Sandbox, ask: Any) -> None:
    for status in (401, 404, 429, 503):
        fault = {} if status == 401 else {"refuse": status}
        with pytest.raises(TwilioException) as caught:
            ask(_twilio(sandbox, "wrong" if status == 401 else "", **fault))
        error = caught.value
        if isinstance(error, TwilioRestException):
            assert error.status == status
            assert error.code == 20003 if status == 401 else error.code
            assert error.msg
        else:  # so it is with pages
            assert f"HTTP {status} " in str(error)


@each(TWILIO, by="twilio", limits="silence is a time-out, a break a connection error")
def test_twilios_sdk_knows_the_break(sandbox: Sandbox, ask: Any) -> None:
    # Amid an answer it is called a broken connection.
    late = requests.ReadTimeout, requests.ConnectionError
    with pytest.raises(late, match="Read timed out"):
        ask(_twilio(sandbox, stall=True))
    broken = requests.ConnectionError, requests.exceptions.ChunkedEncodingError
    with pytest.raises(broken, match=r"aborted|ended prematurely"):
        ask(_twilio(sandbox, vanish=True))
