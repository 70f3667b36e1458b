"""AssemblyAI's pretended end, as a client sees it that is not ours."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.providers.stage import KEY, SAYS, silence, sound
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from antiphon.sandbox.assemblyai import doors, session
from antiphon.sandbox.server import Sandbox

ASKED = {"speech_model": "universal-streaming-english", "sample_rate": 16000}
FRAME = 1600


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, says=SAYS) as running:
        yield running


@asynccontextmanager
async def opened(sandbox: Sandbox, key: str = KEY, **asked: Any) -> AsyncIterator[ClientConnection]:
    query = {name: value for name, value in {**ASKED, **asked}.items() if value is not None}
    headers = {"Authorization": key} if key else {}
    url = f"{sandbox.url}/v3/ws?{urlencode(query)}"
    async with connect(url, additional_headers=headers, proxy=None) as socket:
        yield socket


async def talk(socket: ClientConnection, pcm: bytes) -> None:
    for at in range(0, len(pcm), FRAME):
        await socket.send(pcm[at : at + FRAME])


async def hear(socket: ClientConnection) -> tuple[list[dict[str, Any]], int, str]:
    """Everything to the end, and how it ended."""
    told = []
    async with asyncio.timeout(5):
        with suppress(ConnectionClosed):
            while True:
                told.append(json.loads(await socket.recv()))
    return told, socket.close_code or 0, socket.close_reason or ""


async def test_a_session_from_begin_to_termination(sandbox: Sandbox) -> None:
    async with opened(sandbox) as socket:
        await talk(socket, silence(0.2) + sound(1.2) + silence(0.6))
        await socket.send('{"type": "KeepAlive"}')
        await socket.send('{"type": "Terminate"}')
        told, code, _ = await hear(socket)
    assert (told[0]["type"], told[-1]["type"], code) == ("Begin", "Termination", 1000)
    assert told[-1]["audio_duration_seconds"] == 2
    turns = [message for message in told if message["type"] == "Turn"]
    assert [turn["end_of_turn"] for turn in turns].count(True) == 1
    assert turns[-1]["transcript"] == "ever tried ever failed"
    assert turns[-1]["utterance"] == turns[-1]["transcript"]
    assert not turns[0]["words"][-1]["word_is_final"]
    assert turns[0]["words"][-1]["text"] not in turns[0]["transcript"]


async def test_a_forced_end_is_told_and_with_nothing_said_is_not(sandbox: Sandbox) -> None:
    async with opened(sandbox, format_turns="true") as socket:
        await socket.send('{"type": "ForceEndpoint"}')
        await talk(socket, silence(0.2) + sound(1.2) + silence(0.2))
        await socket.send('{"type": "ForceEndpoint"}')
        await socket.send('{"type": "Terminate"}')
        told, _, _ = await hear(socket)
    ended = [message for message in told if message.get("end_of_turn")]
    assert [turn["turn_is_formatted"] for turn in ended] == [False, True]
    assert {turn["turn_order"] for turn in ended} == {0}
    assert ended[1]["transcript"].startswith("Ever tried,")


async def test_the_newer_models_write_at_once_and_tell_of_a_voice(sandbox: Sandbox) -> None:
    async with opened(sandbox, speech_model="universal-3-6-pro") as socket:
        await socket.send('{"type": "UpdateConfiguration", "min_turn_silence": 100}')
        await talk(socket, silence(0.2) + sound(1.2) + silence(0.3))
        await socket.send('{"type": "Terminate"}')
        told, _, _ = await hear(socket)
    assert [message["type"] for message in told].count("SpeechStarted") == 1
    ended = [message for message in told if message.get("end_of_turn")]
    assert [turn["transcript"] for turn in ended] == [SAYS[0]]
    assert ended[0]["turn_is_formatted"]


@pytest.mark.parametrize("ms", [20, 49, 1001])
async def test_frames_too_short_or_too_long_end_it(ms: int, sandbox: Sandbox) -> None:
    async with opened(sandbox) as socket:
        await socket.send(silence(ms / 1000))
        told, code, reason = await hear(socket)
    why = f"Input duration violation: {ms} ms. Expected between 50 and 1000 ms"
    assert told[-1] == {"type": "Error", "error": why, "error_code": 3007}
    assert (code, reason) == (3007, why)


async def test_audio_much_faster_than_time_ends_it(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "MOST_AHEAD_S", 1.0)
    async with opened(sandbox) as socket:
        for _ in range(3):
            await socket.send(silence(0.9))
        told, code, _ = await hear(socket)
    assert code == 3007
    assert told[-1]["error"].startswith("Audio Transmission Rate Exceeded: Received ")


@pytest.mark.parametrize(
    "text, why",
    [
        ("hello", "Invalid JSON: hello"),
        ("[]", "Invalid Message: []"),
        ('{"type": "Flush"}', "Invalid Message Type: Flush"),
    ],
)
async def test_messages_it_does_not_know_end_it(text: str, why: str, sandbox: Sandbox) -> None:
    async with opened(sandbox) as socket:
        await socket.send(text)
        told, code, reason = await hear(socket)
    assert (told[-1]["error"], code, reason) == (why, 3006, why)


async def test_what_does_not_fit_a_close_frame_is_said_in_the_message(sandbox: Sandbox) -> None:
    async with opened(sandbox) as socket:
        await socket.send("x" * 200)
        told, _, reason = await hear(socket)
    assert told[-1]["error"].endswith("x" * 200)
    assert reason == "See Error message for details"


@pytest.mark.parametrize("key", ["", "wrong", f"Bearer {KEY}"])
async def test_anybody_is_let_in_and_then_told_no(key: str, sandbox: Sandbox) -> None:
    async with opened(sandbox, key) as socket:
        told, code, _ = await hear(socket)
    assert [message["error_code"] for message in told] == [1008]
    assert code == 1008
    assert told[0]["error"].startswith("Unauthorized Connection: ")


async def test_the_key_may_be_a_token_in_the_address(sandbox: Sandbox) -> None:
    async with opened(sandbox, "", token=KEY) as socket:
        assert json.loads(await socket.recv())["type"] == "Begin"
    assert ("token", "***") in sandbox.requests[-1].query


@pytest.mark.parametrize(
    "asked",
    [
        {"speech_model": None},
        {"speech_model": "nova-3"},
        {"sample_rate": None},
        {"sample_rate": 4000},
        {"encoding": "linear16"},
        {"inactivity_timeout": 4},
        {"min_turn_silence": "soon"},
        {"keyterms_prompt": "Beckett,Godot"},
    ],
    ids=str,
)
async def test_a_wrong_parameter_ends_it(asked: dict[str, Any], sandbox: Sandbox) -> None:
    async with opened(sandbox, **asked) as socket:
        told, code, _ = await hear(socket)
    assert code == 3006
    assert next(iter(asked)) in told[0]["error"] or "encoding" in asked


async def test_a_session_left_alone_ends(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "IDLE_S", range(3601))
    async with opened(sandbox, inactivity_timeout=1) as socket:
        told, code, _ = await hear(socket)
    assert (told[-1]["type"], code) == ("Termination", 1000)


async def test_a_session_expires(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "SESSION_S", 0.2)
    async with opened(sandbox) as socket:
        told, code, reason = await hear(socket)
    assert (told[-1]["error_code"], code) == (3008, 3008)
    assert reason == "Session Expired: Maximum session duration exceeded"
