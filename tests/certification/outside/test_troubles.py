"""What the SDKs of OpenAI, Anthropic and Cartesia make of refusals, silence and broken connections:
their own kinds of error, and their own second try when Retry-After says so."""

import io
import time
import wave
from contextlib import suppress
from typing import Any

import anthropic
import cartesia
import httpx
import httpx2
import openai
import pytest
from tests.certification.outside.conftest import RATE_HZ, Sandbox, pcm
from tests.certification.outside.test_cartesia import ASKED as SPEAK
from tests.certification.outside.troubled import Way, befallen, each


def _wav() -> bytes:
    with wave.open(whole := io.BytesIO(), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", "NONE"))
        file.writeframes(pcm())
    return whole.getvalue()


WAV = ("a.wav", _wav())
SAY: Any = [{"role": "user", "content": "Hello."}]
OPENAI: list[Way] = [
    (
        "POST /v1/chat/completions",
        lambda c: c.chat.completions.create(model="gpt-5-mini", messages=SAY),
    ),
    ("POST /v1/responses", lambda c: c.responses.create(model="gpt-5-mini", input="Hello.")),
    (
        "POST /v1/audio/speech",
        lambda c: c.audio.speech.create(
            model="gpt-4o-mini-tts", voice="alloy", input="Hello.", response_format="pcm"
        ),
    ),
    (
        "POST /v1/audio/transcriptions",
        lambda c: c.audio.transcriptions.create(model="gpt-transcribe", file=WAV),
    ),
]
COMPATIBLE: list[Way] = [
    (
        "POST /compatible/v1/chat/completions",
        lambda c: c.chat.completions.create(model="some-model", messages=SAY),
    )
]
CLAUDE: list[Way] = [
    (
        "POST /v1/messages",
        lambda c: c.messages.create(model="claude-haiku-5.5", max_tokens=9, messages=SAY),
    )
]
CARTESIA: list[Way] = [
    ("GET /voices", lambda c: c.voices.list()),
    ("GET /voices/{voice}", lambda c: c.voices.get("a")),
    ("DELETE /voices/{voice}", lambda c: c.voices.delete("a")),
    (
        "POST /voices/clone",
        lambda c: c.voices.clone(clip=WAV, name="A", language="en"),
    ),
    ("POST /tts/bytes", lambda c: c.tts.generate(**SPEAK, transcript="Hello.")),
    ("POST /tts/sse", lambda c: list(c.tts.generate_sse(**SPEAK, transcript="Hello."))),
]
KINDS = {
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    429: "RateLimitError",
    503: "InternalServerError",
}
REFUSAL = "401, 403, 404, 408, 429 with retry-after, 503, each as its own kind of error"
LIMITS = "silence is a time-out, a break a connection error; it waits as Retry-After says"
LIBRARY = {openai: httpx, anthropic: httpx2, cartesia: httpx}


def made(sdk: Any, sandbox: Sandbox, http: Any, *, tries: int = 0, path: str = "") -> Any:
    kind = {openai: "OpenAI", anthropic: "Anthropic", cartesia: "Cartesia"}[sdk]
    base = sandbox.http + (path or ("/v1" if sdk is openai else ""))
    return getattr(sdk, kind)(
        api_key=sandbox.key, base_url=base, http_client=http, max_retries=tries, timeout=10
    )


def refuses(sdk: Any, sandbox: Sandbox, ask: Any, path: str = "") -> None:
    for status in (401, 403, 404, 408, 429, 503):
        wait = {"retry_after_s": 7} if status == 429 else {}
        with (
            befallen(library=LIBRARY[sdk], refuse=status, **wait) as http,
            pytest.raises(sdk.APIStatusError) as caught,
        ):
            ask(made(sdk, sandbox, http, path=path))
        assert caught.value.status_code == status
        assert type(caught.value).__name__ == KINDS.get(status, "APIStatusError")
        assert isinstance(caught.value.body, dict)
        assert caught.value.response.headers.get("retry-after") == ("7" if wait else None)


def breaks(sdk: Any, sandbox: Sandbox, ask: Any, path: str = "") -> None:
    # Amid a streamed answer some SDKs let their HTTP library's own errors through.
    library = LIBRARY[sdk]
    late = sdk.APITimeoutError, library.TimeoutException
    with befallen(library=library, stall=True) as http, pytest.raises(late):
        ask(made(sdk, sandbox, http, path=path).with_options(timeout=0.2))
    broken = sdk.APIConnectionError, library.TransportError
    with befallen(library=library, vanish=True) as http, pytest.raises(broken) as caught:
        ask(made(sdk, sandbox, http, path=path))
    assert not isinstance(caught.value, late)
    began = time.monotonic()
    again = befallen(1, library, refuse=429, retry_after_s=0.4)
    # A voice that is not there is refused at the second try, which is none of this test's.
    with again as http, suppress(cartesia.NotFoundError):
        ask(made(sdk, sandbox, http, tries=1, path=path))
    assert 0.4 <= time.monotonic() - began < 5


@each(OPENAI, by="openai", refusal=REFUSAL)
def test_openais_sdk_knows_the_refusal(sandbox: Sandbox, ask: Any) -> None:
    refuses(openai, sandbox, ask)


@each(COMPATIBLE, by="openai", refusal=REFUSAL)
def test_openais_sdk_knows_the_refusal_of_another(sandbox: Sandbox, ask: Any) -> None:
    refuses(openai, sandbox, ask, "/compatible/v1")


@each(CLAUDE, by="anthropic", refusal=REFUSAL)
def test_anthropics_sdk_knows_the_refusal(sandbox: Sandbox, ask: Any) -> None:
    refuses(anthropic, sandbox, ask)


@each(CARTESIA, by="cartesia", refusal=REFUSAL)
def test_cartesias_sdk_knows_the_refusal(sandbox: Sandbox, ask: Any) -> None:
    refuses(cartesia, sandbox, ask)


@each(OPENAI, by="openai", limits=LIMITS)
def test_openais_sdk_knows_the_break(sandbox: Sandbox, ask: Any) -> None:
    breaks(openai, sandbox, ask)


@each(COMPATIBLE, by="openai", limits=LIMITS)
def test_openais_sdk_knows_the_break_of_another(sandbox: Sandbox, ask: Any) -> None:
    breaks(openai, sandbox, ask, "/compatible/v1")


@each(CLAUDE, by="anthropic", limits=LIMITS)
def test_anthropics_sdk_knows_the_break(sandbox: Sandbox, ask: Any) -> None:
    breaks(anthropic, sandbox, ask)


@each(CARTESIA, by="cartesia", limits=LIMITS)
def test_cartesias_sdk_knows_the_break(sandbox: Sandbox, ask: Any) -> None:
    breaks(cartesia, sandbox, ask)
