"""Deepgram's own SDK, and strict readings of every frame it is sent."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
import websockets
from deepgram import AsyncDeepgramClient, DeepgramClientEnvironment
from deepgram.core.api_error import ApiError
from deepgram.listen.v1.socket_client import V1SocketClientResponse as ListenV1
from deepgram.listen.v1.types import ListenV1Metadata, ListenV1Results, ListenV1SpeechStarted
from deepgram.listen.v2.socket_client import V2SocketClientResponse as ListenV2
from deepgram.listen.v2.types import ListenV2Connected, ListenV2TurnInfo
from deepgram.speak.v1.types import (
    SpeakV1Cleared,
    SpeakV1Flushed,
    SpeakV1Metadata,
    SpeakV1Text,
)
from deepgram.speak.v2.socket_client import V2SocketClientResponse as SpeakV2
from deepgram.speak.v2.types import SpeakV2Configure, SpeakV2Interrupt, SpeakV2Speak
from tests.certification.outside.conftest import SAYS, Sandbox, pcm
from tests.certification.outside.published import description, fits_one, looked_up, strictly

SDK = "deepgram-sdk"
SPEC = "deepgram-asyncapi.yml of 2026-07-22"
LISTEN = {"model": "nova-3", "encoding": "linear16", "sample_rate": 16000}
VOICE = {"model": "flux-andromeda-en", "encoding": "linear16", "sample_rate": 24000}
FLUX = {"model": "flux-general-en", "encoding": "linear16", "sample_rate": 16000}


def client(sandbox: Sandbox, key: str = "") -> AsyncDeepgramClient:
    place = DeepgramClientEnvironment(
        base=sandbox.http, production=sandbox.ws, agent=sandbox.ws, agent_rest=sandbox.http
    )
    return AsyncDeepgramClient(api_key=key or sandbox.key, environment=place)


def bare(sandbox: Sandbox, path: str, **query: Any) -> Any:
    """The connection without any SDK: what is sent, as it is sent."""
    headers = {"Authorization": f"Token {sandbox.key}"}
    return websockets.connect(f"{sandbox.ws}{path}?{urlencode(query)}", additional_headers=headers)


# --- Nova -------------------------------------------------------------------------------------


@pytest.mark.proves(
    "WS /v1/listen",
    by=SDK,
    exchange="opening, interim and final results with word times, SpeechStarted, Metadata",
    controls="Finalize, KeepAlive, CloseStream",
)
async def test_nova_hears(sandbox: Sandbox, speech: list[bytes]) -> None:
    told: list[Any] = []
    async with client(sandbox).listen.v1.connect(
        **LISTEN, interim_results=True, vad_events=True
    ) as socket:
        for chunk in speech:
            await socket.send_media(chunk)
        await socket.send_keep_alive()
        await socket.send_finalize()
        async for message in socket:
            told.append(message)
            if isinstance(message, ListenV1Results) and message.from_finalize:
                await socket.send_close_stream()

    results = [message for message in told if isinstance(message, ListenV1Results)]
    final = [r.channel.alternatives[0] for r in results if r.is_final]
    assert " ".join(f.transcript for f in final if f.transcript) == SAYS[0]
    words = [word for f in final for word in f.words]
    assert [word.punctuated_word for word in words] == SAYS[0].split()
    assert all(0.2 < word.start < word.end < 1.9 for word in words)
    assert any(not r.is_final and r.channel.alternatives[0].transcript for r in results)
    assert any(isinstance(message, ListenV1SpeechStarted) for message in told)
    assert isinstance(told[-1], ListenV1Metadata)
    assert told[-1].duration == pytest.approx(1.9, abs=0.05)


@pytest.mark.proves("WS /v1/listen", by=SDK, refusal="wrong key (401), wrong parameter (400)")
@pytest.mark.parametrize(
    "key, parameters, status",
    [("wrong", LISTEN, 401), ("", {**LISTEN, "keywords": "Beckett"}, 400)],
)
async def test_nova_refuses(
    sandbox: Sandbox, key: str, parameters: dict[str, Any], status: int
) -> None:
    with pytest.raises(ApiError) as caught:
        async with client(sandbox, key).listen.v1.connect(**parameters):
            pass
    assert caught.value.status_code == status


async def _nova_frames(sandbox: Sandbox, speech: list[bytes]) -> list[str]:
    frames: list[str] = []
    query = {**LISTEN, "interim_results": "true", "vad_events": "true", "punctuate": "true"}
    async with bare(sandbox, "/v1/listen", **query) as socket:
        for chunk in speech:
            await socket.send(chunk)
        for kind in ("KeepAlive", "Finalize", "CloseStream"):
            await socket.send(json.dumps({"type": kind}))
        frames += [frame async for frame in socket]
        assert socket.close_code == 1000
    return frames


@pytest.mark.proves("WS /v1/listen", by=SDK, schema="every frame, by its models read strictly")
async def test_nova_sends_what_the_sdk_describes(sandbox: Sandbox, speech: list[bytes]) -> None:
    frames = await _nova_frames(sandbox, speech)
    kinds = {type(strictly(ListenV1, frame)).__name__ for frame in frames}
    assert {"ListenV1Results", "ListenV1SpeechStarted", "ListenV1Metadata"} <= kinds


@pytest.mark.proves("WS /v1/listen", by=SPEC, schema="every frame")
async def test_nova_sends_what_is_published(sandbox: Sandbox, speech: list[bytes]) -> None:
    _published("/v1/listen", await _nova_frames(sandbox, speech))


@pytest.mark.proves(
    "WS /v1/listen", by=SDK, limits="after CloseStream Metadata, then a clean close"
)
async def test_nova_ends_the_connection_after_close_stream(sandbox: Sandbox) -> None:
    async with client(sandbox).listen.v1.connect(**LISTEN) as socket:
        await socket.send_close_stream()
        told = [message async for message in socket]
    assert isinstance(told[-1], ListenV1Metadata)


# --- Flux -------------------------------------------------------------------------------------


@pytest.mark.proves(
    "WS /v2/listen",
    by=SDK,
    exchange="Connected, StartOfTurn, Update, EagerEndOfTurn, EndOfTurn with word times",
    controls="ForceEndTurn, Configure, CloseStream",
)
async def test_flux_hears_turns(sandbox: Sandbox) -> None:
    told: list[Any] = []
    speech = pcm(quiet_s=1.0)
    async with client(sandbox).listen.v2.connect(**FLUX, eager_eot_threshold=0.5) as socket:
        for at in range(0, len(speech), 2560):
            await socket.send_media(speech[at : at + 2560])
        await socket.send_configure(
            {"type": "Configure", "thresholds": {"eot_threshold": 0.8}, "keyterms": ["Beckett"]}
        )
        await socket.send_force_end_turn()
        async for message in socket:
            told.append(message)
            if getattr(message, "trigger", None) == "manual":
                await socket.send_close_stream()

    assert isinstance(told[0], ListenV2Connected)
    turns = [message for message in told if isinstance(message, ListenV2TurnInfo)]
    events = [turn.event for turn in turns]
    order = [events.index(e) for e in ("StartOfTurn", "EagerEndOfTurn", "EndOfTurn")]
    assert order == sorted(order)
    ended = next(turn for turn in turns if turn.event == "EndOfTurn")
    assert ended.transcript == SAYS[0]
    assert [word.word for word in ended.words] == SAYS[0].split()
    assert any(type(message).__name__ == "ListenV2ConfigureSuccess" for message in told)


@pytest.mark.proves("WS /v2/listen", by=SDK, refusal="wrong key (401), wrong model (400)")
@pytest.mark.parametrize(
    "key, parameters, status",
    [("wrong", FLUX, 401), ("", {**FLUX, "model": "nova-3"}, 400)],
)
async def test_flux_refuses(
    sandbox: Sandbox, key: str, parameters: dict[str, Any], status: int
) -> None:
    with pytest.raises(ApiError) as caught:
        async with client(sandbox, key).listen.v2.connect(**parameters):
            pass
    assert caught.value.status_code == status


async def _flux_frames(sandbox: Sandbox) -> list[str]:
    frames: list[str] = []
    speech = pcm(quiet_s=1.0)
    async with bare(sandbox, "/v2/listen", **FLUX, eager_eot_threshold=0.5) as socket:
        for at in range(0, len(speech), 2560):
            await socket.send(speech[at : at + 2560])
        configure = {"type": "Configure", "thresholds": {"eot_threshold": 0.8}, "keyterms": ["a"]}
        for message in (configure, {"type": "ForceEndTurn"}, {"type": "CloseStream"}):
            await socket.send(json.dumps(message))
        frames += [frame async for frame in socket]
    assert [json.loads(frame)["sequence_id"] for frame in frames] == list(range(len(frames)))
    return frames


@pytest.mark.proves("WS /v2/listen", by=SDK, schema="every frame, by its models read strictly")
async def test_flux_sends_what_the_sdk_describes(sandbox: Sandbox) -> None:
    kinds = {type(strictly(ListenV2, frame)).__name__ for frame in await _flux_frames(sandbox)}
    assert {"ListenV2Connected", "ListenV2TurnInfo", "ListenV2ConfigureSuccess"} <= kinds


@pytest.mark.proves("WS /v2/listen", by=SPEC, schema="every frame")
async def test_flux_sends_what_is_published(sandbox: Sandbox) -> None:
    _published("/v2/listen", await _flux_frames(sandbox))


# --- Aura -------------------------------------------------------------------------------------


@pytest.mark.proves(
    "WS /v1/speak",
    by=SDK,
    exchange="audio, Metadata",
    controls="Speak, Flush, Clear, Close",
)
async def test_aura_speaks(sandbox: Sandbox) -> None:
    told: list[Any] = []
    async with client(sandbox).speak.v1.connect(
        model="aura-2-thalia-en", encoding="linear16", sample_rate=24000
    ) as socket:
        await socket.send_text(SpeakV1Text(type="Speak", text="We are open from nine to five."))
        await socket.send_flush()
        async for message in socket:
            told.append(message)
            # The SDK takes a Cleared for a Flushed, whose fields it shares; not by its type.
            kind = getattr(message, "type", "")
            if kind == "Flushed":
                await socket.send_clear()
            if kind == "Cleared":
                await socket.send_close()

    audio = b"".join(message for message in told if isinstance(message, bytes))
    assert 0.5 < len(audio) / 2 / 24000 < 6
    assert any(isinstance(message, SpeakV1Metadata) for message in told)


@pytest.mark.proves("WS /v1/speak", by=SDK, refusal="wrong key (401), wrong rate (400)")
@pytest.mark.parametrize("key, rate, status", [("wrong", 24000, 401), ("", 11025, 400)])
async def test_aura_refuses(sandbox: Sandbox, key: str, rate: int, status: int) -> None:
    with pytest.raises(ApiError) as caught:
        async with client(sandbox, key).speak.v1.connect(
            model="aura-2-thalia-en", encoding="linear16", sample_rate=rate
        ):
            pass
    assert caught.value.status_code == status


async def _aura_frames(sandbox: Sandbox) -> list[str]:
    query = {"model": "aura-2-thalia-en", "encoding": "linear16", "sample_rate": 8000}
    texts: list[str] = []
    async with bare(sandbox, "/v1/speak", **query) as socket:
        for message in (
            {"type": "Speak", "text": "Hello there."},
            {"type": "Flush"},
            {"type": "Clear"},
            {"type": "Close"},
        ):
            await socket.send(json.dumps(message))
        texts += [frame async for frame in socket if isinstance(frame, str)]
    return texts


@pytest.mark.proves("WS /v1/speak", by=SDK, schema="every frame, by its models read strictly")
async def test_aura_sends_what_the_sdk_describes(sandbox: Sandbox) -> None:
    kinds = SpeakV1Metadata | SpeakV1Flushed | SpeakV1Cleared
    found = {type(strictly(kinds, frame)) for frame in await _aura_frames(sandbox)}
    assert SpeakV1Metadata in found


@pytest.mark.proves("WS /v1/speak", by=SPEC, schema="every frame")
async def test_aura_sends_what_is_published(sandbox: Sandbox) -> None:
    _published("/v1/speak", await _aura_frames(sandbox))


# --- Flux TTS ---------------------------------------------------------------------------------

SPEAK_V2 = "WS /v2/speak"


@pytest.mark.proves(
    SPEAK_V2,
    by=SDK,
    exchange="Connected, SpeechStarted, audio, Flushed, SpeechMetadata",
    controls="Speak, Flush, Configure, Interrupt, Close",
)
async def test_flux_speaks(sandbox: Sandbox) -> None:
    told: list[Any] = []
    async with client(sandbox).speak.v2.connect(**VOICE) as socket:
        await socket.send_configure(SpeakV2Configure(type="Configure", speed=1.1))
        await socket.send_speak(SpeakV2Speak(type="Speak", text="We are open from nine to five."))
        await socket.send_flush()
        async for message in socket:
            told.append(message)
            kind = getattr(message, "type", "")
            if kind == "SpeechMetadata":
                offset = {"type": "time_ms", "value": 100}
                await socket.send_speak(SpeakV2Speak(type="Speak", text="And until noon."))
                await socket.send_interrupt(
                    SpeakV2Interrupt(type="Interrupt", playback_offset=offset)
                )
                await socket.send_close()
    audio = b"".join(message for message in told if isinstance(message, bytes))
    assert 0.5 < len(audio) / 2 / 24_000 < 8
    kinds = {getattr(message, "type", "audio") for message in told}
    assert {"Connected", "SpeechStarted", "Flushed", "SpeechMetadata"} <= kinds
    assert {"ConfigureSuccess", "SpeechInterrupted"} <= kinds


@pytest.mark.proves(SPEAK_V2, by=SDK, refusal="wrong key (401)")
async def test_flux_speech_refuses(sandbox: Sandbox) -> None:
    with pytest.raises(ApiError) as caught:
        async with client(sandbox, "wrong").speak.v2.connect(**VOICE):
            pass
    assert caught.value.status_code == 401


async def _flux_speech_frames(sandbox: Sandbox) -> list[str]:
    messages = (
        {"type": "Configure", "speed": 1.1},
        {"type": "Speak", "text": "Hello there."},
        {"type": "Flush"},
        {"type": "Close"},
    )
    async with bare(sandbox, "/v2/speak", **VOICE) as socket:
        for message in messages:
            await socket.send(json.dumps(message))
        return [frame async for frame in socket if isinstance(frame, str)]


@pytest.mark.proves(SPEAK_V2, by=SDK, schema="every frame, by its models read strictly")
async def test_flux_speech_fits_the_sdk(sandbox: Sandbox) -> None:
    for frame in await _flux_speech_frames(sandbox):
        strictly(SpeakV2, frame)


@pytest.mark.proves(SPEAK_V2, by=SPEC, schema="every frame but ConfigureSuccess, unknown to it")
async def test_flux_speech_fits_what_is_published(sandbox: Sandbox) -> None:
    frames = await _flux_speech_frames(sandbox)
    _published("/v2/speak", [frame for frame in frames if "ConfigureSuccess" not in frame])


def _published(channel: str, frames: list[str]) -> None:
    whole = description("deepgram-asyncapi.yml")
    messages = whole["channels"][channel]["publish"]["message"]["oneOf"]
    schemas = [looked_up(looked_up(message, whole)["payload"], whole) for message in messages]
    assert frames
    for frame in frames:
        fits_one(schemas, whole, json.loads(frame))
