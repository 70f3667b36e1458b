"""Azure's recogniser: what it asks, whose threads it runs on, and whether the fake is faithful.

With the vendor's SDK installed, its native library talks to a WebSocket server here.
"""

import asyncio
import http
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import websockets
from tests.providers.clouds_stage import (
    FIRST,
    KEY,
    SAYS,
    SECOND,
    account,
    eventually,
    failure,
    hum,
    listening,
    silence,
)
from websockets.asyncio.server import ServerConnection, serve

from antiphon.errors import ProviderError, Rejected, TimedOut, Unavailable
from antiphon.ports.stt import Hearing
from antiphon.providers.azure import recognition, recognition_sdk
from antiphon.providers.azure.settings_stt import RecognitionSettings
from antiphon.providers.azure.stt import AzureRecogniser
from antiphon.testing.cloud_azure import AzureCloud
from antiphon.testing.clouds import HumEar, Reading

SDK = "azure.cognitiveservices.speech"


@asynccontextmanager
async def recogniser(
    cloud: AzureCloud, address: str = recognition.HOME, **settings: Any
) -> AsyncIterator[AzureRecogniser]:
    engine = AzureRecogniser(RecognitionSettings(account=account(address), **settings), cloud.sdk)
    await engine.start()
    yield engine
    await engine.aclose()


# --- with a fake in place of the SDK ---------------------------------------------------------


async def test_a_telephones_audio_is_pushed_as_it_is_with_language_and_phrases() -> None:
    cloud = AzureCloud(key=KEY, says=SAYS)
    hearing = Hearing(rate_hz=8000, encoding="mulaw", keyterms=("Antiphon", "Ann Lee"))
    wanted = {"region": "westeurope", "endpointing_ms": 300}
    async with recogniser(cloud, **wanted) as engine, listening(engine, hearing) as ear:
        ear.feed(silence(0.5, 8000) + hum(300, rate_hz=8000))
        final = await ear.final()
    assert final.text == FIRST
    assert [word.text for word in final.words] == FIRST.split()
    assert final.words[0].start_s == pytest.approx(0.5, abs=0.05)
    assert final.confidence == 0.9
    asked: Any = cloud.asked[0]
    assert asked.language == "en-US"
    assert asked.phrases == ["Antiphon", "Ann Lee"]
    assert (asked.config.region, asked.config.endpoint) == ("westeurope", None)
    assert asked.push.encoding == "MULAW"
    assert list(asked.config.properties.values()) == ["300"]
    assert len(cloud.heard[0]) == 8000 * 1.8


async def test_a_given_address_goes_before_a_region() -> None:
    cloud = AzureCloud(key=KEY, says=SAYS)
    async with recogniser(cloud, "http://127.0.0.1:1") as engine, listening(engine) as ear:
        ear.feed(hum(300))
        await ear.final()
    asked: Any = cloud.asked[0]
    assert (asked.config.region, asked.config.endpoint) == (None, "http://127.0.0.1:1")


async def test_events_of_other_threads_are_told_on_the_loops() -> None:
    cloud = AzureCloud(key=KEY, says=SAYS)
    threads: set[int] = set()
    async with recogniser(cloud) as engine:
        recognition_ = engine.listen(Hearing(), lambda heard: threads.add(threading.get_ident()))
        async with asyncio.TaskGroup() as group:
            running = group.create_task(recognition_.run())
            recognition_.feed(hum(300))
            await eventually(lambda: bool(threads))
            running.cancel()
    assert threads == {threading.get_ident()}


async def test_each_recognition_is_stopped_and_lets_go_of_its_events() -> None:
    cloud = AzureCloud(key=KEY, says=SAYS)
    async with recogniser(cloud) as engine, listening(engine) as ear:
        ear.feed(hum(300) + silence(0.2))
        assert (await ear.final()).text == FIRST
        ear.recognition.forget(ear.fed_s)
        ear.feed(hum(600) + silence(0.2))
        assert (await ear.final()).text == SECOND
        assert len(cloud.asked) == 2
        await eventually(lambda: not cloud.open)


@pytest.mark.parametrize(
    "said",
    ["not json", "[]", '{"NBest": []}', '{"NBest": [{"Words": [{"Word": "no time"}]}]}', ""],
)
def test_detail_that_cannot_be_read_is_done_without(said: str) -> None:
    result = SimpleNamespace(text=" hello ", offset=5_000_000, duration=10_000_000, json=said)
    piece = recognition._piece(result)
    assert (piece.text, piece.start_s, piece.end_s) == ("hello", 0.5, 1.5)
    assert piece.words == ()


async def test_a_setting_the_sdk_refuses_is_rejected_without_the_key() -> None:
    sdk: Any = AzureCloud(key=KEY).sdk()

    def refuse(**given: str) -> Any:
        raise RuntimeError(f"SPXERR_INVALID_ARG: {given['subscription']}")

    sdk.SpeechConfig = refuse
    engine = AzureRecogniser(RecognitionSettings(account=account(recognition.HOME)), lambda: sdk)
    await engine.start()
    error = await failure(engine, hum(300))
    await engine.aclose()
    assert isinstance(error, Rejected)
    assert "SPXERR_INVALID_ARG" in str(error)
    assert KEY not in str(error)


# --- with the SDK ----------------------------------------------------------------------------


def test_the_fake_has_what_the_sdk_has() -> None:
    real: Any = pytest.importorskip(SDK)
    fake: Any = AzureCloud(key=KEY).sdk()
    for name in recognition_sdk.SpeechSdk.__annotations__.keys() | {"SpeechConfig"}:
        assert hasattr(real, name), name
        assert hasattr(fake, name), name
    enums = ("PropertyId", "OutputFormat", "ResultReason", "CancellationReason")
    pairs = [(getattr(fake, name), getattr(real, name)) for name in enums]
    pairs.append((fake.audio.AudioStreamWaveFormat, real.audio.AudioStreamWaveFormat))
    for ours, theirs in pairs:
        for member in ours:
            assert theirs[member.name].value == member.value
    known = set(real.CancellationErrorCode.__members__)
    assert set(recognition.REJECTED) | {"TooManyRequests", "ServiceTimeout"} <= known


