"""OpenAI's own SDK, strict readings of what it is sent, and the published description."""

import base64
import io
import json
import wave
from typing import Any

import httpx
import pytest
from openai import APIStatusError, AsyncOpenAI
from openai.types.audio import TranscriptionStreamEvent
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.realtime import RealtimeServerEvent
from openai.types.responses import Response, ResponseStreamEvent
from tests.certification.outside.conftest import ANSWER, SAYS, SENTENCE, Sandbox, pcm
from tests.certification.outside.published import (
    description,
    fits,
    looked_up,
    openai_description,
    strictly,
)

SDK = "openai"
DESCRIPTION, SPEC = openai_description()
CHAT = "POST /v1/chat/completions"
RESPONSES = "POST /v1/responses"
SPEECH = "POST /v1/audio/speech"
BATCH = "POST /v1/audio/transcriptions"
REALTIME = "WS /v1/realtime"
STRICT = "every event, by its models read strictly"
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
ASKED: Any = [{"role": "user", "content": "Hello."}]


def client(sandbox: Sandbox, key: str = "", **headers: str) -> AsyncOpenAI:
    return AsyncOpenAI(
        api_key=key or sandbox.key,
        base_url=f"{sandbox.http}/v1",
        max_retries=0,
        default_headers=headers,
    )


# --- chat completions -------------------------------------------------------------------------


