"""The vendor's own SDK, unmodified, against the sandbox: speech, recordings, realtime sessions.

What the SDK reads loosely is read strictly here: every event must be what its types say.
"""

import asyncio
import base64
import io
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from antiphon.audio import g711
from antiphon.audio.resample import resample
from antiphon.net.wav import to_wav
from antiphon.sandbox.server import Sandbox

openai = pytest.importorskip("openai")
from openai.types.realtime import RealtimeServerEvent  # noqa: E402 - as above

KEY = "a-very-secret-key"
SAYS = "Ever tried, ever failed."
TRANSCRIPTION = {"intent": "transcription"}
_AT = np.arange(round(1.3 * 24_000)) / 24_000
QUIET = bytes(2 * 6000)
SPEECH = QUIET + (6000 * np.sin(2 * np.pi * 300 * _AT)).astype("<i2").tobytes() + QUIET
WAV = ("speech.wav", to_wav(SPEECH, 24_000))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, says=[SAYS]) as running:
        yield running


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[Any]:
    made = openai.AsyncOpenAI(api_key=KEY, base_url=f"{sandbox.http_url}/v1", max_retries=0)
    async with made:
        yield made


# --- speech ----------------------------------------------------------------------------------


async def test_speech_streams_as_sound(client: Any) -> None:
    ask = client.audio.speech.with_streaming_response.create
    said = {"model": "gpt-4o-mini-tts", "voice": "marin", "input": "Hello there, my friend."}
    async with ask(**said, response_format="pcm") as answer:
        chunks = [chunk async for chunk in answer.iter_bytes()]
    assert len(chunks) > 1
    assert len(b"".join(chunks)) > 24_000
    async with ask(**said, response_format="pcm", speed=2.0) as answer:
        faster = await answer.read()
    assert 1.5 < len(b"".join(chunks)) / len(faster) < 2.5


async def test_speech_streams_as_events(client: Any) -> None:
    ask = client.audio.speech.with_streaming_response.create
    async with ask(
        model="gpt-4o-mini-tts",
        voice={"id": "voice_1234"},
        input="Hello.",
        instructions="Warm.",
        response_format="pcm",
        stream_format="sse",
    ) as answer:
        lines = [line async for line in answer.iter_lines() if line]
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert lines[0].startswith('data: {"type":"speech.audio.delta","audio":"')
    assert lines[-1].startswith('data: {"type":"speech.audio.done","usage":{"input_tokens":1,')


async def test_speech_comes_as_a_file(client: Any) -> None:
    answer = await client.audio.speech.create(
        model="tts-1", voice="alloy", input="Hi.", response_format="wav"
    )
    with wave.open(io.BytesIO(answer.content)) as file:
        assert (file.getframerate(), file.getnchannels()) == (24_000, 1)


@pytest.mark.parametrize(
    "wrong, error, param",
    [
        ({"voice": "nobody"}, "BadRequestError", "voice"),
        ({"voice": {"id": ""}}, "BadRequestError", "voice"),
        ({"speed": 4.5}, "BadRequestError", "speed"),
        ({"input": ""}, "BadRequestError", "input"),
        ({"input": "a" * 4097}, "BadRequestError", "input"),
        ({"stream_format": "sse"}, "BadRequestError", "stream_format"),
        ({"stream_format": "ws"}, "BadRequestError", "stream_format"),
        ({"response_format": "mp3"}, "BadRequestError", "response_format"),
        ({"extra_body": {"voice": 7}}, "BadRequestError", None),
        ({"model": "gpt-9"}, "NotFoundError", None),
    ],
)
async def test_wrong_speech_is_refused(
    wrong: dict[str, Any], error: str, param: str | None, client: Any
) -> None:
    right = {"model": "tts-1", "voice": "alloy", "input": "Hi.", "response_format": "wav"}
    with pytest.raises(getattr(openai, error)) as refused:
        await client.audio.speech.create(**{**right, **wrong})
    assert refused.value.param == param
    assert refused.value.type == "invalid_request_error"


# --- recordings ------------------------------------------------------------------------------


async def test_recordings_are_read(client: Any) -> None:
    create = client.audio.transcriptions.create
    whole = await create(model="gpt-transcribe", file=WAV, keywords=["Beckett"], languages=["en"])
    assert (whole.text, whole.usage.type) == (SAYS, "tokens")
    oldest = await create(model="whisper-1", file=WAV, language="en")
    assert (oldest.text, oldest.usage.seconds) == (SAYS, 1.8)
    assert await create(model="whisper-1", file=WAV, response_format="text") == f"{SAYS}\n"
    timed = await create(
        model="whisper-1",
        file=WAV,
        response_format="verbose_json",
        timestamp_granularities=["word"],
    )
    assert [word.word for word in timed.words] == SAYS.split()


