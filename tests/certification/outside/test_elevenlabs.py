"""ElevenLabs' own SDK, and strict readings of every frame it is sent."""

import asyncio
import base64
import json
from typing import Any

import pytest
import websockets
from elevenlabs import AudioFormat, CommitStrategy, ElevenLabs, RealtimeEvents
from elevenlabs.core.api_error import ApiError
from elevenlabs.realtime.scribe import ScribeRealtime
from elevenlabs.types import StreamingAudioChunkWithTimestampsResponse
from elevenlabs.v_1_speech_to_text_realtime.types import ReceiveTranscription
from elevenlabs.v_1_text_to_speech_voice_id_multi_stream_input.types import ReceiveMessageMulti
from elevenlabs.v_1_text_to_speech_voice_id_stream_input.types import ReceiveMessage
from tests.certification.outside.conftest import SAYS, SENTENCE, Sandbox
from tests.certification.outside.published import strictly

SDK = "elevenlabs"
VOICE = "21m00Tcm4TlvDq8ikWAM"
PCM = "pcm_16000"
HTTP = "POST /v1/text-to-speech/{voice}/stream"
TIMED = "POST /v1/text-to-speech/{voice}/stream/with-timestamps"
SINGLE = "WS /v1/text-to-speech/{voice}/stream-input"
MULTI = "WS /v1/text-to-speech/{voice}/multi-stream-input"
SCRIBE = "WS /v1/speech-to-text/realtime"
STRICT = "every frame, by its models read strictly"


def client(sandbox: Sandbox, key: str = "") -> ElevenLabs:
    return ElevenLabs(api_key=key or sandbox.key, base_url=sandbox.http)


def seconds(audio: bytes) -> float:
    return len(audio) / 2 / 16_000


# --- speech over HTTP -------------------------------------------------------------------------


@pytest.mark.proves(HTTP, by=SDK, exchange="raw audio")
async def test_it_streams(sandbox: Sandbox) -> None:
    stream = client(sandbox).text_to_speech.stream
    audio = b"".join(stream(VOICE, text=SENTENCE, model_id="eleven_flash_v2_5", output_format=PCM))
    assert 1 < seconds(audio) < 8


@pytest.mark.proves("POST /v1/text-to-speech/{voice}", by=SDK, exchange="raw audio")
async def test_it_converts(sandbox: Sandbox) -> None:
    convert = client(sandbox).text_to_speech.convert
    audio = b"".join(convert(VOICE, text=SENTENCE, model_id="eleven_flash_v2_5", output_format=PCM))
    assert 1 < seconds(audio) < 8


@pytest.mark.proves(HTTP, by=SDK, refusal="wrong key (401), empty text (400)")
@pytest.mark.parametrize("key, text, status", [("wrong", SENTENCE, 401), ("", " ", 400)])
async def test_it_refuses(sandbox: Sandbox, key: str, text: str, status: int) -> None:
    with pytest.raises(ApiError) as caught:
        list(client(sandbox, key).text_to_speech.stream(VOICE, text=text, output_format=PCM))
    assert caught.value.status_code == status
    assert caught.value.body["detail"]["message"]


@pytest.mark.proves(TIMED, by=SDK, exchange="audio with alignment", schema=STRICT)
async def test_it_streams_with_timestamps(sandbox: Sandbox) -> None:
    stream = client(sandbox).text_to_speech.stream_with_timestamps
    chunks = list(stream(VOICE, text=SENTENCE, model_id="eleven_flash_v2_5", output_format=PCM))
    aligned = [chunk.alignment for chunk in chunks if chunk.alignment]
    assert "".join("".join(a.characters) for a in aligned).split() == SENTENCE.split()
    audio = b"".join(base64.b64decode(chunk.audio_base_64) for chunk in chunks)
    assert 1 < seconds(audio) < 8
    for chunk in chunks:
        strictly(StreamingAudioChunkWithTimestampsResponse, chunk.json(by_alias=True))


# --- speech over WebSocket --------------------------------------------------------------------


@pytest.mark.proves(SINGLE, by=SDK, exchange="audio, over TLS", controls="text, end of input")
async def test_it_speaks_as_text_comes(sandbox: Sandbox) -> None:
    # This method speaks TLS whatever it is told: SSL_CERT_FILE is set by the fixture.
    tls = ElevenLabs(api_key=sandbox.key, base_url=sandbox.https)
    text = (f"{word} " for word in SENTENCE.split())
    stream = tls.text_to_speech.convert_realtime(
        VOICE, text=text, model_id="eleven_flash_v2_5", output_format=PCM
    )
    audio = await asyncio.to_thread(lambda: b"".join(stream))
    assert 1 < seconds(audio) < 8


async def _frames(url: str, sandbox: Sandbox, messages: list[dict[str, Any]]) -> list[str]:
    connection = websockets.connect(url, additional_headers={"xi-api-key": sandbox.key})
    async with connection as socket:
        for message in messages:
            await socket.send(json.dumps(message))
        frames = [frame async for frame in socket]
        assert socket.close_code == 1000
    return frames


@pytest.mark.proves(SINGLE, by=SDK, schema=STRICT)
async def test_a_single_stream_fits_the_sdk(sandbox: Sandbox) -> None:
    place = f"{sandbox.ws}/v1/text-to-speech/{VOICE}/stream-input"
    said = [{"text": " "}, {"text": f"{SENTENCE} "}, {"text": ""}]
    frames = await _frames(f"{place}?model_id=eleven_flash_v2_5&output_format={PCM}", sandbox, said)
    kinds = [type(strictly(ReceiveMessage, frame)).__name__ for frame in frames]
    assert kinds[0] == "AudioOutput"
    assert kinds[-1] == "FinalOutput"


