"""Scribe against the sandbox, and against vendors that do as they like."""

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.providers.elevenlabs_stage import Texts, vendor
from tests.providers.stage import (
    KEY,
    SAYS,
    Ear,
    account,
    failure,
    listening,
    silence,
    sound,
    speech,
)
from websockets.asyncio.server import ServerConnection

from antiphon.errors import AtCapacity, ProviderError, Rejected, TimedOut, Unavailable
from antiphon.net.account import Account
from antiphon.providers.elevenlabs.settings import SCRIBE, ScribeSettings
from antiphon.providers.elevenlabs.stt import ScribeRecogniser
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox

SPEECH = speech(SAYS[0], 1.3)


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, says=SAYS) as running:
        yield running


def recogniser(where: Sandbox | Account, **other: object) -> ScribeRecogniser:
    whose = where if isinstance(where, Account) else account(where)
    return ScribeRecogniser(ScribeSettings.model_validate({"account": whose, **other}))


def said(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [json.loads(text) for text in sandbox.requests[-1].texts("client")]


def heard_s(messages: list[dict[str, Any]]) -> float:
    return sum(len(base64.b64decode(m["audio_base_64"])) for m in messages) / 32_000


async def until(ear: Ear, done: Callable[[], bool]) -> None:
    async with asyncio.timeout(3):
        while not done():
            ear._changed.clear()
            await ear._changed.wait()


def finals(ear: Ear) -> int:
    return len([told for told in ear.texts if told.final])


async def test_what_is_asked_for_is_in_the_opening(sandbox: Sandbox) -> None:
    engine = recogniser(sandbox)
    terms = ("Beckett", "a term much longer than twenty letters", "Godot")
    async with listening(engine, language="ru-RU", keyterms=terms) as ear:
        ear.recognition.feed(SPEECH.pcm)
        ear.recognition.finalise(SPEECH.ends_s)
        await ear.until("final")
    assert sandbox.requests[-1].query == [
        ("model_id", "scribe_v2_realtime"),
        ("audio_format", "pcm_16000"),
        ("commit_strategy", "manual"),
        ("include_timestamps", "true"),
        ("language_code", "ru"),
        ("enable_logging", "true"),
        ("keyterms", "Beckett"),
        ("keyterms", "Godot"),
    ]
    assert {message["sample_rate"] for message in said(sandbox)} == {16_000}


async def test_a_telephone_is_heard_as_it_is(sandbox: Sandbox) -> None:
    engine = recogniser(sandbox, language="auto")
    async with listening(engine, rate_hz=8000, encoding="mulaw") as ear:
        ear.recognition.feed(SPEECH.pcm[::1])
        ear.recognition.finalise(10.0)
        await ear.until("final")
    query = dict(sandbox.requests[-1].query)
    assert (query["audio_format"], query.get("language_code")) == ("ulaw_8000", None)
    sent = sum(len(base64.b64decode(message["audio_base_64"])) for message in said(sandbox))
    assert sent == len(SPEECH.pcm) // 2
    assert SCRIBE.native_mulaw
    assert 8000 in ScribeRecogniser.rates_hz


async def test_a_final_has_word_times_and_is_told_once(sandbox: Sandbox) -> None:
    async with listening(recogniser(sandbox)) as ear:
        ear.recognition.feed(SPEECH.pcm)
        ear.recognition.finalise(SPEECH.ends_s)
        await ear.until("final")
        await asyncio.sleep(0.1)
    finals = [told for told in ear.texts if told.final]
    assert [told.text for told in finals] == [SAYS[0]]
    assert [word.text for word in finals[0].words] == SAYS[0].split()
    assert finals[0].words[-1].end_s <= SPEECH.ends_s + 0.3
    assert finals[0].words[0].confidence == pytest.approx(0.99, abs=0.01)


async def test_a_commit_never_has_too_little_audio(sandbox: Sandbox) -> None:
    async with listening(recogniser(sandbox)) as ear:
        ear.recognition.feed(sound(0.1))
        ear.recognition.finalise(0.1)
        await until(ear, lambda: finals(ear) == 1)
        ear.recognition.feed(SPEECH.pcm)
        ear.recognition.finalise(0.1 + SPEECH.ends_s)
        await until(ear, lambda: finals(ear) == 2)
    messages = said(sandbox)
    first = [message["commit"] for message in messages].index(True)
    assert heard_s(messages[:first]) == pytest.approx(0.3, abs=0.002)
    last = [told for told in ear.texts if told.final][-1]
    assert last.end_s <= 0.1 + len(SPEECH.pcm) / 32_000 + 0.001


async def test_nothing_new_is_not_committed_again(sandbox: Sandbox) -> None:
    async with listening(recogniser(sandbox)) as ear:
        ear.recognition.finalise(0.0)
        assert ear.final == ""
        ear.recognition.feed(SPEECH.pcm)
        for _ in range(3):
            ear.recognition.finalise(SPEECH.ends_s)
        await ear.until("final")
        await asyncio.sleep(0.1)
        ear.recognition.finalise(SPEECH.ends_s)
    assert [message["commit"] for message in said(sandbox)].count(True) == 1
    assert ear.final == SAYS[0]


async def test_silence_on_the_line_keeps_the_connection(sandbox: Sandbox) -> None:
    async with listening(recogniser(sandbox, keep_alive_s=0.05)):
        await asyncio.sleep(0.25)
    empty = {
        "message_type": "input_audio_chunk",
        "audio_base_64": "",
        "commit": False,
        "sample_rate": 16_000,
        "previous_text": None,
    }
    assert said(sandbox).count(empty) >= 2


FAULTS = [
    (Fault(refuse=401), Rejected),
    (Fault(refuse=429, retry_after_s=3), AtCapacity),
    (Fault(refuse=503), Unavailable),
    (Fault(close=1011, after=2), Unavailable),
    (Fault(vanish=True, after=2), Unavailable),
    (Fault(stall=True, after=2), TimedOut),
    (Fault(half_open=True, after=2), TimedOut),
    (Fault(malformed=True, after=1), Unavailable),
]


@pytest.mark.parametrize("fault, kind", FAULTS, ids=str)
async def test_a_failure_is_one_of_ours(
    fault: Fault, kind: type[ProviderError], sandbox: Sandbox
) -> None:
    sandbox.rules.add(fault)
    error = await failure(recogniser(sandbox, finalise_within_s=0.4), SPEECH.pcm)
    assert type(error) is kind
    assert error.provider == "elevenlabs/scribe"
    assert KEY not in str(error)


async def test_a_wrong_key_is_found_at_the_start(sandbox: Sandbox) -> None:
    with pytest.raises(Rejected, match="HTTP 401"):
        await recogniser(account(sandbox, api_key="another-secret")).start()


# --- vendors that do as they like --------------------------------------------------------------


def partial(text: str) -> str:
    return json.dumps({"message_type": "partial_transcript", "text": text})


def committed(text: str) -> str:
    return json.dumps({"message_type": "committed_transcript", "text": text})


def timed(text: str) -> str:
    kind = "committed_transcript_with_timestamps"
    words = [
        {"text": word, "start": 0.1 * n, "end": 0.1 * n + 0.1, "type": "word", "logprob": None}
        for n, word in enumerate(text.split())
    ]
    return json.dumps({"message_type": kind, "text": text, "words": words})


async def told_by(*answers: str, pause_s: float = 0.0) -> Ear:
    """What an ear tells where a commit is answered so."""

    async def handle(socket: ServerConnection) -> None:
        await Texts(socket).until("commit")
        for answer in answers:
            await socket.send(answer)
            await asyncio.sleep(pause_s)
        await socket.wait_closed()

    async with vendor(handle) as whose:
        engine = recogniser(whose, timed_within_s=0.15, finalise_within_s=0.5)
        async with listening(engine) as ear:
            ear.recognition.feed(sound(1.0))
            ear.recognition.finalise(1.0)
            await ear.until("final")
            await asyncio.sleep(0.1 + pause_s * len(answers))
    return ear


async def test_the_second_telling_is_not_told() -> None:
    ear = await told_by(committed("One two."), timed("One two."))
    assert [(told.text, told.final) for told in ear.texts] == [
        ("One two.", False),
        ("One two.", True),
    ]
    assert len(ear.texts[-1].words) == 2


async def test_nor_where_it_comes_too_late() -> None:
    ear = await told_by(committed("One two."), timed("One two."), pause_s=0.3)
    assert [told.text for told in ear.texts if told.final] == ["One two."]
    assert not ear.texts[-1].words


async def test_a_partial_between_the_two_does_not_take_words_away() -> None:
    ear = await told_by(committed("One two."), partial("three"), timed("One two."))
    assert all(told.text.startswith("One two.") for told in ear.texts)


async def test_only_the_second_telling_will_do() -> None:
    ear = await told_by(timed("One two."))
    assert ear.final == "One two."


async def test_a_commit_that_was_refused_leaves_what_was_told() -> None:
    throttled = json.dumps({"message_type": "commit_throttled", "error": "not so fast"})
    ear = await told_by(partial("One two"), throttled)
    assert ear.final == "One two"


async def test_a_commit_of_the_vendors_own_is_no_answer() -> None:
    async def handle(socket: ServerConnection) -> None:
        await Texts(socket).next()
        await socket.send(committed("One two."))
        await socket.send(timed("One two."))
        await Texts(socket).until("commit")
        await socket.send(committed("Three."))
        await socket.send(timed("Three."))
        await socket.wait_closed()

    async with vendor(handle) as whose, listening(recogniser(whose)) as ear:
        ear.recognition.feed(sound(1.0))
        await until(ear, lambda: bool(ear.texts))
        ear.recognition.feed(silence(0.5))
        ear.recognition.finalise(1.5)
        await ear.until("final")
    assert ear.final == "One two. Three."


@pytest.mark.parametrize(
    "kind, expected",
    [
        ("auth_error", Rejected),
        ("invalid_request", Rejected),
        ("unaccepted_terms", Rejected),
        ("quota_exceeded", AtCapacity),
        ("queue_overflow", AtCapacity),
        ("session_time_limit_exceeded", TimedOut),
        ("transcriber_error", Unavailable),
        ("error", Unavailable),
        ("commit_throttled", AtCapacity),
    ],
)
async def test_an_error_message_is_one_of_ours(kind: str, expected: type[ProviderError]) -> None:
    async def handle(socket: ServerConnection) -> None:
        await socket.send(json.dumps({"message_type": "warning", "warning": "so what"}))
        await socket.send(json.dumps({"message_type": kind, "error": "it is so"}))
        await socket.wait_closed()

    async with vendor(handle) as whose:
        error = await failure(recogniser(whose), sound(0.5), finalise=False)
    assert type(error) is expected
    assert "it is so" in str(error)


async def test_a_binary_frame_is_no_message() -> None:
    async def handle(socket: ServerConnection) -> None:
        await socket.send(b"\x00")
        await socket.wait_closed()

    async with vendor(handle) as whose:
        assert type(await failure(recogniser(whose), sound(0.5))) is Unavailable
