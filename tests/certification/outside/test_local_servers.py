"""Servers that people run themselves, met by clients that are not ours: Vosk by its own
transcriber, whisper.cpp by a client for it, the XTTS server by Pipecat."""

import asyncio
import wave
from argparse import Namespace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import requests
from pipecat.frames.frames import ErrorFrame, TTSAudioRawFrame, TTSSpeakFrame
from pipecat.pipeline.worker import PipelineParams
from pipecat.services.xtts.tts import XTTSService
from pipecat.tests.utils import SleepFrame, run_test
from tests.certification.outside.conftest import RATE_HZ, SAYS, SENTENCE, Sandbox, fault, pcm
from vosk.transcriber.transcriber import Transcriber
from whisper_cpp_client import WhisperCppClient

# --- Vosk -------------------------------------------------------------------------------------

VOSK = "WS /"


def plain(text: str) -> str:
    """Vosk has neither capitals nor commas."""
    return text.lower().replace(",", "").replace(".", "")


@pytest.mark.proves(
    VOSK,
    by="vosk",
    exchange="partial and whole readings, word times",
    controls="config, eof",
    schema="what its transcriber makes subtitles of: text, words with start and end",
)
async def test_vosks_own_transcriber_is_answered(sandbox: Sandbox) -> None:
    # Its client wants a model to be there, which it does not use where it asks a server.
    transcriber = Transcriber.__new__(Transcriber)
    transcriber.args = Namespace(server=f"{sandbox.ws}/", output_type="srt")
    audio = asyncio.StreamReader()
    audio.feed_data(pcm(quiet_s=0.8) + pcm(quiet_s=0.2))
    audio.feed_eof()
    result, samples = await transcriber.recognize_stream_server(Namespace(stdout=audio))
    assert samples == len(pcm(quiet_s=0.8) + pcm(quiet_s=0.2))
    assert [part["text"] for part in result if part["text"]] == [plain(line) for line in SAYS]
    subtitles = transcriber.format_result(result)
    assert plain(SAYS[1]) in subtitles
    assert subtitles.startswith(("0\n00:00:00,", "1\n00:00:00,"))


# --- whisper.cpp ------------------------------------------------------------------------------

WHISPER = "POST /inference"


@pytest.fixture
def recording(tmp_path: Path) -> str:
    path = tmp_path / "said.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", "NONE"))
        file.writeframes(pcm())
    return str(path)


def whisper(sandbox: Sandbox, **params: Any) -> WhisperCppClient:
    host, _, port = sandbox.http.rpartition(":")
    client = WhisperCppClient(host, int(port))
    client.set_params({"response_format": "json", **params})
    return client


@pytest.mark.proves(WHISPER, by="whisper-cpp-client", exchange="a recording as multipart, JSON")
def test_a_recording_is_read(sandbox: Sandbox, recording: str) -> None:
    answer = whisper(sandbox, language="en", temperature="0.0").transcribe(recording)
    assert SAYS[0].encode() in answer


@pytest.mark.proves(WHISPER, by="whisper-cpp-client", refusal="an error in JSON")
def test_a_refusal_is_an_error_to_its_client(
    sandbox: Sandbox, recording: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = requests.post
    headers = {"X-Sandbox-Fault": fault(refuse=503)}
    monkeypatch.setattr(requests, "post", lambda *a, **k: post(*a, headers=headers, **k))
    with pytest.raises(Exception, match="asked for by a fault"):
        whisper(sandbox).transcribe(recording)


# --- XTTS -------------------------------------------------------------------------------------

STREAM, SPEAKERS = "POST /tts_stream", "GET /studio_speakers"


async def spoken(sandbox: Sandbox, **headers: str) -> tuple[bytes, list[str]]:
    """What a pipeline with Pipecat's service in it makes of a sentence: audio, and errors."""
    async with aiohttp.ClientSession() as session:
        settings = XTTSService.Settings(voice="Claribel Dervla")
        service = XTTSService(base_url=sandbox.http, aiohttp_session=session, settings=settings)
        post = session.post
        session.post = lambda *a, **k: post(*a, headers=headers, **k)  # type: ignore[method-assign]
        down, up = await run_test(
            service,
            frames_to_send=[TTSSpeakFrame(SENTENCE), SleepFrame(0.3)],
            pipeline_params=PipelineParams(audio_out_sample_rate=24_000),
            start_timeout=10,
        )
    audio = b"".join(frame.audio for frame in down if isinstance(frame, TTSAudioRawFrame))
    return audio, [frame.error for frame in up if isinstance(frame, ErrorFrame)]


@pytest.mark.proves(STREAM, by="pipecat-ai", exchange="text and a speaker in, raw audio out")
@pytest.mark.proves(SPEAKERS, by="pipecat-ai", exchange="speakers by name, which it sends back")
async def test_pipecat_speaks_with_xtts(sandbox: Sandbox) -> None:
    audio, errors = await spoken(sandbox)
    assert errors == []
    assert 1 < len(audio) / 2 / 24_000 < 8
    assert any(audio)


@pytest.mark.proves(STREAM, by="pipecat-ai", refusal="503")
async def test_pipecat_is_told_of_a_refusal(sandbox: Sandbox) -> None:
    audio, errors = await spoken(sandbox, **{"X-Sandbox-Fault": fault(refuse=503)})
    assert audio == b""
    assert "503" in errors[0]