@pytest.mark.proves(MULTI, by=SDK, schema=STRICT)
async def test_a_multi_stream_fits_the_sdk(sandbox: Sandbox) -> None:
    place = f"{sandbox.ws}/v1/text-to-speech/{VOICE}/multi-stream-input"
    said = [
        {"text": " ", "context_id": "a"},
        {"text": f"{SENTENCE} ", "context_id": "a", "flush": True},
        {"text": "And another. ", "context_id": "b"},
        {"context_id": "a", "close_context": True},
        {"close_socket": True},
    ]
    frames = await _frames(f"{place}?model_id=eleven_flash_v2_5&output_format={PCM}", sandbox, said)
    read = [strictly(ReceiveMessageMulti, frame) for frame in frames]
    assert {message.context_id for message in read} == {"a", "b"}


# --- hearing ----------------------------------------------------------------------------------


@pytest.mark.proves(
    SCRIBE,
    by=SDK,
    exchange="session_started, partial and committed transcripts, word times",
    controls="commit",
)
async def test_scribe_hears(sandbox: Sandbox, speech: list[bytes]) -> None:
    connection = await ScribeRealtime(sandbox.key, sandbox.ws).connect(
        {
            "model_id": "scribe_v2_realtime",
            "audio_format": AudioFormat.PCM_16000,
            "sample_rate": 16_000,
            "commit_strategy": CommitStrategy.MANUAL,
            "include_timestamps": True,
        }
    )
    told: dict[str, list[dict[str, Any]]] = {}
    done = asyncio.Event()
    for event in RealtimeEvents:
        connection.on(event, lambda data=None, n=event.value: told.setdefault(n, []).append(data))
    final = RealtimeEvents.COMMITTED_TRANSCRIPT_WITH_TIMESTAMPS
    connection.on(final, lambda _: done.set())
    for chunk in speech:
        await connection.send({"audio_base_64": base64.b64encode(chunk).decode()})
    await connection.commit()
    async with asyncio.timeout(10):
        await done.wait()
    await connection.close()

    assert told["committed_transcript"][0]["text"] == SAYS[0]
    timed = told["committed_transcript_with_timestamps"][0]
    words = [word["text"] for word in timed["words"] if word.get("type", "word") == "word"]
    assert words == SAYS[0].split()
    assert told["partial_transcript"]
    assert "error" not in told


@pytest.mark.proves(SCRIBE, by=SDK, schema=STRICT)
async def test_scribe_fits_the_sdk(sandbox: Sandbox, speech: list[bytes]) -> None:
    query = "model_id=scribe_v2_realtime&audio_format=pcm_16000&include_timestamps=true"
    url = f"{sandbox.ws}/v1/speech-to-text/realtime?{query}"
    frames: list[str] = []
    connection = websockets.connect(url, additional_headers={"xi-api-key": sandbox.key})
    async with connection as socket, asyncio.timeout(10):
        for at, chunk in enumerate(speech):
            message = {
                "message_type": "input_audio_chunk",
                "audio_base_64": base64.b64encode(chunk).decode(),
                "commit": at == len(speech) - 1,
                "sample_rate": 16_000,
            }
            await socket.send(json.dumps(message))
        async for frame in socket:
            frames.append(frame)
            if "with_timestamps" in frame:
                break
    kinds = {type(strictly(ReceiveTranscription, frame)).__name__ for frame in frames}
    assert kinds == {
        "SessionStartedPayload",
        "PartialTranscriptPayload",
        "CommittedTranscriptPayload",
        "CommittedTranscriptWithTimestampsPayload",
    }


# --- voices -----------------------------------------------------------------------------------

ADD = "POST /v1/voices/add"
VOICES = "/v1/voices/{voice}"


@pytest.mark.proves("GET /v1/voices", by=SDK, exchange="the account's voices")
@pytest.mark.proves(f"GET {VOICES}", by=SDK, exchange="one voice")
@pytest.mark.proves(f"DELETE {VOICES}", by=SDK, exchange="a voice is deleted")
@pytest.mark.proves(ADD, by=SDK, exchange="instant cloning")
async def test_voices_are_cloned_listed_and_deleted(sandbox: Sandbox) -> None:
    voices = client(sandbox).voices
    cloned = voices.ivc.create(name="Certified", files=[("a.wav", b"RIFF....WAVE", "audio/wav")])
    assert voices.get(cloned.voice_id).name == "Certified"
    assert cloned.voice_id in [voice.voice_id for voice in voices.get_all().voices]
    voices.delete(cloned.voice_id)
    assert cloned.voice_id not in [voice.voice_id for voice in voices.get_all().voices]


@pytest.mark.proves("GET /v1/voices", by=SDK, refusal="wrong key (401)")
@pytest.mark.proves(ADD, by=SDK, refusal="wrong key (401)")
async def test_voices_are_for_those_with_a_key(sandbox: Sandbox) -> None:
    voices = client(sandbox, "wrong").voices
    for ask in (voices.get_all, lambda: voices.ivc.create(name="a", files=[b"RIFF"])):
        with pytest.raises(ApiError) as caught:
            ask()
        assert caught.value.status_code == 401
