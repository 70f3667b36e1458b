"""Cartesia's own SDK, and strict readings of every frame it is sent."""

import base64
import json
from typing import Any

import pytest
import websockets
from cartesia import APIStatusError, AsyncCartesia, Cartesia
from cartesia.types import TTSSSEEvent, Voice, WebsocketResponse
from tests.certification.outside.conftest import SENTENCE, Sandbox
from tests.certification.outside.published import strictly

SDK = "cartesia"
SONIC = "WS /tts/websocket"
STRICT = "every frame, by its models read strictly"
RAW: Any = {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 16000}
ASKED: dict[str, Any] = {
    "model_id": "sonic-3",
    "voice": {"mode": "id", "id": "a0e99841-438c-4a64-b679-ae501e7d6091"},
    "output_format": RAW,
    "language": "en",
}


def client(sandbox: Sandbox, key: str = "") -> AsyncCartesia:
    return AsyncCartesia(
        api_key=key or sandbox.key,
        base_url=sandbox.http,
        websocket_base_url=sandbox.ws,
        max_retries=0,
    )


def seconds(audio: bytes) -> float:
    return len(audio) / 2 / 16_000


# --- WebSocket --------------------------------------------------------------------------------


@pytest.mark.proves(
    SONIC,
    by=SDK,
    exchange="chunks, word timestamps, done, with bearer and version 2026-08-14",
    controls="contexts, continue, no_more_inputs, cancel",
)
async def test_it_speaks_as_text_comes(sandbox: Sandbox) -> None:
    audio, words = b"", []
    async with client(sandbox).tts.websocket_connect() as connection:
        context = connection.context(**ASKED, add_timestamps=True)
        for part in ("We are open ", "from nine to five."):
            await context.push(part)
        await context.no_more_inputs()
        async for event in context.receive():
            if event.type == "chunk":
                audio += base64.b64decode(event.data)
            elif event.type == "timestamps" and event.word_timestamps:
                words += event.word_timestamps.words
        cancelled = connection.context()
        await cancelled.send(**ASKED, transcript=SENTENCE, continue_=True)
        await cancelled.cancel()
    assert 0.5 < seconds(audio) < 8
    assert " ".join(words).split() == ["We", "are", "open", "from", "nine", "to", "five."]


@pytest.mark.proves(SONIC, by=SDK, exchange="the same over TLS")
async def test_it_speaks_over_tls(sandbox: Sandbox) -> None:
    # Without an address for WebSockets the SDK speaks TLS, whatever the other address says.
    tls = AsyncCartesia(api_key=sandbox.key, base_url=sandbox.https)
    async with tls.tts.websocket_connect() as connection:
        context = connection.context()
        await context.send(**ASKED, transcript="Hello.", continue_=False)
        kinds = [event.type async for event in context.receive()]
    assert kinds[-1] == "done"


@pytest.mark.proves(SONIC, by=SDK, refusal="wrong key (401)")
async def test_a_wrong_key_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(websockets.InvalidStatus) as caught:
        async with client(sandbox, "wrong").tts.websocket_connect():
            pass
    assert caught.value.response.status_code == 401


@pytest.mark.proves(SONIC, by=SDK, schema=f"{STRICT}, an error among them")
async def test_what_is_sent_fits_the_sdk(sandbox: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {sandbox.key}", "cartesia-version": "2026-08-14"}
    request = {**ASKED, "context_id": "a", "transcript": SENTENCE, "add_timestamps": True}
    wrong = {"context_id": "b", "transcript": SENTENCE}
    kinds = []
    url = f"{sandbox.ws}/tts/websocket"
    async with websockets.connect(url, additional_headers=headers) as socket:
        for message in ({**request, "continue": False}, wrong):
            await socket.send(json.dumps(message))
        while not {"done", "error"} <= set(kinds):
            kinds.append(strictly(WebsocketResponse, await socket.recv()).type)
    assert {"chunk", "timestamps", "done", "error"} <= set(kinds)


# --- HTTP -------------------------------------------------------------------------------------


@pytest.mark.proves("POST /tts/bytes", by=SDK, exchange="raw audio")
async def test_it_generates(sandbox: Sandbox) -> None:
    answer = await client(sandbox).tts.generate(**ASKED, transcript=SENTENCE)
    assert 1 < seconds(await answer.read()) < 8


@pytest.mark.proves(
    "POST /tts/sse",
    by=SDK,
    exchange="chunks, timestamps, done",
    schema=f"{STRICT}, besides flush_id",
)
async def test_it_generates_events(sandbox: Sandbox) -> None:
    stream = await client(sandbox).tts.generate_sse(
        **ASKED, transcript=SENTENCE, add_timestamps=True
    )
    events = [event async for event in stream]
    kinds = [event.type for event in events]
    assert {"chunk", "timestamps"} <= set(kinds)
    assert kinds[-1] == "done"
    for event in events:
        strictly(TTSSSEEvent, event.to_json(use_api_names=True), {"flush_id"})


@pytest.mark.proves("POST /tts/bytes", by=SDK, refusal="wrong key (401)")
@pytest.mark.proves("POST /tts/sse", by=SDK, refusal="wrong key (401)")
@pytest.mark.parametrize("ask", ["generate", "generate_sse"])
@pytest.mark.parametrize("key, status", [("wrong", 401)])
async def test_speech_is_refused(sandbox: Sandbox, ask: str, key: str, status: int) -> None:
    with pytest.raises(APIStatusError) as caught:
        await getattr(client(sandbox, key).tts, ask)(**ASKED, transcript=SENTENCE)
    assert caught.value.status_code == status


# --- voices -----------------------------------------------------------------------------------


@pytest.mark.proves(
    "GET /voices",
    by=SDK,
    exchange="pages of voices",
    schema="each voice, strictly, besides user_id",
)
@pytest.mark.proves("GET /voices/{voice}", by=SDK, exchange="one voice")
@pytest.mark.proves("POST /voices/clone", by=SDK, exchange="cloning from a recording")
@pytest.mark.proves("DELETE /voices/{voice}", by=SDK, exchange="a voice is deleted")
def test_voices_are_cloned_listed_and_deleted(sandbox: Sandbox) -> None:
    voices = Cartesia(api_key=sandbox.key, base_url=sandbox.http, max_retries=0).voices
    clip = ("a.wav", b"RIFF....WAVE")
    cloned = voices.clone(clip=clip, name="Certified", language="en")
    assert voices.get(cloned.id).name == "Certified"
    found = list(voices.list())
    assert cloned.id in [voice.id for voice in found]
    for voice in found:
        strictly(Voice, voice.to_json(use_api_names=True), {"user_id"})
    voices.delete(cloned.id)
    assert cloned.id not in [voice.id for voice in voices.list()]


@pytest.mark.proves("GET /voices", by=SDK, refusal="wrong key (401)")
@pytest.mark.proves("GET /voices/{voice}", by=SDK, refusal="wrong key (401), unknown (404)")
def test_voices_are_for_those_with_a_key(sandbox: Sandbox) -> None:
    wrong = Cartesia(api_key="wrong", base_url=sandbox.http, max_retries=0).voices
    right = Cartesia(api_key=sandbox.key, base_url=sandbox.http, max_retries=0).voices
    asked = [
        (401, lambda: list(wrong.list())),
        (401, lambda: wrong.get("x")),
        (404, lambda: right.get("nobody")),
    ]
    for status, ask in asked:
        with pytest.raises(APIStatusError) as caught:
            ask()
        assert caught.value.status_code == status
