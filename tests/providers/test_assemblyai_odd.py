"""What AssemblyAI may do and our sandbox does not: played word for word by a bare server."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from tests.providers.stage import failure, listening, silence
from tests.providers.vanishing import soon
from websockets.asyncio.server import ServerConnection, serve

from antiphon.errors import Rejected, Unavailable
from antiphon.net.account import Account
from antiphon.providers.assemblyai import wire
from antiphon.providers.assemblyai.settings import UniversalSettings
from antiphon.providers.assemblyai.stt import UniversalRecogniser

BEGIN = wire.encode(wire.Begin("id", 1))


@asynccontextmanager
async def vendor(
    frames: Sequence[str | bytes], begin: str | bytes = BEGIN
) -> AsyncIterator[UniversalRecogniser]:
    """Begins, says all this at the first frame it gets, and nothing after."""

    async def play(connection: ServerConnection) -> None:
        await connection.send(begin)
        await connection.recv()
        for frame in frames:
            await connection.send(frame)
        async for _ in connection:
            pass

    async with serve(play, "127.0.0.1", 0, close_timeout=0.1) as running:
        port = running.sockets[0].getsockname()[1]
        account = Account.model_validate({"api_key": "k", "base_url": f"http://127.0.0.1:{port}"})
        yield UniversalRecogniser(UniversalSettings(account=account, finalise_within_s=0.2))


def turn(order: int, text: str, *, ended: bool, timed: bool = True) -> str:
    words = tuple(
        wire.Word(word, 100.0 * n, 100.0 * n + 90, 0.9) for n, word in enumerate(text.split())
    )
    said = wire.Turn(order, False, ended, text, 0.5, words if timed else ())
    return wire.encode(said)


@pytest.mark.parametrize(
    "begin", [turn(0, "yes", ended=True), b"audio", "{}", "[]"], ids=["turn", "bytes", "{}", "[]"]
)
async def test_a_session_that_does_not_begin_is_left(begin: str | bytes) -> None:
    async with vendor([], begin) as engine:
        assert type(await failure(engine, silence(0.1))) is Unavailable


@pytest.mark.parametrize(
    "frame, kind",
    [
        (wire.encode(wire.Termination()), Unavailable),
        (wire.encode(wire.Error("no money", 1008)), Rejected),
        (wire.encode(wire.Error("who knows")), Unavailable),
        (b"audio", Unavailable),
        ('{"type":"Turn"}', Unavailable),
    ],
    ids=["terminated", "account", "no code", "audio", "garbage"],
)
async def test_saying_what_it_should_not(frame: str | bytes, kind: type[Exception]) -> None:
    async with vendor([frame]) as engine:
        assert type(await failure(engine, silence(0.1), finalise=False)) is kind


async def test_turns_are_heard_in_order_and_not_again() -> None:
    said = [
        wire.encode(wire.Warned(1, "slow")),
        '{"type":"SpeakerRevision","revisions":[]}',
        turn(0, "I would", ended=False),
        turn(0, "I would like", ended=True),
        turn(0, "overtaken", ended=False),
        turn(1, "two tickets", ended=False),
        turn(1, "two tickets please", ended=True),
    ]
    async with vendor(said) as engine, listening(engine) as ear:
        ear.recognition.feed(silence(1.0))
        await soon(lambda: ear.hints.count("ended") == 2)
    assert ear.texts[-1].text == "I would like two tickets please"
    assert not [told for told in ear.texts if "overtaken" in told.text]


async def test_a_turn_without_words_is_no_opinion() -> None:
    said = [turn(0, "", ended=True), turn(1, "yes", ended=True)]
    async with vendor(said) as engine, listening(engine) as ear:
        ear.recognition.feed(silence(0.1))
        await ear.until("ended")
    assert ear.hints == ["ended"]


async def test_a_turn_may_have_a_transcript_and_no_words() -> None:
    said = [turn(0, "yes", ended=False, timed=False), turn(0, "yes", ended=True, timed=False)]
    async with vendor(said) as engine, listening(engine) as ear:
        ear.recognition.feed(silence(0.5))
        await ear.until("ended")
    assert ear.texts[-1].text == "yes"
    assert ear.texts[-1].words == ()
