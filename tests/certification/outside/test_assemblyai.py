"""AssemblyAI's own SDK, and strict readings of every frame it is sent."""

import json
import threading
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import pydantic
import pytest
import websockets
from assemblyai.streaming.v3 import (
    BeginEvent,
    RealTimeError,
    RealTimeEvents,
    RealTimeParameters,
    RealTimeSessionParameters,
    RealTimeTranscriber,
    RealTimeTranscriberOptions,
    TerminationEvent,
    TurnEvent,
)
from assemblyai.streaming.v3.models import EventMessage
from tests.certification.outside.conftest import SAYS, Sandbox, pcm
from tests.certification.outside.published import strictly

SDK = "assemblyai"
PLACE = "WS /v3/ws"
MODEL = "universal-streaming-english"


class Listener:
    """The SDK's client, and all it told."""

    def __init__(self, sandbox: Sandbox, key: str = "") -> None:
        options = RealTimeTranscriberOptions(api_key=key or sandbox.key, api_host=sandbox.ws)
        self.told: list[Any] = []
        self.ended = threading.Event()
        self.client = RealTimeTranscriber(options)
        for event in (RealTimeEvents.Begin, RealTimeEvents.Turn, RealTimeEvents.Termination):
            self.client.on(event, self._tell)
        self.client.on(RealTimeEvents.Error, self._tell)

    def _tell(self, _: Any, event: Any) -> None:
        self.told.append(event)
        if isinstance(event, RealTimeError) or getattr(event, "turn_is_formatted", False):
            self.ended.set()


@pytest.mark.proves(
    PLACE,
    by=SDK,
    exchange="Begin, partial turns, end of turn with word times, Termination",
    controls="ForceEndpoint, UpdateConfiguration, KeepAlive, Terminate",
)
def test_it_hears(sandbox: Sandbox) -> None:
    listener = Listener(sandbox)
    client = listener.client
    client.connect(RealTimeParameters(speech_model=MODEL, sample_rate=16_000, format_turns=True))
    speech = pcm()
    client.stream([speech[at : at + 3200] for at in range(0, len(speech), 3200)])
    client.set_params(RealTimeSessionParameters(max_turn_silence=2000))
    client.keep_alive()
    client.force_endpoint()
    assert listener.ended.wait(10)
    client.disconnect(terminate=True)

    told = listener.told
    assert isinstance(told[0], BeginEvent)
    turns = [event for event in told if isinstance(event, TurnEvent)]
    plain, final = (turn for turn in turns if turn.end_of_turn)
    assert plain.transcript == "ever tried ever failed"
    assert (final.turn_is_formatted, final.transcript) == (True, SAYS[0])
    assert [word.text for word in final.words] == SAYS[0].split()
    assert any(turn.transcript and not turn.end_of_turn for turn in turns)
    assert isinstance(told[-1], TerminationEvent)
    assert told[-1].audio_duration_seconds == 2


@pytest.mark.proves(PLACE, by=SDK, refusal="wrong key: Error, close 1008; wrong model: close 3006")
@pytest.mark.parametrize("key, model, code", [("wrong", MODEL, 1008), ("", "no-such-model", 3006)])
def test_it_refuses(sandbox: Sandbox, key: str, model: str, code: int) -> None:
    listener = Listener(sandbox, key)
    parameters = RealTimeParameters.model_construct(speech_model=model, sample_rate=16_000)
    listener.client.connect(parameters)
    assert listener.ended.wait(10)
    listener.client.disconnect()
    assert listener.told[-1].code == code


async def _frames(sandbox: Sandbox, messages: list[bytes | str]) -> tuple[list[str], int | None]:
    query = urlencode({"speech_model": MODEL, "sample_rate": 16_000, "format_turns": "true"})
    headers = {"Authorization": sandbox.key}
    url = f"{sandbox.ws}/v3/ws?{query}"
    async with websockets.connect(url, additional_headers=headers) as socket:
        for message in messages:
            await socket.send(message)
        frames: list[str] = []
        with suppress(websockets.ConnectionClosed):
            while True:
                frames.append(await socket.recv())
    return frames, socket.close_code


@pytest.mark.proves(PLACE, by=SDK, schema="every frame, by its models read strictly")
async def test_what_is_sent_fits_the_sdk(sandbox: Sandbox) -> None:
    speech = pcm()
    audio: list[bytes | str] = [speech[at : at + 3200] for at in range(0, len(speech), 3200)]
    messages = [*audio, json.dumps({"type": "ForceEndpoint"}), json.dumps({"type": "Terminate"})]
    frames, code = await _frames(sandbox, messages)
    # A date is a number on the wire, which a strict reading does not take for one.
    assert pydantic.TypeAdapter(BeginEvent).validate_json(frames[0]).expires_at.year >= 2026
    kinds = {type(strictly(EventMessage, frame)).__name__ for frame in frames[1:]}
    assert {"TurnEvent", "TerminationEvent"} <= kinds
    assert code == 1000


@pytest.mark.parametrize(
    "message, code",
    [(bytes(160), 3007), ("{", 3006), (json.dumps({"type": "Nonsense"}), 3006)],
)
async def test_its_close_codes_are_the_documented_ones(
    sandbox: Sandbox, message: bytes | str, code: int
) -> None:
    # From the documentation and not by a client: so this proves nothing for the table.
    _, closed = await _frames(sandbox, [message])
    assert closed == code
