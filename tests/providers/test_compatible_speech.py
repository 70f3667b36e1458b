"""A voice behind somebody's own server: what is asked for, what comes back, and what may not."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.providers.stage import CLAUSE, KEY, seconds

from antiphon.errors import ConfigError, ProviderError, Rejected, Unavailable
from antiphon.net.account import Account
from antiphon.net.offering import Order
from antiphon.net.wav import to_wav
from antiphon.providers.openai.settings_compatible import CompatibleSpeechSettings
from antiphon.providers.openai.tts_compatible import CompatibleSynthesiser, CompatibleVoices
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing.conformance_tts import speak
from antiphon.wiring import providers

NAME = "compatible-speech/kokoro"


def made(sandbox: Sandbox, environ: dict[str, str] | None = None, **options: Any) -> Any:
    around = {**sandbox.environ(), **(environ or {})}
    return providers.make("tts", Order(name=NAME, models=Path, environ=around, options=options))


def asked(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [json.loads(request.frames[0].data) for request in sandbox.requests]


@asynccontextmanager
async def server(head: str, body: bytes) -> AsyncIterator[CompatibleSpeechSettings]:
    """Answers every request with the same."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = said.partition("content-length: ")[2].partition("\r")[0]
        await reader.readexactly(int(length or 0))
        writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as running:
        port = running.sockets[0].getsockname()[1]
        account = Account(base_url=f"http://127.0.0.1:{port}/v1")
        yield CompatibleSpeechSettings(account=account, model="m")


async def failure(settings: CompatibleSpeechSettings) -> ProviderError:
    engine = CompatibleSynthesiser(NAME, settings)
    with pytest.raises(ProviderError) as caught:
        await speak(engine, CLAUSE)
    await engine.aclose()
    return caught.value


async def test_any_model_and_any_voice_are_asked_for_by_name(sandbox: Sandbox) -> None:
    engine = made(sandbox, voice="af_heart", instructions="en")
    assert engine.name == NAME
    await speak(engine, CLAUSE, speed=9.0)
    assert asked(sandbox) == [
        {
            "model": "kokoro",
            "voice": "af_heart",
            "input": CLAUSE,
            "instructions": "en",
            "response_format": "pcm",
            "speed": 4.0,
        }
    ]
    assert sandbox.requests[0].path == "/compatible/v1/audio/speech"
    await engine.aclose()


async def test_a_key_goes_only_where_there_is_one(sandbox: Sandbox) -> None:
    for environ, sent in ({}, None), ({"COMPATIBLE_SPEECH_API_KEY": KEY}, f"Bearer {KEY}"):
        engine = made(sandbox, environ)
        await engine.start()
        assert engine._http._headers.get("Authorization") == sent
        assert KEY not in f"{engine!r} {engine._settings!r} {engine.fingerprint}"
        await engine.aclose()


async def test_files_are_spoken_as_bare_sound_is(sandbox: Sandbox) -> None:
    bare, packed = made(sandbox), made(sandbox, response_format="wav")
    spoken = seconds(await speak(bare, CLAUSE), bare)
    assert spoken > 0.5
    assert seconds(await speak(packed, CLAUSE), packed) == spoken
    await bare.aclose()
    await packed.aclose()


async def test_a_file_at_another_rate_names_the_setting() -> None:
    async with server("Content-Type: audio/wav", to_wav(bytes(2000), 22_050)) as settings:
        assert "22050 Hz, not 24000: set rate_hz" in str(await failure(settings))
        right = settings.model_copy(update={"rate_hz": 22_050})
        engine = CompatibleSynthesiser(NAME, right)
        assert seconds(await speak(engine, CLAUSE), engine) == pytest.approx(1000 / 22_050)
        await engine.aclose()


@pytest.mark.parametrize(
    "kind, body, error, why",
    [
        ("audio/mpeg", b"ID3", Rejected, "sends audio/mpeg where pcm was asked"),
        ("text/html; charset=utf-8", b"<p>", Rejected, "sends text/html"),
        ("application/json", b"{}", Unavailable, "words instead of speech"),
        ("audio/pcm", b"", Unavailable, "without a sound"),
        ("audio/wav", b"RIFF\0\0\0\0WAVE", Rejected, "a WAV file without sound"),
    ],
)
async def test_what_is_no_speech_is_never_heard(
    kind: str, body: bytes, error: type[ProviderError], why: str
) -> None:
    async with server(f"Content-Type: {kind}", body) as settings:
        caught = await failure(settings)
        assert isinstance(caught, error)
        assert why in str(caught)


async def test_sound_of_no_kind_is_taken_for_what_was_asked() -> None:
    async with server("X-Other: 1", b"\x01\x02" * 500) as settings:
        engine = CompatibleSynthesiser(NAME, settings)
        assert seconds(await speak(engine, CLAUSE), engine) == pytest.approx(500 / 24_000)
        await engine.aclose()


def test_the_model_is_in_the_name_and_nowhere_else(sandbox: Sandbox) -> None:
    with pytest.raises(ConfigError, match="model cannot be set here"):
        made(sandbox, model="other")


# --- voices ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b'{"voices": ["af_heart", "am_adam"]}', b'{"voices": [{"id": "af_heart"}, "am_adam"]}'],
)
async def test_both_shapes_of_a_list_are_read(body: bytes) -> None:
    async with server("Content-Type: application/json", body) as settings:
        voices = CompatibleVoices(NAME, settings)
        assert [voice.id for voice in await voices.list()] == ["af_heart", "am_adam"]
        await voices.aclose()


async def test_a_list_that_is_none(sandbox: Sandbox) -> None:
    async with server("Content-Type: application/json", b"[]") as settings:
        voices = CompatibleVoices(NAME, settings)
        with pytest.raises(Unavailable, match="cannot be read"):
            await voices.list()
        await voices.aclose()
    sandbox.rules.add(Fault(refuse=404), path="/compatible/v1/audio/voices")
    account = Account(base_url=f"{sandbox.http_url}/compatible/v1")
    voices = CompatibleVoices(NAME, CompatibleSpeechSettings(account=account, model="m"))
    with pytest.raises(Rejected):
        await voices.list()
    await voices.aclose()