@pytest.mark.proves(CHAT, by=SDK, exchange="streamed and whole answers, usage", schema=STRICT)
async def test_chat(sandbox: Sandbox) -> None:
    create = client(sandbox).chat.completions.create
    stream = await create(
        model="gpt-5.5", messages=ASKED, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == ANSWER
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    whole = await create(model="gpt-5.5", messages=ASKED)
    assert whole.choices[0].message.content == ANSWER
    strictly(ChatCompletion, whole.to_json())


@pytest.mark.proves(CHAT, by=SDK, exchange="tool calls and results")
async def test_chat_tools(sandbox: Sandbox) -> None:
    create = client(sandbox).chat.completions.create
    messages: Any = [{"role": "user", "content": "What is the weather?"}]
    tools: Any = [{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}]
    asked = (await create(model="gpt-5.5", messages=messages, tools=tools)).choices[0]
    assert asked.finish_reason == "tool_calls"
    (call,) = asked.message.tool_calls or ()
    assert json.loads(call.function.arguments) == {"city": "Paris"}
    result = {"role": "tool", "tool_call_id": call.id, "content": "22 degrees"}
    messages += [asked.message.to_dict(), result]
    stream = await create(model="gpt-5.5", messages=messages, tools=tools, stream=True)
    text = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
    assert "".join(text) == "It is warm."


@pytest.mark.proves(CHAT, by=SDK, refusal="wrong key (401), 429 with retry-after, 503")
@pytest.mark.proves(RESPONSES, by=SDK, refusal="wrong key (401), 429 with retry-after, 503")
@pytest.mark.proves(SPEECH, by=SDK, refusal="wrong key (401), 429 with retry-after, 503")
@pytest.mark.parametrize("status", [401, 429, 503])
@pytest.mark.parametrize("what", ["chat", "responses", "speech"])
async def test_refusals(sandbox: Sandbox, what: str, status: int) -> None:
    fault = json.dumps({"refuse": status, "retry_after_s": 7})
    headers = {} if status == 401 else {"X-Sandbox-Fault": fault}
    refused = client(sandbox, "wrong" if status == 401 else "", **headers)
    asks = {
        "chat": lambda: refused.chat.completions.create(model="gpt-5.5", messages=ASKED),
        "responses": lambda: refused.responses.create(model="gpt-5.5", input="Hello."),
        "speech": lambda: refused.audio.speech.create(model="tts-1", voice="ash", input="a"),
    }
    with pytest.raises(APIStatusError) as caught:
        await asks[what]()
    assert caught.value.status_code == status
    assert isinstance(caught.value.body, dict)
    if status == 429:
        assert caught.value.response.headers["retry-after"] == "7"


async def _events(sandbox: Sandbox, path: str, body: dict[str, Any]) -> list[str]:
    """The data of the server-sent events, as they are sent."""
    headers = {"Authorization": f"Bearer {sandbox.key}"}
    url = f"{sandbox.http}/v1{path}"
    async with httpx.AsyncClient() as http:
        answer = await http.post(url, json={**body, "stream": True}, headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = (line.removeprefix("data: ") for line in answer.text.splitlines())
    return [line for line in lines if line.startswith("{")]


TOOL = {"name": "weather", "parameters": WEATHER}
CHATS = [
    {"messages": ASKED, "stream_options": {"include_usage": True}},
    {
        "messages": [{"role": "user", "content": "What is the weather?"}],
        "tools": [{"type": "function", "function": TOOL}],
    },
]
ANSWERS = [
    {"input": "Hello."},
    {"input": "What is the weather?", "tools": [{"type": "function", "strict": True, **TOOL}]},
]


@pytest.mark.proves(CHAT, by=SDK, schema=STRICT)
@pytest.mark.parametrize("asked", CHATS, ids=["text", "tools"])
async def test_chat_fits_the_sdk(sandbox: Sandbox, asked: dict[str, Any]) -> None:
    for event in await _events(sandbox, "/chat/completions", {"model": "gpt-5.5", **asked}):
        strictly(ChatCompletionChunk, event)


@pytest.mark.proves(CHAT, by=SPEC, schema="every event")
@pytest.mark.parametrize("asked", CHATS, ids=["text", "tools"])
async def test_chat_fits_what_is_published(sandbox: Sandbox, asked: dict[str, Any]) -> None:
    events = await _events(sandbox, "/chat/completions", {"model": "gpt-5.5", **asked})
    _published("CreateChatCompletionStreamResponse", events)


@pytest.mark.proves(
    "POST /compatible/v1/chat/completions", by=SDK, exchange="text, at another base address"
)
async def test_a_compatible_server(sandbox: Sandbox) -> None:
    openai = AsyncOpenAI(api_key=sandbox.key, base_url=f"{sandbox.http}/compatible/v1")
    answer = await openai.chat.completions.create(model="any", messages=ASKED)
    assert answer.choices[0].message.content == ANSWER


# --- responses --------------------------------------------------------------------------------


@pytest.mark.proves(RESPONSES, by=SDK, exchange="streamed and whole answers, usage")
async def test_responses(sandbox: Sandbox) -> None:
    create = client(sandbox).responses.create
    stream = await create(model="gpt-5.5", input="Hello.", stream=True)
    events = [event async for event in stream]
    text = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(text) == ANSWER
    assert events[-1].type == "response.completed"
    assert events[-1].response.usage is not None
    whole = await create(model="gpt-5.5", input="Hello.")
    assert whole.output_text == ANSWER
    strictly(Response, whole.to_json())


@pytest.mark.proves(RESPONSES, by=SDK, exchange="tool calls and results")
async def test_responses_tools(sandbox: Sandbox) -> None:
    create = client(sandbox).responses.create
    asked: Any = [{"role": "user", "content": "What is the weather?"}]
    tools: Any = [{"type": "function", "strict": True, **TOOL}]
    (call,) = (await create(model="gpt-5.5", input=asked, tools=tools)).output
    assert call.type == "function_call"
    assert json.loads(call.arguments) == {"city": "Paris"}
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "22 degrees"}
    again = await create(model="gpt-5.5", input=[*asked, call.to_dict(), result], tools=tools)
    assert again.output_text == "It is warm."


@pytest.mark.proves(RESPONSES, by=SDK, schema=f"{STRICT}, besides a tool's name")
@pytest.mark.parametrize("asked", ANSWERS, ids=["text", "tools"])
async def test_responses_fit_the_sdk(sandbox: Sandbox, asked: dict[str, Any]) -> None:
    for event in await _events(sandbox, "/responses", {"model": "gpt-5.5", **asked}):
        strictly(ResponseStreamEvent, event, {"name"})


@pytest.mark.proves(RESPONSES, by=SPEC, schema="every event")
@pytest.mark.parametrize("asked", ANSWERS, ids=["text", "tools"])
async def test_responses_fit_what_is_published(sandbox: Sandbox, asked: dict[str, Any]) -> None:
    events = await _events(sandbox, "/responses", {"model": "gpt-5.5", **asked})
    _published("ResponseStreamEvent", events)


# --- speech -----------------------------------------------------------------------------------


@pytest.mark.proves(SPEECH, by=SDK, exchange="raw PCM, 24 kHz")
async def test_speech(sandbox: Sandbox) -> None:
    create = client(sandbox).audio.speech.create
    answer = await create(
        model="gpt-4o-mini-tts", voice="ash", input=SENTENCE, response_format="pcm"
    )
    assert 1 < len(answer.content) / 2 / 24_000 < 8


@pytest.mark.proves(SPEECH, by=SPEC, schema="every event of stream_format sse")
async def test_speech_events_fit_what_is_published(sandbox: Sandbox) -> None:
    asked = {
        "model": "gpt-4o-mini-tts",
        "voice": "ash",
        "input": "Hello.",
        "response_format": "pcm",
        "stream_format": "sse",
    }
    events = await _events(sandbox, "/audio/speech", asked)
    assert json.loads(events[-1])["type"] == "speech.audio.done"
    for name, of in (("Delta", events[:-1]), ("Done", events[-1:])):
        _published(f"SpeechAudio{name}Event", of)


# --- transcription ----------------------------------------------------------------------------


def recording() -> tuple[str, bytes]:
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(pcm())
    return "speech.wav", held.getvalue()


@pytest.mark.proves(BATCH, by=SDK, exchange="a recording, whole and streamed", schema=STRICT)
async def test_transcription(sandbox: Sandbox) -> None:
    create = client(sandbox).audio.transcriptions.create
    whole = await create(model="gpt-4o-transcribe", file=recording())
    assert whole.text == SAYS[0]
    stream = await create(model="gpt-4o-transcribe", file=recording(), stream=True)
    events = [event async for event in stream]
    assert events[-1].type == "transcript.text.done"
    assert events[-1].text == SAYS[0]
    for event in events:
        strictly(TranscriptionStreamEvent, event.to_json())


@pytest.mark.proves(BATCH, by=SDK, refusal="wrong key (401)")
async def test_transcription_refuses(sandbox: Sandbox) -> None:
    create = client(sandbox, "wrong").audio.transcriptions.create
    with pytest.raises(APIStatusError) as caught:
        await create(model="gpt-4o-transcribe", file=recording())
    assert caught.value.status_code == 401


@pytest.mark.proves(
    REALTIME,
    by=SDK,
    exchange="session.updated, deltas, completed",
    controls="session.update, append, commit",
    schema=f"{STRICT}, besides a session's id, object, expires_at",
)
async def test_realtime_transcription(sandbox: Sandbox) -> None:
    events = await _transcribed(sandbox)
    text = [e.delta for e in events if e.type.endswith("input_audio_transcription.delta")]
    assert "".join(text) == SAYS[0]
    assert events[-1].transcript == SAYS[0]
    for event in events:
        strictly(RealtimeServerEvent, event.to_json(), {"id", "object", "expires_at"})


async def _transcribed(sandbox: Sandbox) -> list[Any]:
    events: list[Any] = []
    realtime = client(sandbox).realtime
    async with realtime.connect(extra_query={"intent": "transcription"}) as connection:
        heard: Any = {
            "format": {"type": "audio/pcm", "rate": 24_000},
            "transcription": {"model": "gpt-4o-transcribe", "language": "en"},
            "turn_detection": None,
        }
        await connection.session.update(
            session={"type": "transcription", "audio": {"input": heard}}
        )
        speech = pcm(rate_hz=24_000)
        for at in range(0, len(speech), 4800):
            audio = base64.b64encode(speech[at : at + 4800]).decode()
            await connection.input_audio_buffer.append(audio=audio)
        await connection.input_audio_buffer.commit()
        async for event in connection:
            events.append(event)
            if event.type.endswith("input_audio_transcription.completed"):
                break
    return events


def _set(value: Any) -> Any:
    """Without the nulls: the service has them for what is not set, its description does not."""
    if isinstance(value, dict):
        return {key: _set(inner) for key, inner in value.items() if inner is not None}
    return [_set(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.proves(REALTIME, by=SPEC, schema="every event, besides nulls for what is not set")
async def test_realtime_fits_what_is_published(sandbox: Sandbox) -> None:
    whole = description(DESCRIPTION)
    schemas = whole["components"]["schemas"]
    known = {}
    for title, schema in schemas.items():
        if title.startswith("RealtimeServerEvent"):
            kind = looked_up(schema, whole).get("properties", {}).get("type", {})
            known |= dict.fromkeys(kind.get("enum", [kind.get("const")]), schema)
    for event in await _transcribed(sandbox):
        fits(known[event.type], whole, _set(event.to_dict()))


@pytest.mark.proves(REALTIME, by=SDK, refusal="wrong key (401)")
async def test_realtime_refuses(sandbox: Sandbox) -> None:
    with pytest.raises(Exception, match="401"):
        async with client(sandbox, "wrong").realtime.connect(
            extra_query={"intent": "transcription"}
        ):
            pass


def _published(name: str, events: list[str]) -> None:
    whole = description(DESCRIPTION)
    assert events
    for event in events:
        fits({"$ref": f"#/components/schemas/{name}"}, whole, json.loads(event))
