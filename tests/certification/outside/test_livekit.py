"""The LiveKit plugins: what a framework that thousands use makes of the sandbox."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, APIStatusError, llm
from livekit.agents.utils import http_context
from livekit.plugins import anthropic, assemblyai, azure, cartesia, deepgram, elevenlabs, openai
from tests.certification.outside.conftest import ANSWER, RATE_HZ, SAYS, SENTENCE, Sandbox, pcm

ONCE = APIConnectOptions(max_retry=0, timeout=10)


def proves(plugin: str, endpoint: str, **parts: str) -> Any:
    return pytest.mark.proves(endpoint, by=f"livekit-plugins-{plugin}", **parts)


@pytest.fixture(autouse=True)
async def session() -> AsyncIterator[None]:
    """What a LiveKit worker gives its plugins."""
    async with http_context.open():
        yield


# --- recognisers ------------------------------------------------------------------------------


async def heard(recogniser: Any, *, flush: bool = True) -> list[Any]:
    """The events up to the first final, of a line that is spoken."""
    speech = pcm(quiet_s=1.2)
    stream = recogniser.stream(conn_options=ONCE)
    events = []
    try:
        async with asyncio.timeout(20):
            # One that was turned down takes no more; it says why when it is listened to.
            with suppress(RuntimeError):
                for at in range(0, len(speech), 1600):
                    chunk = speech[at : at + 1600]
                    stream.push_frame(rtc.AudioFrame(chunk, RATE_HZ, 1, len(chunk) // 2))
                    # As fast as a caller speaks: some count the seconds of real time.
                    await asyncio.sleep(0.05)
                if flush:
                    stream.flush()
            async for event in stream:
                events.append(event)
                if event.type.value == "final_transcript":
                    return events
    finally:
        await stream.aclose()
    raise AssertionError(f"no final among {[event.type for event in events]}")


def check(events: list[Any]) -> None:
    assert events[-1].alternatives[0].text == SAYS[0]
    kinds = [event.type.value for event in events]
    assert "interim_transcript" in kinds or "preflight_transcript" in kinds


async def refused(recogniser: Any) -> int:
    """The status with which a stream is turned down, wherever in the chain it stands."""
    with pytest.raises(APIError) as caught:
        await heard(recogniser)
    return status_of(caught.value)


def status_of(error: BaseException | None) -> int:
    while error is not None:
        status = getattr(error, "status_code", None) or getattr(error, "status", None)
        if isinstance(status, int) and status > 0:
            return status
        error = error.__cause__
    return 0


NOVA = "WS /v1/listen"
FLUX = "WS /v2/listen"


@proves("deepgram", NOVA, exchange="interim and final results", controls="KeepAlive")
async def test_deepgram_nova(sandbox: Sandbox) -> None:
    check(await heard(deepgram.STT(api_key=sandbox.key, base_url=f"{sandbox.http}/v1/listen")))


@proves("deepgram", NOVA, refusal="wrong key")
async def test_deepgram_nova_refuses(sandbox: Sandbox) -> None:
    recogniser = deepgram.STT(api_key="wrong", base_url=f"{sandbox.http}/v1/listen")
    assert await refused(recogniser) == 401


@proves("deepgram", FLUX, exchange="StartOfTurn, Update, EagerEndOfTurn, EndOfTurn")
async def test_deepgram_flux(sandbox: Sandbox) -> None:
    recogniser = deepgram.STTv2(
        api_key=sandbox.key, base_url=f"{sandbox.ws}/v2/listen", eager_eot_threshold=0.5
    )
    events = await heard(recogniser, flush=False)
    check(events)
    kinds = [event.type.value for event in events]
    assert "preflight_transcript" in kinds
    assert "start_of_speech" in kinds


INK = "WS /stt/websocket"
INK_TURNS = "WS /stt/turns/websocket"


def ink(sandbox: Sandbox, model: str, key: str = "") -> Any:
    """The plugin takes the one socket or the other by the model."""
    return cartesia.STT(api_key=key or sandbox.key, base_url=sandbox.http, model=model)


@proves("cartesia", INK, exchange="finals, with word times", controls="finalize")
async def test_cartesia_ink(sandbox: Sandbox) -> None:
    events = await heard(ink(sandbox, "ink-whisper"))
    said = events[-1].alternatives[0]
    assert said.text.strip() == SAYS[0]
    assert [str(word) for word in said.words] == SAYS[0].split()
    assert 0 < said.words[0].start_time < said.words[-1].end_time < 3


@proves("cartesia", INK_TURNS, exchange="turn.start, turn.update, turn.eager_end, turn.end")
async def test_cartesia_ink_turns(sandbox: Sandbox) -> None:
    events = await heard(ink(sandbox, "ink-2"), flush=False)
    check(events)
    kinds = [event.type.value for event in events]
    assert "start_of_speech" in kinds
    assert "preflight_transcript" in kinds


@proves("cartesia", INK, refusal="wrong key")
@proves("cartesia", INK_TURNS, refusal="wrong key")
@pytest.mark.parametrize("model", ["ink-whisper", "ink-2"])
async def test_cartesia_ink_refuses(sandbox: Sandbox, model: str) -> None:
    assert await refused(ink(sandbox, model, "wrong")) == 401


SCRIBE = "WS /v1/speech-to-text/realtime"


@proves("elevenlabs", SCRIBE, exchange="partial and committed transcripts", controls="commit")
async def test_elevenlabs_scribe(sandbox: Sandbox) -> None:
    recogniser = elevenlabs.STT(
        api_key=sandbox.key, base_url=f"{sandbox.http}/v1", model_id="scribe_v2_realtime"
    )
    check(await heard(recogniser))


@proves("elevenlabs", SCRIBE, refusal="wrong key")
async def test_elevenlabs_scribe_refuses(sandbox: Sandbox) -> None:
    recogniser = elevenlabs.STT(
        api_key="wrong", base_url=f"{sandbox.http}/v1", model_id="scribe_v2_realtime"
    )
    assert await refused(recogniser) in (401, 403, 1008)


UNIVERSAL = "WS /v3/ws"


@proves("assemblyai", UNIVERSAL, exchange="Begin, Turn")
async def test_assemblyai(sandbox: Sandbox) -> None:
    check(await heard(assemblyai.STT(api_key=sandbox.key, base_url=sandbox.ws)))


@proves("assemblyai", UNIVERSAL, refusal="wrong key: close 1008")
async def test_assemblyai_refuses(sandbox: Sandbox) -> None:
    recogniser = assemblyai.STT(api_key="wrong", base_url=sandbox.ws)
    assert await refused(recogniser) == 1008


@proves("openai", "WS /v1/realtime", exchange="transcription session: deltas, completed")
async def test_openai_realtime(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    # Anywhere but at the vendor's own host the plugin names the model in the address, where the
    # vendor would take it for a conversation. So that host is here, for this test.
    look_up = socket.getaddrinfo

    def here(host: Any, *rest: Any, **named: Any) -> Any:
        return look_up("127.0.0.1" if host == "api.openai.com" else host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    address = sandbox.http.replace("127.0.0.1", "api.openai.com")
    recogniser = openai.STT(api_key=sandbox.key, base_url=f"{address}/v1", use_realtime=True)
    check(await heard(recogniser))


@proves("openai", "POST /v1/audio/transcriptions", exchange="a recording as multipart")
async def test_openai_batch(sandbox: Sandbox) -> None:
    recogniser = openai.STT(api_key=sandbox.key, base_url=f"{sandbox.http}/v1", use_realtime=False)
    speech = pcm()
    frame = rtc.AudioFrame(speech, RATE_HZ, 1, len(speech) // 2)
    event = await recogniser.recognize([frame], conn_options=ONCE)
    assert event.alternatives[0].text == SAYS[0]


# --- voices -----------------------------------------------------------------------------------


async def spoken(voice: Any, *, streamed: bool) -> tuple[float, list[str]]:
    """Seconds of sound, and words that came with times."""
    if streamed:
        stream = voice.stream(conn_options=ONCE)
        for word in SENTENCE.split():
            stream.push_text(f"{word} ")
        stream.end_input()
    else:
        stream = voice.synthesize(SENTENCE, conn_options=ONCE)
    seconds, words = 0.0, []
    try:
        async with asyncio.timeout(20):
            async for audio in stream:
                seconds += audio.frame.duration
                words += audio.frame.userdata.get("lk.timed_transcripts", ())
    finally:
        await stream.aclose()
    return seconds, [word for word in "".join(words).split() if word]


async def mute(voice: Any, *, streamed: bool) -> int:
    with pytest.raises(APIError) as caught:
        await spoken(voice, streamed=streamed)
    return status_of(caught.value)


AURA = "WS /v1/speak"


@proves("deepgram", AURA, exchange="audio", controls="Speak, Flush")
async def test_deepgram_aura(sandbox: Sandbox) -> None:
    voice = deepgram.TTS(api_key=sandbox.key, base_url=f"{sandbox.http}/v1/speak")
    seconds, _ = await spoken(voice, streamed=True)
    assert 1 < seconds < 8


@proves("deepgram", AURA, refusal="wrong key")
async def test_deepgram_aura_refuses(sandbox: Sandbox) -> None:
    voice = deepgram.TTS(api_key="wrong", base_url=f"{sandbox.http}/v1/speak")
    assert await mute(voice, streamed=True) == 401


MULTI = "WS /v1/text-to-speech/{voice}/multi-stream-input"


def eleven(sandbox: Sandbox, key: str = "") -> Any:
    return elevenlabs.TTS(
        api_key=key or sandbox.key, base_url=f"{sandbox.http}/v1", encoding="pcm_24000"
    )


@proves("elevenlabs", MULTI, exchange="audio with alignment", controls="flush, close_context")
async def test_elevenlabs_speaks(sandbox: Sandbox) -> None:
    seconds, words = await spoken(eleven(sandbox), streamed=True)
    assert 1 < seconds < 8
    assert words == SENTENCE.split()


@proves("elevenlabs", MULTI, refusal="wrong key")
async def test_elevenlabs_refuses(sandbox: Sandbox) -> None:
    assert await mute(eleven(sandbox, "wrong"), streamed=True) in (401, 403)


@proves("elevenlabs", "POST /v1/text-to-speech/{voice}/stream", exchange="raw audio")
async def test_elevenlabs_speaks_over_http(sandbox: Sandbox) -> None:
    seconds, _ = await spoken(eleven(sandbox), streamed=False)
    assert 1 < seconds < 8


SONIC = "WS /tts/websocket"


@proves("cartesia", SONIC, exchange="chunks, timestamps, done", controls="continue")
async def test_cartesia_speaks(sandbox: Sandbox) -> None:
    voice = cartesia.TTS(api_key=sandbox.key, base_url=sandbox.http)
    seconds, words = await spoken(voice, streamed=True)
    assert 1 < seconds < 8
    assert words == SENTENCE.split()


@proves("cartesia", SONIC, refusal="wrong key")
async def test_cartesia_refuses(sandbox: Sandbox) -> None:
    voice = cartesia.TTS(api_key="wrong", base_url=sandbox.http)
    assert await mute(voice, streamed=True) == 401


@proves("cartesia", "POST /tts/bytes", exchange="raw audio")
async def test_cartesia_speaks_over_http(sandbox: Sandbox) -> None:
    voice = cartesia.TTS(api_key=sandbox.key, base_url=sandbox.http)
    seconds, _ = await spoken(voice, streamed=False)
    assert 1 < seconds < 8


@proves("openai", "POST /v1/audio/speech", exchange="audio as server-sent events")
async def test_openai_speaks(sandbox: Sandbox) -> None:
    voice = openai.TTS(api_key=sandbox.key, base_url=f"{sandbox.http}/v1", response_format="pcm")
    seconds, _ = await spoken(voice, streamed=False)
    assert 1 < seconds < 8


@proves("openai", "POST /v1/audio/speech", refusal="wrong key")
async def test_openai_speech_refuses(sandbox: Sandbox) -> None:
    voice = openai.TTS(api_key="wrong", base_url=f"{sandbox.http}/v1", response_format="pcm")
    assert await mute(voice, streamed=False) == 401


SSML = "POST /cognitiveservices/v1"


def voice_of_azure(sandbox: Sandbox, key: str) -> Any:
    place = f"{sandbox.http}/cognitiveservices/v1"
    return azure.TTS(speech_key=key, speech_region="here", speech_endpoint=place)


@proves("azure", SSML, exchange="SSML in, raw audio out")
async def test_azure_speaks(sandbox: Sandbox) -> None:
    seconds, _ = await spoken(voice_of_azure(sandbox, sandbox.key), streamed=False)
    assert 1 < seconds < 8


@proves("azure", SSML, refusal="wrong key (401)")
async def test_azure_refuses(sandbox: Sandbox) -> None:
    assert await mute(voice_of_azure(sandbox, "wrong"), streamed=False) == 401


# --- minds ------------------------------------------------------------------------------------


async def answered(mind: Any, words: str = "Hello.", tools: list[Any] | None = None) -> list[Any]:
    context = llm.ChatContext.empty()
    context.add_message(role="system", content="You are brief.")
    context.add_message(role="user", content=words)
    async with (
        asyncio.timeout(20),
        mind.chat(chat_ctx=context, tools=tools or [], conn_options=ONCE) as stream,
    ):
        return [chunk async for chunk in stream]


def check_answer(chunks: list[Any]) -> None:
    text = "".join(chunk.delta.content or "" for chunk in chunks if chunk.delta)
    assert text == ANSWER
    assert sum(chunk.usage.completion_tokens for chunk in chunks if chunk.usage) > 0


async def dumb(mind: Any) -> int:
    with pytest.raises(APIStatusError) as caught:
        await answered(mind)
    return status_of(caught.value)


@proves("openai", "POST /v1/chat/completions", exchange="streamed text, usage")
async def test_openai_chat(sandbox: Sandbox) -> None:
    mind = openai.LLM(api_key=sandbox.key, base_url=f"{sandbox.http}/v1")
    check_answer(await answered(mind))


@proves("openai", "POST /v1/chat/completions", refusal="wrong key")
async def test_openai_chat_refuses(sandbox: Sandbox) -> None:
    assert await dumb(openai.LLM(api_key="wrong", base_url=f"{sandbox.http}/v1")) == 401


@proves("openai", "POST /v1/responses", exchange="streamed text, usage")
async def test_openai_responses(sandbox: Sandbox) -> None:
    mind = openai.responses.LLM(
        api_key=sandbox.key, base_url=f"{sandbox.http}/v1", use_websocket=False
    )
    check_answer(await answered(mind))


@proves("anthropic", "POST /v1/messages", exchange="streamed text, usage (version 2023-06-01)")
async def test_anthropic(sandbox: Sandbox) -> None:
    mind = anthropic.LLM(api_key=sandbox.key, base_url=sandbox.http)
    check_answer(await answered(mind))


@proves("anthropic", "POST /v1/messages", refusal="wrong key")
async def test_anthropic_refuses(sandbox: Sandbox) -> None:
    assert await dumb(anthropic.LLM(api_key="wrong", base_url=sandbox.http)) == 401


@llm.function_tool
async def weather(city: str) -> str:
    """The weather somewhere."""
    return f"22 degrees in {city}"


MINDS = {
    "openai": ("POST /v1/chat/completions", lambda s: openai.LLM(**_at(s))),
    "responses": (
        "POST /v1/responses",
        lambda s: openai.responses.LLM(**_at(s), use_websocket=False),
    ),
    "anthropic": (
        "POST /v1/messages",
        lambda s: anthropic.LLM(api_key=s.key, base_url=s.http),
    ),
}


def _at(sandbox: Sandbox) -> dict[str, Any]:
    return {"api_key": sandbox.key, "base_url": f"{sandbox.http}/v1"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=proves(
                "anthropic" if name == "anthropic" else "openai",
                endpoint,
                exchange="tool calls and results",
            ),
        )
        for name, (endpoint, _) in MINDS.items()
    ],
)
async def test_tools(sandbox: Sandbox, name: str) -> None:
    mind = MINDS[name][1](sandbox)
    chunks = await answered(mind, "What is the weather?", [weather])
    (call,) = [call for chunk in chunks if chunk.delta for call in chunk.delta.tool_calls]
    assert (call.name, json.loads(call.arguments)) == ("weather", {"city": "Paris"})

    context = llm.ChatContext.empty()
    context.add_message(role="user", content="What is the weather?")
    arguments = {"name": call.name, "arguments": call.arguments, "call_id": call.call_id}
    context.insert(llm.FunctionCall(**arguments))
    output = {"call_id": call.call_id, "name": call.name, "is_error": False}
    context.insert(llm.FunctionCallOutput(**output, output="22 degrees in Paris"))
    async with (
        asyncio.timeout(20),
        mind.chat(chat_ctx=context, tools=[weather], conn_options=ONCE) as stream,
    ):
        text = "".join([c.delta.content or "" async for c in stream if c.delta])
    assert text == "It is warm."