async def test_readings_stream(client: Any) -> None:
    stream = await client.audio.transcriptions.create(
        model="gpt-4o-mini-transcribe", file=WAV, stream=True
    )
    events = [event async for event in stream]
    assert "".join(event.delta for event in events[:-1]) == SAYS == events[-1].text
    assert events[-1].usage.output_tokens == 4


@pytest.mark.parametrize(
    "wrong, error, param",
    [
        ({"file": ("speech.mp3", b"ID3")}, "BadRequestError", "file"),
        ({"file": ("short.wav", to_wav(bytes(200), 24_000))}, "BadRequestError", "file"),
        ({"response_format": "text"}, "BadRequestError", "response_format"),
        ({"model": "whisper-1", "response_format": "srt"}, "BadRequestError", "response_format"),
        ({"model": "gpt-4o-transcribe", "keywords": ["a"]}, "BadRequestError", "keywords"),
        ({"model": "gpt-9"}, "NotFoundError", None),
    ],
)
async def test_wrong_recordings_are_refused(
    wrong: dict[str, Any], error: str, param: str | None, client: Any
) -> None:
    with pytest.raises(getattr(openai, error)) as refused:
        await client.audio.transcriptions.create(
            **{"model": "gpt-transcribe", "file": WAV, **wrong}
        )
    assert refused.value.param == param


async def test_what_is_no_form_with_a_file_is_refused(client: Any) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for content in (b"model=gpt-transcribe", b"file=none"):
        with pytest.raises(openai.BadRequestError):
            await client.post(
                "/audio/transcriptions",
                cast_to=object,
                content=content,
                options={"headers": headers},
            )


# --- realtime --------------------------------------------------------------------------------


def session(model: str, **audio: Any) -> dict[str, Any]:
    return {
        "type": "transcription",
        "audio": {"input": {"transcription": {"model": model}, **audio}},
    }


async def say(connection: Any, audio: bytes = SPEECH, step: int = 4800) -> None:
    for at in range(0, len(audio), step):
        chunk = base64.b64encode(audio[at : at + step]).decode()
        await connection.input_audio_buffer.append(audio=chunk)


async def until(connection: Any, kind: str) -> list[Any]:
    """All events up to one of a kind, each as strict as its type."""
    events: list[Any] = []
    adapter: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
    async with asyncio.timeout(5):
        while not (events and events[-1].type.endswith(kind)):
            raw = await connection.recv_bytes()
            events.append(adapter.validate_json(raw))
    return events


@asynccontextmanager
async def connected(client: Any, **headers: str) -> AsyncIterator[Any]:
    async with client.realtime.connect(extra_query=TRANSCRIPTION, extra_headers=headers) as opened:
        yield opened


async def test_a_streaming_model_tells_words_before_they_are_committed(client: Any) -> None:
    async with connected(client) as connection:
        await connection.session.update(session=session("gpt-live-transcribe", turn_detection=None))
        await say(connection)
        early = await until(connection, ".delta")
        await connection.input_audio_buffer.commit()
        events = early + await until(connection, ".completed")
    kinds = [event.type.rpartition(".")[2] for event in events]
    assert kinds == [
        "created", "updated", "delta", "delta", "delta", "delta",
        "committed", "added", "done", "completed",
    ]  # fmt: skip
    assert "".join(event.delta for event in events if event.type.endswith(".delta")) == SAYS
    assert events[-1].transcript == SAYS
    assert events[-1].usage.seconds == 1.8
    assert len({event.item_id for event in events if hasattr(event, "item_id")}) == 1


async def test_another_model_tells_them_after(client: Any) -> None:
    async with connected(client) as connection:
        await connection.session.update(session=session("gpt-transcribe"))
        await say(connection)
        await connection.input_audio_buffer.commit()
        events = await until(connection, ".completed")
        await say(connection)
        await connection.input_audio_buffer.commit()
        again = await until(connection, ".completed")
    kinds = [event.type.rpartition(".")[2] for event in events]
    assert kinds.index("committed") < kinds.index("delta")
    assert again[0].previous_item_id == events[-1].item_id
    assert again[-1].usage.total_tokens == 18 + 4


