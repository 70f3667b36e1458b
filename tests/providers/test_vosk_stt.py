"""The Vosk adapter against the sandbox, and against a bare server for what ours never does."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from tests.providers.stage import SAYS, failure, listening, silence, sound
from tests.providers.vanishing import heard_across_a_loss, soon
from websockets.asyncio.server import ServerConnection, serve

from antiphon.errors import AtCapacity, ProviderError, TimedOut, Unavailable
from antiphon.providers.vosk import wire
from antiphon.providers.vosk.settings import SERVER, VoskSettings
from antiphon.providers.vosk.stt import VoskRecogniser
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox

SPEECH = silence(0.2) + sound(1.2) + silence(0.3)
PLAIN = ["ever tried ever failed", "no matter try again"]


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox(says=SAYS) as running:
        yield running


def vosk(url: str, **other: object) -> VoskRecogniser:
    return VoskRecogniser(VoskSettings.model_validate({"account": {"base_url": url}, **other}))


async def test_it_is_told_the_rate_first_and_the_end_letter_by_letter(sandbox: Sandbox) -> None:
    async with listening(vosk(sandbox.http_url), keyterms=("Beckett",)) as ear:
        ear.recognition.feed(SPEECH)
        ear.recognition.finalise(1.4)
        await ear.until("final")
        ear.recognition.finalise(1.4)
    await soon(lambda: wire.EOF in sandbox.requests[0].texts("client"))
    texts = sandbox.requests[0].texts("client")
    assert json.loads(texts[0]) == {
        "config": {"sample_rate": 16000, "words": True, "max_alternatives": 0}
    }
    assert texts[1:] == ['{"reset" : 1}', '{"eof" : 1}']
    assert sandbox.requests[0].audio("client") == SPEECH
    assert ear.final == PLAIN[0]
    words = ear.texts[-1].words
    assert 0.1 < words[0].start_s < words[-1].end_s < 1.6


async def test_a_grammar_is_what_the_settings_say(sandbox: Sandbox) -> None:
    engine = vosk(sandbox.http_url, grammar=("yes", "no", "[unk]"))
    async with listening(engine) as ear:
        ear.recognition.feed(SPEECH)
        ear.recognition.finalise(1.4)
        await ear.until("final")
    config = json.loads(sandbox.requests[0].texts("client")[0])["config"]
    assert config["phrase_list"] == ["yes", "no", "[unk]"]


async def test_the_servers_own_end_of_an_utterance_is_kept(sandbox: Sandbox) -> None:
    async with listening(vosk(sandbox.http_url)) as ear:
        ear.recognition.feed(SPEECH + silence(0.8) + sound(1.2) + silence(0.3))
        ear.recognition.finalise(3.7)
        await ear.until("final")
    assert ear.final == " ".join(PLAIN)
    assert ear.texts[-1].end_s == pytest.approx(3.7, abs=0.05)
    assert not any(told.final for told in ear.texts[:-1])


async def test_words_after_a_long_silence_are_not_taken_for_old_ones(sandbox: Sandbox) -> None:
    async with listening(vosk(sandbox.http_url)) as ear:
        ear.recognition.feed(silence(3.0))
        ear.recognition.forget(2.8)
        ear.recognition.feed(SPEECH)
        ear.recognition.finalise(4.4)
        await ear.until("final")
    partials = [told for told in ear.texts if not told.final and told.text]
    assert partials
    assert partials[0].start_s >= 3.0
    assert ear.final == PLAIN[0]


@pytest.mark.parametrize(
    "fault, kind",
    [
        (Fault(refuse=429, retry_after_s=7), AtCapacity),
        (Fault(close=1011), Unavailable),
        (Fault(vanish=True, after=2), Unavailable),
        (Fault(malformed=True, after=1), Unavailable),
        (Fault(stall=True, after=1), TimedOut),
    ],
    ids=str,
)
async def test_a_failure_is_one_of_ours(
    fault: Fault, kind: type[ProviderError], sandbox: Sandbox
) -> None:
    sandbox.rules.add(fault)
    error = await failure(vosk(sandbox.http_url, finalise_within_s=0.4), SPEECH)
    assert type(error) is kind, error
    assert error.provider == "vosk/server"


async def test_a_server_that_is_away_does_not_keep_us_from_starting(sandbox: Sandbox) -> None:
    await vosk(sandbox.http_url).start()
    with Sandbox() as gone:
        engine = vosk(gone.http_url)
    await engine.start()
    assert isinstance(await failure(engine, SPEECH), Unavailable)


async def test_a_call_loses_and_doubles_no_word_when_its_server_vanishes(sandbox: Sandbox) -> None:
    heard = await heard_across_a_loss(vosk(sandbox.http_url), sandbox.vanish)
    assert heard == (PLAIN[0], 1)


@asynccontextmanager
async def server(*frames: str | bytes) -> AsyncIterator[str]:
    """Says all this at the first frame of audio it gets, and nothing after."""

    async def play(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.recv()
        for frame in frames:
            await connection.send(frame)
        async for _ in connection:
            pass

    async with serve(play, "127.0.0.1", 0, close_timeout=0.1) as running:
        yield f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}"


async def test_an_answer_in_a_binary_frame_is_an_answer() -> None:
    said = (b'{"partial" : "yes"}', '{"text" : "yes"}')
    async with server(*said) as url, listening(vosk(url)) as ear:
        ear.recognition.feed(silence(0.1))
        ear.recognition.finalise(0.1)
        await ear.until("final")
    assert ear.final == "yes"
    assert ear.texts[-1].words == ()


@pytest.mark.parametrize("frames", [[b"\xff"], ["[]"], ["{}"] * 5], ids=["bytes", "list", "more"])
async def test_a_server_that_babbles_is_left(frames: list[str | bytes]) -> None:
    async with server(*frames) as url:
        error = await failure(vosk(url), silence(0.1), finalise=False)
    assert type(error) is Unavailable


def test_capabilities_are_data() -> None:
    assert not SERVER.keyterms
    assert SERVER.rates_hz == (16_000,)
