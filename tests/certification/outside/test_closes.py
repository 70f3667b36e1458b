"""Connections that end before their time: what the SDKs make of close codes and idle limits."""

import time
from typing import Any

import pytest
import websockets
from assemblyai.streaming.v3 import RealTimeEvents, RealTimeParameters, TerminationEvent
from deepgram.core.events import EventType
from tests.certification.outside import test_assemblyai, test_deepgram
from tests.certification.outside.conftest import Sandbox, fault
from tests.certification.outside.test_cartesia import ASKED
from tests.certification.outside.test_cartesia import client as cartesia
from tests.certification.outside.test_openai import client as openai

REASON = "NET-0001: closed by a fault"
DEEPGRAM = {
    "WS /v1/listen": lambda d, o: d.listen.v1.connect(**test_deepgram.LISTEN, **o),
    "WS /v2/listen": lambda d, o: d.listen.v2.connect(**test_deepgram.FLUX, **o),
    "WS /v1/speak": lambda d, o: d.speak.v1.connect(model="aura-2-thalia-en", **o),
    "WS /v2/speak": lambda d, o: d.speak.v2.connect(**test_deepgram.VOICE, **o),
}


@pytest.mark.parametrize(
    "connect",
    [
        pytest.param(
            connect,
            id=place,
            marks=pytest.mark.proves(
                place, by="deepgram-sdk", limits="closed with 1011 and a reason: ERROR, then CLOSE"
            ),
        )
        for place, connect in DEEPGRAM.items()
    ],
)
async def test_deepgrams_sdk_hears_of_a_close(sandbox: Sandbox, connect: Any) -> None:
    # A new connection has nothing said to it by Nova and Aura: they are asked for something.
    headers = {"X-Sandbox-Fault": fault(close=1011, reason=REASON)}
    told: list[tuple[EventType, Any]] = []
    options = {"request_options": {"additional_headers": headers}}
    async with connect(test_deepgram.client(sandbox), options) as socket:
        for kind in EventType:
            socket.on(kind, lambda event=None, k=kind: told.append((k, event)))
        if hasattr(socket, "send_media"):
            await socket.send_media(bytes(16_000))
        if hasattr(socket, "send_finalize"):
            await socket.send_finalize()
        if hasattr(socket, "send_flush"):
            await socket.send_flush()
        await socket.start_listening()
    kinds = [kind for kind, _ in told]
    assert kinds[-2:] == [EventType.ERROR, EventType.CLOSE]
    error = told[-2][1]
    assert isinstance(error, websockets.ConnectionClosedError)
    assert error.rcvd is not None
    assert (error.rcvd.code, error.rcvd.reason) == (1011, REASON)


@pytest.mark.proves(
    "WS /v3/ws", by="assemblyai", limits="without audio for inactivity_timeout: Termination"
)
def test_assemblyais_sdk_hears_of_an_idle_limit(sandbox: Sandbox) -> None:
    listener = test_assemblyai.Listener(sandbox)
    listener.client.on(RealTimeEvents.Termination, lambda *_: listener.ended.set())
    began = time.monotonic()
    listener.client.connect(
        RealTimeParameters(
            speech_model=test_assemblyai.MODEL, sample_rate=16_000, inactivity_timeout=5
        )
    )
    assert listener.ended.wait(12)
    assert 4.5 < time.monotonic() - began < 8
    listener.client.disconnect()
    assert isinstance(listener.told[-1], TerminationEvent)


async def ended(connection: Any) -> Any:
    """How it ends, as who reads on is told."""
    with pytest.raises(websockets.ConnectionClosedError) as caught:
        await _read(connection)
    assert caught.value.rcvd is not None
    return caught.value.rcvd


async def _read(connection: Any) -> None:
    while True:
        await connection.recv()


@pytest.mark.proves("WS /tts/websocket", by="cartesia", limits="closed with 1008: an error")
async def test_cartesias_sdk_hears_of_a_close(sandbox: Sandbox) -> None:
    headers = {"X-Sandbox-Fault": fault(close=1008, after=1)}
    async with cartesia(sandbox).tts.websocket_connect(extra_headers=headers) as connection:
        message: Any = {**ASKED, "context_id": "a", "transcript": "Hello there.", "continue": False}
        await connection.send(message)
        assert (await ended(connection)).code == 1008


@pytest.mark.proves("WS /v1/realtime", by="openai", limits="closed with 1008 and why: an error")
async def test_openais_sdk_hears_of_a_close(sandbox: Sandbox) -> None:
    headers = {"X-Sandbox-Fault": fault(close=1008, reason="policy")}
    place: Any = {"extra_query": {"intent": "transcription"}, "extra_headers": headers}
    async with openai(sandbox).realtime.connect(**place) as connection:
        close = await ended(connection)
    assert (close.code, close.reason) == (1008, "policy")
