"""What Deepgram may do and our sandbox does not: played word for word by a bare server."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from tests.providers.stage import failure, listening, silence
from websockets.asyncio.server import ServerConnection, serve

from antiphon.errors import ProviderError, Rejected, TimedOut, Unavailable
from antiphon.net.account import Account
from antiphon.ports.tts import Speaking
from antiphon.providers.deepgram.settings import (
    AuraSettings,
    FluxSettings,
    NovaSettings,
)
from antiphon.providers.deepgram.stt import FluxRecogniser, NovaRecogniser
from antiphon.providers.deepgram.tts import AuraSynthesiser
from antiphon.providers.deepgram.wire import flux, nova

META = nova.ResultsMetadata("r", nova.ModelInfo("nova-3", "v", "a"), "u")


@asynccontextmanager
async def vendor(frames: Sequence[str | bytes]) -> AsyncIterator[Account]:
    """Says all this at the first frame it gets, and nothing after."""

    async def play(connection: ServerConnection) -> None:
        await connection.recv()
        for frame in frames:
            await connection.send(frame)
        async for _ in connection:
            pass

    async with serve(play, "127.0.0.1", 0, close_timeout=0.1) as running:
        port = running.sockets[0].getsockname()[1]
        yield Account.model_validate({"api_key": "k", "base_url": f"http://127.0.0.1:{port}"})


def results(text: str, start: float, duration: float, *, timed: bool = True) -> str:
    words = tuple(
        nova.Word(word.strip(".").lower(), start, start + duration, 0.9) for word in text.split()
    )
    best = nova.Alternative(text, 0.9, words if timed else ())
    channel = nova.Channel((best,) if text else ())
    return nova.encode(nova.Results((0, 1), start, duration, channel, META, is_final=False))


def turn(sequence: int, event: str, words: str, end: float, turn_index: int = 0) -> str:
    """Without word times: the protocol allows it."""
    read = tuple(flux.Word(word, 0.8) for word in words.split())
    info = flux.TurnInfo("r", sequence, event, turn_index, 0.0, end, words, read, 0.1)
    return flux.encode(info)


async def test_a_finalize_that_stays_unanswered_is_done_without() -> None:
    async with vendor([results("Yes please.", 0.0, 1.0)]) as account:
        engine = NovaRecogniser(NovaSettings(account=account, finalise_within_s=0.2))
        async with listening(engine) as ear:
            ear.recognition.feed(silence(1.0))
            ear.recognition.finalise(1.0)
            await ear.until("final")
    assert ear.final == "Yes please."


async def test_but_a_vendor_that_has_fallen_behind_has_stalled() -> None:
    async with vendor([results("", 0.0, 0.2)]) as account:
        engine = NovaRecogniser(NovaSettings(account=account, finalise_within_s=0.2))
        assert isinstance(await failure(engine, silence(1.0)), TimedOut)


@pytest.mark.parametrize(
    "frame, kind",
    [
        (nova.encode(nova.Error("SchemaError", "what?")), Rejected),
        (b"audio", Unavailable),
        ('{"type":"Results"}', Unavailable),
    ],
    ids=["error", "audio", "garbage"],
)
async def test_nova_saying_what_it_should_not(frame: str | bytes, kind: type[Exception]) -> None:
    async with vendor([frame]) as account:
        engine = NovaRecogniser(NovaSettings(account=account))
        assert type(await failure(engine, silence(1.0))) is kind


@pytest.mark.parametrize(
    "frame", [flux.encode(flux.Error(1, "INTERNAL", "sorry")), b"audio", "{}"], ids=repr
)
async def test_flux_saying_what_it_should_not(frame: str | bytes) -> None:
    async with vendor([frame]) as account:
        engine = FluxRecogniser(FluxSettings(account=account))
        assert type(await failure(engine, silence(1.0))) is Unavailable


async def test_words_without_times_are_not_told_twice() -> None:
    said = [
        turn(1, "StartOfTurn", "I would like", 0.5),
        turn(2, "EagerEndOfTurn", "I would like two", 0.8),
        turn(3, "Update", "I would like two tickets please", 1.0),
        turn(2, "Update", "overtaken", 0.9),
        turn(4, "EndOfTurn", "I would like two tickets please", 1.0),
    ]
    async with (
        vendor(said) as account,
        listening(FluxRecogniser(FluxSettings(account=account))) as ear,
    ):
        real_tell = ear.recognition._tell  # type: ignore[attr-defined]

        def tell(heard: object) -> None:
            real_tell(heard)
            if getattr(heard, "kind", "") == "eager":
                ear.recognition.forget(0.8)

        ear.recognition._tell = tell  # type: ignore[attr-defined]
        ear.recognition.feed(silence(1.0))
        await ear.until("ended")
    assert [told.text for told in ear.texts if told.segment == 0][-1] == "I would like two"
    assert [told.text for told in ear.texts if told.segment == 1][-1] == "tickets please"
    assert not [told for told in ear.texts if "overtaken" in told.text]


@pytest.mark.parametrize(
    "frames", [['{"type":"Warning","code":"X","description":"no"}'], ["{}"]], ids=repr
)
async def test_a_voice_that_warns_or_babbles_has_failed(frames: list[str]) -> None:
    async with vendor(frames) as account:
        engine = AuraSynthesiser(AuraSettings(account=account))
        utterance = engine.utter(Speaking())
        utterance.say("Hello there.")
        with pytest.raises(ProviderError) as caught:
            [piece async for piece in utterance.audio()]
    assert type(caught.value) is Unavailable


async def test_samples_torn_between_frames_are_mended() -> None:
    frames = [b"\1", b"\2\3", b"\4", '{"type":"New"}', '{"type":"Flushed","sequence_id":0}']
    async with vendor(frames) as account:
        engine = AuraSynthesiser(AuraSettings(account=account))
        utterance = engine.utter(Speaking())
        utterance.say("Hello there.")
        utterance.end()
        pieces = [piece async for piece in utterance.audio()]
        await engine.aclose()
    assert b"".join(piece.pcm for piece in pieces) == b"\1\2\3\4"
    assert all(len(piece.pcm) % 2 == 0 for piece in pieces)
