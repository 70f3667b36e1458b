"""Vosk's pretended server, as its own published examples use it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.providers.stage import SAYS, silence, sound
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from antiphon.sandbox.server import Sandbox

SPEECH = silence(0.2) + sound(1.2) + silence(0.2)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(says=SAYS) as running:
        yield running


async def answers(socket: ClientConnection, pcm: bytes, size: int = 6400) -> list[dict[str, Any]]:
    """What each frame is answered with."""
    told = []
    for at in range(0, len(pcm), size):
        await socket.send(pcm[at : at + size])
        told.append(json.loads(await socket.recv()))
    return told


async def test_every_frame_is_answered_and_the_end_with_the_rest(sandbox: Sandbox) -> None:
    async with connect(sandbox.url, proxy=None) as socket:
        await socket.send('{ "config" : { "sample_rate" : 16000 } }')
        told = await answers(socket, SPEECH)
        await socket.send('{"eof" : 1}')
        last = json.loads(await socket.recv())
        with pytest.raises(ConnectionClosed):
            await socket.recv()
    assert all(set(answer) == {"partial"} for answer in told)
    assert told[-1]["partial"].startswith("ever tried")
    assert last["text"] == "ever tried ever failed"
    assert [word["word"] for word in last["result"]] == last["text"].split()
    assert 0.1 < last["result"][0]["start"] < last["result"][-1]["end"] < 1.6


async def test_a_reset_begins_another_utterance_and_times_go_on(sandbox: Sandbox) -> None:
    async with connect(sandbox.url, proxy=None) as socket:
        await socket.send('{"config" : {"sample_rate" : 16000, "words" : 1}}')
        await answers(socket, SPEECH)
        await socket.send('{"reset" : 1}')
        first = json.loads(await socket.recv())
        await answers(socket, silence(0.4) + SPEECH)
        await socket.send('{"reset" : 1}')
        second = json.loads(await socket.recv())
    assert first["text"] == "ever tried ever failed"
    assert second["text"] == "no matter try again"
    assert second["result"][0]["start"] > 2.0


async def test_it_ends_an_utterance_itself_after_a_pause(sandbox: Sandbox) -> None:
    async with connect(sandbox.url, proxy=None) as socket:
        await socket.send('{"config" : {"sample_rate" : 16000, "words" : 0}}')
        told = await answers(socket, SPEECH + silence(0.6))
    ended = [answer for answer in told if "text" in answer]
    assert ended == [{"text": "ever tried ever failed"}]


async def test_the_rate_is_8000_unless_said(sandbox: Sandbox) -> None:
    async with connect(sandbox.url, proxy=None) as socket:
        await answers(socket, bytes(16_000))
        await socket.send('{"eof" : 1}')
        assert json.loads(await socket.recv()) == {"text": ""}


async def test_several_readings_where_they_are_asked_for(sandbox: Sandbox) -> None:
    async with connect(sandbox.url, proxy=None) as socket:
        await socket.send('{"config" : {"sample_rate" : 16000, "max_alternatives" : 3}}')
        await answers(socket, SPEECH)
        await socket.send('{"eof" : 1}')
        best = json.loads(await socket.recv())["alternatives"][0]
    assert best["text"] == "ever tried ever failed"
    assert best["result"][0]["word"] == "ever"


@pytest.mark.parametrize("text", [json.dumps({"eof": 1}), '{"config" : 7}', "hello"])
async def test_other_words_kill_the_connection(text: str, sandbox: Sandbox) -> None:
    async with connect(sandbox.url, proxy=None) as socket:
        await answers(socket, silence(0.2))
        await socket.send(text)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011
