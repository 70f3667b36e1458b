"""Cartesia's recogniser that ends turns itself: the sandbox, a bare server, and its codec."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.providers.stage import KEY, SAYS, Ear, failure, listening, silence, sound
from websockets.asyncio.server import ServerConnection, serve

from antiphon.errors import ProviderError, Rejected, RemoteProtocolError, TimedOut, Unavailable
from antiphon.events import SpeechStarted, SpeechStopped
from antiphon.net.account import Account
from antiphon.net.frames import Unknown
from antiphon.providers.cartesia import turns_wire as wire
from antiphon.providers.cartesia.settings import InkTurnsSettings
from antiphon.providers.cartesia.turns import InkTurnsRecogniser
from antiphon.sandbox.server import Sandbox

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.none() | st.floats(0, 1e4)


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, says=SAYS) as running:
        yield running


def turns(base_url: str, **other: object) -> InkTurnsRecogniser:
    whose = Account.model_validate({"api_key": KEY, "base_url": base_url})
    return InkTurnsRecogniser(InkTurnsSettings.model_validate({"account": whose, **other}))


async def told(ear: Ear) -> None:
    """Wait for a final, if only of silence."""
    async with asyncio.timeout(3):
        while ear.final is None:
            ear._changed.clear()
            await ear._changed.wait()


# --- against the sandbox -----------------------------------------------------------------------


async def test_what_is_wanted_is_in_the_opening(sandbox: Sandbox) -> None:
    engine = turns(sandbox.http_url, end_threshold=0.1, end_timeout_ms=2000)
    async with listening(engine, rate_hz=8000, encoding="mulaw", keyterms=("Ann Lee",)) as ear:
        ear.recognition.feed(silence(0.5))
        ear.recognition.finalise(1.0)
        await told(ear)
    assert sandbox.requests[0].query == [
        ("model", "ink-2"),
        ("encoding", "pcm_mulaw"),
        ("sample_rate", "8000"),
        ("turn_end_threshold", "0.1"),
        ("turn_end_timeout_ms", "2000"),
        ("keyterm", "Ann Lee"),
    ]


async def test_its_opinion_of_turns_is_told(sandbox: Sandbox) -> None:
    async with listening(turns(sandbox.http_url)) as ear:
        ear.recognition.feed(silence(0.2) + sound(1.0) + silence(0.42))
        await ear.until("eager")
        ear.recognition.feed(sound(1.0))
        await ear.until("resumed")
        ear.recognition.feed(silence(1.5))
        await ear.until("ended")
    assert ear.hints == ["eager", "resumed", "eager", "ended"]
    assert ear.final == " ".join(SAYS)


async def test_a_cough_that_it_says_nothing_of_has_no_words(sandbox: Sandbox) -> None:
    # What the sandbox takes for silence, and our own detector for a voice.
    async with listening(turns(sandbox.http_url, finalise_within_s=0.2)) as ear:
        ear.recognition.feed(silence(1.0))
        ear.recognition.voice(SpeechStarted(at_s=0.3))
        ear.recognition.voice(SpeechStopped(at_s=0.5))
        ear.recognition.finalise(1.0)
        ear.recognition.feed(silence(0.5))
        await told(ear)
        ear.recognition.feed(silence(0.2) + sound(1.0) + silence(1.0))
        await ear.until("ended")
    assert ear.texts[0].text == ""
    assert ear.final == SAYS[0]
    first, second = sandbox.requests
    assert first.texts("client")[-1] == '{"type":"close"}'
    assert first.ended == "vendor 1000"
    assert len(first.audio("client")) + len(second.audio("client")) >= len(silence(3.7))


@pytest.mark.parametrize(
    "query, why",
    [
        ("end_threshold", "0.05 to 0.5"),
        ("eager_end_threshold", "0.3 to 0.6"),
    ],
)
async def test_a_setting_that_cannot_be_is_refused(sandbox: Sandbox, query: str, why: str) -> None:
    engine = turns(sandbox.http_url)
    # Past our own check: the vendor's is pretended.
    engine._settings = engine._settings.model_copy(update={query: 0.95})
    with pytest.raises(Rejected, match=why):
        await engine.start()


def test_thresholds_must_fall() -> None:
    with pytest.raises(ValidationError, match="must fall"):
        turns("http://localhost", eager_end_threshold=0.3, end_threshold=0.4)


# --- what the vendor may do and the sandbox does not ---------------------------------------------


@asynccontextmanager
async def vendor(*batches: Sequence[str], code: int | None = None) -> AsyncIterator[str]:
    """Says a batch for each second that it hears, closes if it is to, and says nothing after."""

    async def play(connection: ServerConnection) -> None:
        for frames in batches:
            heard = 0
            while heard < 32_000:
                heard += len(await connection.recv())
            for frame in frames:
                await connection.send(frame)
        if code is not None:
            await connection.close(code)
        async for _ in connection:
            pass

    async with serve(play, "127.0.0.1", 0, close_timeout=0.1) as running:
        yield f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}"


START, RESUME = wire.encode(wire.Start("r")), wire.encode(wire.Resume("r"))


def update(text: str) -> str:
    return wire.encode(wire.Update("r", text))


async def test_where_nothing_is_added_what_was_told_is_all() -> None:
    said = [START, update("Yes"), update("Yes, please.")]
    async with vendor(said) as url, listening(turns(url, settled_after_s=0.1)) as ear:
        ear.recognition.feed(silence(1.0))
        ear.recognition.finalise(1.0)
        await ear.until("final")
    assert ear.final == "Yes, please."
    assert ear.hints == []


async def test_what_was_forgotten_is_cut_off_the_turn_that_goes_on() -> None:
    said, more = " Ever tried.", " Ever tried. Ever failed."
    first = [START, update(said), wire.encode(wire.EagerEnd("r", said))]
    second = [RESUME, update(more), wire.encode(wire.EagerEnd("r", more))]
    async with vendor(first, second) as url, listening(turns(url)) as ear:
        ear.recognition.feed(silence(1.0))
        await ear.until("eager")
        ear.recognition.forget(1.0)
        ear.recognition.feed(silence(1.0))
        async with asyncio.timeout(3):
            while ear.hints != ["eager", "resumed", "eager"]:
                ear._changed.clear()
                await ear._changed.wait()
    newest = {told.segment: told.text for told in ear.texts}
    assert newest == {0: "Ever tried.", 1: "Ever failed."}


async def test_a_turn_without_a_word_is_told_as_an_end_only() -> None:
    said = [START, wire.encode(wire.End("r", ""))]
    async with vendor(said) as url, listening(turns(url)) as ear:
        ear.recognition.feed(silence(1.0))
        await ear.until("ended")
    assert ear.texts == []


@pytest.mark.parametrize(
    "frames, code, kind",
    [
        ([wire.encode(wire.Error(title="No", message=KEY, status_code=400))], None, Rejected),
        ([wire.encode(wire.Error(title="No", message="x", status_code=500))], None, Unavailable),
        (["{"], None, Unavailable),
        (['{"type":"news"}'], 1000, Unavailable),
        ([], 1011, Unavailable),
    ],
    ids=["their error", "their trouble", "garbage", "closed in peace", "closed in trouble"],
)
async def test_what_it_says_may_end_it(
    frames: list[str], code: int | None, kind: type[ProviderError]
) -> None:
    async with vendor(frames, code=code) as url:
        error = await failure(turns(url), silence(1.0))
    assert type(error) is kind
    assert KEY not in str(error)


async def test_one_that_does_not_even_finish_has_stalled() -> None:
    async with vendor([]) as url:
        ear = Ear(turns(url, finalise_within_s=0.1))
        ear.recognition.feed(silence(1.0))
        ear.recognition.voice(SpeechStarted(at_s=0.2))
        ear.recognition.voice(SpeechStopped(at_s=0.8))
        ear.recognition.finalise(1.0)
        with pytest.raises(TimedOut, match="no end within"):
            async with asyncio.timeout(3):
                await ear.recognition.run()


# --- the codec ---------------------------------------------------------------------------------

SERVER = st.one_of(
    st.builds(wire.Connected, texts),
    st.builds(wire.Start, texts),
    st.builds(wire.Update, texts, texts),
    st.builds(wire.EagerEnd, texts, texts),
    st.builds(wire.Resume, texts),
    st.builds(wire.End, texts, texts),
    st.builds(wire.Error, title=texts, message=texts, status_code=st.integers(400, 599)),
)
CLIENT = st.one_of(
    st.builds(wire.Close),
    st.builds(wire.Config, st.none() | st.builds(wire.Turn, numbers, numbers, numbers, numbers)),
)


@given(SERVER)
def test_what_the_server_says_comes_back(message: wire.ServerMessage) -> None:
    assert wire.decode_server(wire.encode(message)) == message


@given(CLIENT)
def test_what_a_client_says_comes_back(message: wire.ClientMessage) -> None:
    assert wire.decode_client(wire.encode(message)) == message


@pytest.mark.parametrize("decode", [wire.decode_server, wire.decode_client])
@given(garbage=st.text())
def test_garbage_has_one_way_to_fail(decode: Callable[[str], object], garbage: str) -> None:
    with suppress(RemoteProtocolError):
        assert isinstance(decode(garbage), Unknown)


def test_news_is_no_error() -> None:
    assert wire.decode_server('{"type":"turn.sideways"}') == Unknown("turn.sideways")
    assert wire.decode_client('{"type":"turn"}') == Unknown("turn")