async def test_turns_are_detected_where_the_model_has_them(client: Any) -> None:
    audio = {
        "format": {"type": "audio/pcmu"},
        "turn_detection": {"type": "server_vad", "silence_duration_ms": 200},
    }
    line = g711.encode_mulaw(resample(SPEECH + bytes(48_000), 24_000, 8000))
    async with connected(client) as connection:
        await connection.session.update(session=session("gpt-4o-transcribe", **audio))
        await say(connection, line, 800)
        events = await until(connection, ".completed")
    kinds = [event.type.rpartition(".")[2] for event in events]
    assert kinds[2:5] == ["speech_started", "speech_stopped", "committed"]
    assert abs(events[2].audio_start_ms - 250) < 60
    assert events[-1].transcript == SAYS


async def test_without_a_model_nothing_is_read(client: Any) -> None:
    async with connected(client) as connection:
        await say(connection)
        await connection.input_audio_buffer.commit()
        events = await until(connection, "item.done")
        await connection.input_audio_buffer.clear()
        events += await until(connection, ".cleared")
    assert not any("transcription" in event.type for event in events)


@pytest.mark.parametrize(
    "update, param",
    [
        (session("gpt-9"), "session.audio.input.transcription.model"),
        (
            session("gpt-realtime-whisper", turn_detection={"type": "server_vad"}),
            "session.audio.input.turn_detection",
        ),
        (
            session("whisper-1", format={"type": "audio/pcm", "rate": 16_000}),
            "session.audio.input.format.rate",
        ),
        (session("whisper-1", format={"type": "audio/opus"}), "session.audio.input.format.type"),
        (
            session("x", transcription={"model": "whisper-1", "keywords": ["a"]}),
            "session.audio.input.transcription.keywords",
        ),
        (
            session("x", transcription={"model": "gpt-realtime-whisper", "prompt": "a"}),
            "session.audio.input.transcription.prompt",
        ),
        ({"type": "realtime"}, "session.type"),
    ],
)
async def test_a_wrong_update_is_refused_and_the_session_goes_on(
    update: dict[str, Any], param: str, client: Any
) -> None:
    async with connected(client) as connection:
        await connection.session.update(session=update, event_id="mine")
        refused = (await until(connection, "error"))[-1].error
        assert (refused.type, refused.param) == ("invalid_request_error", param)
        assert refused.event_id == "mine"
        await connection.session.update(session=session("whisper-1"))
        shown = (await until(connection, ".updated"))[-1].session
        assert shown.audio.input.transcription.model == "whisper-1"


async def test_mistakes_on_the_way_are_told(client: Any) -> None:
    async with connected(client) as connection:
        await connection.input_audio_buffer.commit()
        assert (await until(connection, "error"))[-1].error.code == (
            "input_audio_buffer_commit_empty"
        )
        await say(connection, SPEECH[:2400])
        await connection.input_audio_buffer.commit(event_id="mine")
        short = (await until(connection, "error"))[-1].error
        assert "50.00ms" in short.message
        assert short.event_id == "mine"
        for wrong in ("{", '{"type":"response.create"}'):
            await connection.send_raw(wrong)
            await until(connection, "error")
        await connection.send_raw(b"\x00\x01")
        await until(connection, "error")
        await connection.session.update(session=session("whisper-1", format={"type": "audio/pcma"}))
        late = (await until(connection, "error"))[-1].error
        assert late.param == "session.audio.input.format"


async def test_the_shape_of_before_may_2026_is_refused(client: Any, sandbox: Sandbox) -> None:
    async with connected(client, **{"OpenAI-Beta": "realtime=v1"}) as connection:
        assert (await until(connection, "error"))[-1].error.code == "beta_api_shape_disabled"
        with pytest.raises(Exception, match="4000"):
            await connection.recv()
    assert sandbox.requests[-1].ended == "vendor 4000"


async def test_an_hour_is_all_there_is(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.sandbox.openai.realtime.SESSION_S", 0.1)
    async with connected(client) as connection:
        assert (await until(connection, "error"))[-1].error.code == "session_expired"
        with pytest.raises(Exception, match="1001"):
            await connection.recv()


async def test_who_is_not_let_in(client: Any, sandbox: Sandbox) -> None:
    with pytest.raises(Exception, match="400"):
        async with client.realtime.connect(model="gpt-realtime"):
            pass
    stranger = openai.AsyncOpenAI(api_key="no", base_url=f"{sandbox.http_url}/v1", max_retries=0)
    async with stranger:
        with pytest.raises(openai.AuthenticationError) as refused:
            await stranger.audio.speech.create(model="tts-1", voice="alloy", input="Hi.")
        assert refused.value.code == "invalid_api_key"
        with pytest.raises(Exception, match="401"):
            async with stranger.realtime.connect(extra_query=TRANSCRIPTION):
                pass