class _Service:
    """The service as far as the SDK needs it: messages with headers over a WebSocket."""

    def __init__(self) -> None:
        self.cloud = AzureCloud(key=KEY, says=SAYS)
        self.phrases: list[str] = []
        self.keys: list[str | None] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        async with serve(self._serve, "127.0.0.1", 0, process_request=self._admit) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            yield f"http://127.0.0.1:{port}"

    def _admit(self, connection: ServerConnection, request: Any) -> Any:
        self.keys.append(request.headers.get("Ocp-Apim-Subscription-Key"))
        if self.keys[-1] != KEY:
            return connection.respond(http.HTTPStatus.UNAUTHORIZED, "no\n")
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        ear: HumEar | None = None
        try:
            async for message in connection:
                headers, body = _read(message)
                if headers["path"] == "speech.context":
                    self.phrases.append(str(body, "utf-8", "replace"))
                if headers["path"] != "audio":
                    continue
                turn = headers["x-requestid"]
                if ear is None:
                    ear = HumEar(self.cloud, 16_000, "LINEAR16")
                    assert body[:4] == b"RIFF"  # a message of its own, of no length
                    await connection.send(_text(turn, "turn.start", {"context": {}}))
                    continue
                readings = ear.feed(body) if body else ear.finish()
                for reading in readings:
                    await connection.send(_heard(turn, reading))
                if not body:
                    await connection.send(_text(turn, "speech.endDetected", {"Offset": 0}))
                    await connection.send(_text(turn, "turn.end", {}))
                    ear = None  # the SDK begins another turn, and finds that there is no audio
        except websockets.ConnectionClosed:
            return


def _read(message: str | bytes) -> tuple[dict[str, str], bytes]:
    if isinstance(message, bytes):
        size = int.from_bytes(message[:2], "big")
        head, body = message[2 : 2 + size].decode(), message[2 + size :]
    else:
        head, _, text = message.partition("\r\n\r\n")
        body = text.encode()
    lines = [line.partition(":") for line in head.split("\r\n") if line]
    return {name.strip().lower(): value.strip() for name, _, value in lines}, body


def _text(turn: str, path: str, body: dict[str, Any]) -> str:
    head = f"X-RequestId:{turn}\r\nContent-Type:application/json; charset=utf-8\r\nPath:{path}"
    return f"{head}\r\n\r\n{json.dumps(body)}"


def _heard(turn: str, reading: Reading) -> str:
    ticks = 10_000_000
    where = {
        "Offset": round(reading.start_s * ticks),
        "Duration": round((reading.end_s - reading.start_s) * ticks),
    }
    if not reading.closed:
        return _text(turn, "speech.hypothesis", {"Text": reading.text, **where})
    words = [
        {
            "Word": word.text,
            "Offset": round(word.start_s * ticks),
            "Duration": round((word.end_s - word.start_s) * ticks),
        }
        for word in reading.words
    ]
    best = {"Confidence": 0.9, "Lexical": reading.text, "ITN": "", "MaskedITN": ""}
    best |= {"Display": reading.text, "Words": words, "DisplayWords": words}
    phrase = {"RecognitionStatus": "Success", "DisplayText": reading.text, "NBest": [best]}
    return _text(turn, "speech.phrase", {**phrase, **where})


async def test_the_vendors_own_sdk_carries_sound_and_words() -> None:
    pytest.importorskip(SDK)
    service = _Service()
    async with service.serving() as address:
        settings = RecognitionSettings(account=account(address), finalise_within_s=5.0)
        engine = AzureRecogniser(settings)
        await engine.start()
        async with listening(engine, Hearing(keyterms=("Antiphon",))) as ear:
            ear.feed(silence(0.5) + hum(300) + silence(0.2))
            first = await ear.final()
            ear.recognition.forget(ear.fed_s)
            ear.feed(hum(600) + silence(0.2))
            second = await ear.final()
        await engine.aclose()
    assert first.text == FIRST
    assert first.words[0].start_s == pytest.approx(0.5, abs=0.05)
    assert any(not told.final for told in ear.told)
    assert second.text == SECOND
    assert second.words[0].start_s == pytest.approx(2.0, abs=0.05)
    assert "Antiphon" in service.phrases[0]


@pytest.mark.parametrize(
    "key, encoding, kind", [("a-wrong-secret", "pcm16", Rejected), ("another", "mulaw", Rejected)]
)
async def test_the_vendors_own_sdk_tells_of_a_wrong_key(
    key: str, encoding: Any, kind: type[ProviderError]
) -> None:
    pytest.importorskip(SDK)
    service = _Service()
    async with service.serving() as address:
        engine = AzureRecogniser(RecognitionSettings(account=account(address, key)))
        await engine.start()
        error = await failure(
            engine, hum(300, rate_hz=8000), Hearing(rate_hz=8000, encoding=encoding)
        )
        await engine.aclose()
    assert service.keys[0] == key
    assert type(error) is kind
    assert key not in str(error)


async def test_the_vendors_own_sdk_tells_that_nobody_listens() -> None:
    pytest.importorskip(SDK)
    engine = AzureRecogniser(RecognitionSettings(account=account("http://127.0.0.1:9")))
    await engine.start()
    error = await failure(engine, hum(300))
    await engine.aclose()
    assert isinstance(error, Unavailable | TimedOut)  # the SDK tries again for a while
