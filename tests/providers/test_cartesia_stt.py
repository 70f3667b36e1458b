"""Cartesia's recogniser against the sandbox, and its codec."""

import asyncio
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.providers.stage import KEY, SAYS, Ear, failure, listening, silence, sound

from antiphon.errors import ProviderError, Rejected, RemoteProtocolError, TimedOut, Unavailable
from antiphon.net.account import Account
from antiphon.net.frames import Unknown
from antiphon.providers.cartesia import stt_wire as wire
from antiphon.providers.cartesia.settings import InkSettings
from antiphon.providers.cartesia.stt import InkRecogniser
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox

SPEECH = silence(0.2) + sound(1.2) + silence(0.4)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
seconds = st.floats(0, 1e4)


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, says=SAYS) as running:
        yield running


def ink(sandbox: Sandbox, **other: object) -> InkRecogniser:
    whose = Account.model_validate({"api_key": KEY, "base_url": sandbox.http_url})
    return InkRecogniser(InkSettings.model_validate({"account": whose, **other}))


async def test_what_is_wanted_is_in_the_opening(sandbox: Sandbox) -> None:
    engine = ink(sandbox, language="en")
    async with listening(
        engine, rate_hz=8000, language="de", encoding="mulaw", keyterms=("antiphon", "Ann Lee")
    ) as ear:
        ear.recognition.feed(sound(0.5))
        ear.recognition.finalise(0.5)
        await ear.until("final")
    assert sandbox.requests[0].query == [
        ("model", "ink-2"),
        ("encoding", "pcm_mulaw"),
        ("sample_rate", "8000"),
        ("language", "en"),
        ("keyterm", "antiphon"),
        ("keyterm", "Ann Lee"),
    ]
    assert len(sandbox.requests[0].audio("client")) == len(sound(0.5)) // 2
    assert sandbox.requests[0].texts("client")[0] == "finalize"


async def test_it_is_asked_for_finals_and_tells_each_word_once(sandbox: Sandbox) -> None:
    async with listening(ink(sandbox)) as ear:
        for line in SAYS:
            ear.recognition.feed(SPEECH)
            fed_s = sum(len(frame) for frame in [SPEECH]) / 32_000 * (SAYS.index(line) + 1)
            ear.recognition.finalise(fed_s)
            async with asyncio.timeout(5):
                while ear.final != line:
                    ear._changed.clear()
                    await ear._changed.wait()
            ear.recognition.forget(fed_s)
    finals = [told for told in ear.texts if told.final]
    assert [told.text for told in finals] == SAYS
    assert finals[0].words[0].start_s == pytest.approx(0.2, abs=0.1)
    assert len({told.segment for told in finals}) == 2


async def test_nothing_said_is_told_at_once(sandbox: Sandbox) -> None:
    async with listening(ink(sandbox)) as ear:
        ear.recognition.finalise(0.0)
        assert ear.final == ""


async def test_long_speech_is_finalised_though_nobody_asks(sandbox: Sandbox) -> None:
    async with listening(ink(sandbox)) as ear:
        ear.recognition.feed(sound(25.0))
        ear.recognition.finalise(25.0)
        await ear.until("final", 10.0)
        ear.recognition.feed(sound(1.0))
    assert sandbox.requests[0].texts("client").count("finalize") == 1
    async with listening(ink(sandbox)) as ear:
        for _ in range(25):
            ear.recognition.feed(sound(1.0))
        await asyncio.sleep(0)
        ear.recognition.finalise(25.0)
        await ear.until("final", 10.0)
    assert sandbox.requests[1].texts("client").count("finalize") == 3


def told(sandbox: Sandbox, *frames: str) -> Ear:
    """What is made of messages, without a connection."""
    ear = Ear(ink(sandbox))
    ear.recognition.feed(silence(3.0))
    for frame in frames:
        message = ear.recognition._peer.message(frame, wire.decode_server)  # type: ignore[attr-defined]
        ear.recognition._hear(message)  # type: ignore[attr-defined]
    return ear


def transcript(text: str, *, final: bool) -> str:
    return wire.encode(wire.Transcript("r", text, final))


def test_pieces_are_joined_as_they_are(sandbox: Sandbox) -> None:
    ear = told(
        sandbox,
        transcript("Anti", final=True),
        transcript("phon sp", final=False),
        transcript("phon speaks.", final=True),
        transcript(" And", final=False),
    )
    assert [text.text for text in ear.texts] == [
        "Anti",
        "Antiphon sp",
        "Antiphon speaks.",
        "Antiphon speaks. And",
    ]


def test_words_may_come_one_by_one_or_in_lists(sandbox: Sandbox) -> None:
    one = wire.Word("Ever", 0.1, 0.4), wire.Word("tried.", 0.4, 0.9)
    several = (wire.Word(words=("Ever", "tried."), start=(0.1, 0.4), end=(0.4, 0.9)),)
    crossed = (wire.Word("Ever", (0.1,), 0.4),)
    for words in (one, several, (*crossed, *one)):
        said = wire.encode(wire.Transcript("r", "Ever tried.", is_final=True, words=words))
        (heard,) = told(sandbox, said).texts
        timed = [(word.text, word.start_s, word.end_s) for word in heard.words]
        assert timed == [("Ever", 0.1, 0.4), ("tried.", 0.4, 0.9)]


def test_what_is_not_asked_for_ends_nothing(sandbox: Sandbox) -> None:
    ear = told(
        sandbox,
        wire.encode(wire.FlushDone("r")),
        wire.encode(wire.Done("r")),
        transcript(" ", final=False),
    )
    assert ear.told == []


@pytest.mark.parametrize(
    "frame, kind",
    [
        (wire.encode(wire.Error(title="No", message=KEY, status_code=400)), Rejected),
        (wire.encode(wire.Error(title="No", message="x", status_code=500)), Unavailable),
        ("{", Unavailable),
        (b"\0", Unavailable),
    ],
)
def test_what_goes_wrong_is_one_of_ours(
    frame: str, kind: type[ProviderError], sandbox: Sandbox
) -> None:
    with pytest.raises(kind) as caught:
        told(sandbox, frame)
    assert KEY not in str(caught.value)


FAULTS = [
    (Fault(refuse=401), Rejected),
    (Fault(stall=True, after=1), TimedOut),
    (Fault(vanish=True, after=1), Unavailable),
]


@pytest.mark.parametrize("fault, kind", FAULTS, ids=str)
async def test_a_failure_ends_the_recognition(
    fault: Fault, kind: type[ProviderError], sandbox: Sandbox
) -> None:
    sandbox.rules.add(fault)
    error = await failure(ink(sandbox, finalise_within_s=0.3), SPEECH)
    assert type(error) is kind
    assert error.provider == "cartesia/ink-2"


# --- the codec ---------------------------------------------------------------------------------

servers = st.one_of(
    st.builds(
        wire.Transcript,
        texts,
        texts,
        st.booleans(),
        st.none() | seconds,
        st.none() | texts,
        st.none() | st.lists(st.builds(wire.Word, texts, seconds, seconds), max_size=2).map(tuple),
    ),
    st.builds(wire.FlushDone, texts),
    st.builds(wire.Done, texts),
    st.builds(wire.Error, title=texts, message=texts, status_code=st.integers(400, 599)),
)


@given(servers, st.data())
def test_what_goes_in_comes_out(message: wire.ServerMessage, data: st.DataObject) -> None:
    text = wire.encode(message)
    assert wire.decode_server(text) == message
    assert wire.decode_server(json.dumps({**json.loads(text), "newer": 1})) == message
    with pytest.raises(RemoteProtocolError):
        wire.decode_server(text[: data.draw(st.integers(0, len(text) - 1))])
    assert wire.decode_server('{"type":"cheer"}') == Unknown("cheer")
