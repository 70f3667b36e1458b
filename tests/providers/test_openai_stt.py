"""OpenAI's recognisers: what they are sent, and what they make of whatever comes back."""

import asyncio
import base64
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.providers.openai_stage import events, service
from tests.providers.stage import KEY, SAYS, Ear, failure, listening, silence, sound
from websockets.asyncio.server import ServerConnection, serve

from antiphon.audio import g711
from antiphon.errors import AtCapacity, ProviderError, Rejected, TimedOut, Unavailable
from antiphon.events import SpeechStarted, SpeechStopped, TranscriptChanged
from antiphon.net.account import Account
from antiphon.providers.openai.account import trouble
from antiphon.providers.openai.settings_speech import RealtimeSettings, TranscribeSettings
from antiphon.providers.openai.stt import RealtimeRecogniser, TranscribeRecogniser
from antiphon.providers.openai.stt_items import Items
from antiphon.providers.openai.wire import realtime as wire
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing.conformance import pause


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, says=SAYS) as running:
        yield running


def account(sandbox: Sandbox, key: str = KEY) -> Account:
    return Account.model_validate({"api_key": key, "base_url": f"{sandbox.http_url}/v1"})


def realtime(where: Sandbox | Account, key: str = KEY, **other: object) -> RealtimeRecogniser:
    whose = account(where, key) if isinstance(where, Sandbox) else where
    return RealtimeRecogniser(RealtimeSettings.model_validate({"account": whose, **other}))


def transcribe(sandbox: Sandbox, key: str = KEY, **other: object) -> TranscribeRecogniser:
    whose = account(sandbox, key)
    return TranscribeRecogniser(TranscribeSettings.model_validate({"account": whose, **other}))


def sent(sandbox: Sandbox) -> list[dict[str, Any]]:
    """All messages of the newest connection."""
    return [json.loads(text) for text in sandbox.requests[-1].texts("client")]


def kinds(sandbox: Sandbox) -> list[str]:
    """Their kinds, appends left out."""
    found = [message["type"] for message in sent(sandbox)]
    return [kind for kind in found if kind != "input_audio_buffer.append"]


def told(sandbox: Sandbox) -> list[str]:
    """What the vendor has said on the newest connection."""
    return sandbox.requests[-1].texts("vendor") if sandbox.requests else []


def appended(sandbox: Sandbox) -> bytes:
    return b"".join(base64.b64decode(m["audio"]) for m in sent(sandbox) if "audio" in m)


async def final(ear: Ear, within_s: float = 3.0) -> str:
    """Wait for one, be it empty."""
    await eventually(lambda: ear.final is not None, within_s)
    return ear.final or ""


async def eventually(true: Callable[[], bool], within_s: float = 3.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            await pause(0.005)


# --- realtime: what is sent ------------------------------------------------------------------


async def test_a_session_is_opened_as_the_settings_say(sandbox: Sandbox) -> None:
    engine = realtime(sandbox, noise_reduction="far_field", prompt="A hotel.")
    async with listening(engine, language="de-DE", keyterms=("Antiphon",)) as ear:
        ear.recognition.feed(sound(0.5))
        ear.recognition.finalise(0.5)
        await final(ear)
    request = sandbox.requests[0]
    assert (request.path, request.query) == ("/v1/realtime", [("intent", "transcription")])
    assert "openai-beta" not in request.headers
    assert sent(sandbox)[0]["session"] == {
        "type": "transcription",
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": {
                    "model": "gpt-live-transcribe",
                    "languages": ["de"],
                    "keywords": ["Antiphon"],
                    "prompt": "A hotel.",
                },
                "noise_reduction": {"type": "far_field"},
                "turn_detection": None,
            }
        },
    }


@pytest.mark.parametrize(
    "model, expected",
    [
        ("gpt-realtime-whisper", {"language": "en"}),
        ("gpt-4o-transcribe", {"language": "en", "prompt": "Estragon, Pozzo"}),
        ("gpt-transcribe", {"languages": ["en"], "keywords": ["Estragon", "Pozzo"]}),
    ],
)
async def test_each_model_is_helped_in_its_own_way(
    model: str, expected: dict[str, Any], sandbox: Sandbox
) -> None:
    engine = realtime(sandbox, model=model)
    async with listening(engine, keyterms=("Estragon", "Pozzo")) as ear:
        ear.recognition.feed(sound(1.0))
        ear.recognition.finalise(1.0)
        await final(ear)
    assert ear.final == "Ever tried, ever failed."[: len(ear.final or "")]
    update = sent(sandbox)[0]["session"]["audio"]["input"]["transcription"]
    assert update == {"model": model, **expected}


async def test_a_telephones_bytes_are_sent_as_they_came(sandbox: Sandbox) -> None:
    line = g711.encode_mulaw(sound(1.0)[::1])[:8000]
    async with listening(realtime(sandbox), rate_hz=8000, encoding="mulaw") as ear:
        ear.recognition.feed(g711.decode_mulaw(line))
        ear.recognition.finalise(1.0)
        await final(ear)
    assert sent(sandbox)[0]["session"]["audio"]["input"]["format"] == {"type": "audio/pcmu"}
    assert appended(sandbox) == line


async def test_other_audio_comes_at_the_vendors_rate(sandbox: Sandbox) -> None:
    async with listening(realtime(sandbox), encoding="mulaw") as ear:  # 16 kHz: no telephone's
        ear.recognition.feed(sound(1.0))
        ear.recognition.finalise(1.0)
        await final(ear)
    assert abs(len(appended(sandbox)) - 2 * 24_000) <= 4


async def test_silence_is_not_read_where_we_know_it_is_silence(sandbox: Sandbox) -> None:
    async with listening(realtime(sandbox)) as ear:
        ear.recognition.feed(silence(0.25))
        ear.recognition.voice(SpeechStarted(at_s=0.25))
        ear.recognition.feed(sound(1.0))
        ear.recognition.voice(SpeechStopped(at_s=1.25))
        ear.recognition.feed(silence(0.2))
        ear.recognition.finalise(1.25)
        await final(ear)
        before = len(ear.texts)
        ear.recognition.feed(silence(0.5))
        ear.recognition.finalise(1.95)
        assert len(ear.texts) == before + 1
        assert ear.texts[-1].text == ear.texts[-2].text
    assert kinds(sandbox).count("input_audio_buffer.commit") == 1


async def test_no_word_is_torn_in_two(sandbox: Sandbox) -> None:
    async with listening(realtime(sandbox)) as ear:
        ear.recognition.voice(SpeechStarted(at_s=0.0))
        ear.recognition.feed(sound(0.75))
        await eventually(lambda: bool(ear.texts) and ear.texts[-1].text == "Ever tried,")
        for at_s in (0.4, 0.5, 0.75):  # somebody decides whether this is an interruption
            ear.recognition.finalise(at_s)
        assert ear.final is None, "nothing is final in the middle of a word"
        ear.recognition.feed(sound(0.3) + silence(0.2))
        ear.recognition.voice(SpeechStopped(at_s=1.05))
        ear.recognition.finalise(1.05)
        await eventually(lambda: ear.final == SAYS[0])
    assert kinds(sandbox).count("input_audio_buffer.commit") == 1
    assert {text.segment for text in ear.texts} == {0}


async def test_a_moment_is_filled_up_until_it_can_be_committed(sandbox: Sandbox) -> None:
    async with listening(realtime(sandbox)) as ear:
        ear.recognition.voice(SpeechStarted(at_s=0.0))
        ear.recognition.feed(sound(0.06))
        ear.recognition.voice(SpeechStopped(at_s=0.06))
        ear.recognition.finalise(0.06)
        assert ear.final == ""  # no text of it was told, so nobody is asked
        items = ear.recognition._items  # type: ignore[attr-defined]
        items.heard("item_x", "Hm")
        ear.recognition.finalise(0.06)
        await eventually(lambda: any("completed" in text for text in told(sandbox)))
    vendor = [json.loads(text)["type"] for text in told(sandbox)]
    assert "input_audio_buffer.committed" in vendor
    assert "error" not in vendor


async def test_long_speech_is_committed_at_a_pause_and_without_one(sandbox: Sandbox) -> None:
    engine = realtime(sandbox)
    async with listening(engine) as ear:
        ear.recognition.voice(SpeechStarted(at_s=0.0))
        ear.recognition.feed(sound(21.0))
        ear.recognition.voice(SpeechStopped(at_s=20.9))
        ear.recognition.voice(SpeechStarted(at_s=20.95))
        for _ in range(62):
            ear.recognition.feed(sound(1.0))
            await asyncio.sleep(0)
        ear.recognition.voice(SpeechStopped(at_s=82.9))
        ear.recognition.finalise(82.9)
        await eventually(lambda: kinds(sandbox).count("input_audio_buffer.commit") == 3, 10)


# --- realtime: what goes wrong ---------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [{"model": "gpt-9"}, {"key": "other"}, {"model": "gpt-realtime-whisper", "prompt": "x"}],
)
async def test_start_learns_of_what_is_refused(wrong: dict[str, Any], sandbox: Sandbox) -> None:
    with pytest.raises(Rejected) as refused:
        await realtime(sandbox, **wrong).start()
    assert "secret" not in str(refused.value)


async def test_a_key_may_be_refused_after_the_door_was_opened(sandbox: Sandbox) -> None:
    reason = "invalid_request_error.invalid_api_key"
    sandbox.rules.add(Fault(close=3000, reason=reason), times=None)
    assert isinstance(await failure(realtime(sandbox), sound(0.5)), Rejected)
    with pytest.raises(Rejected, match="invalid_api_key"):
        await realtime(sandbox).start()


async def test_start_is_told_why_by_an_event() -> None:
    error = wire.encode(wire.Error(wire.Problem("no", "invalid_request_error", "x")))

    async def say_no(connection: ServerConnection) -> None:
        for frame in ('{"type":"session.created","session":{}}', error):
            await connection.send(frame)
        await connection.wait_closed()

    async with serve(say_no, "127.0.0.1", 0, close_timeout=0.1) as running:
        port = running.sockets[0].getsockname()[1]
        whose = Account.model_validate({"api_key": "k", "base_url": f"http://127.0.0.1:{port}"})
        with pytest.raises(Rejected, match="x: no"):
            await realtime(whose).start()


async def test_a_session_that_is_over_may_be_opened_again(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("antiphon.sandbox.openai.realtime.SESSION_S", 0.2)
    error = await failure(realtime(sandbox), silence(0.1), finalise=False)
    assert isinstance(error, Unavailable)
    assert "60 minutes" in str(error)
    assert sandbox.requests[-1].ended == "vendor 1001"


async def test_a_vendor_that_is_away_does_not_keep_us_from_starting(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.rules.add(Fault(refuse=503), times=2)
    with caplog.at_level(logging.WARNING):
        await realtime(sandbox).start()
        engine = transcribe(sandbox)
        await engine.start()
        await engine.aclose()
    assert caplog.text.count("will be tried again") == 2


@asynccontextmanager
async def vendor(frames: Sequence[str | bytes]) -> AsyncIterator[Account]:
    """Says all this at the first commit, and nothing after."""

    async def play(connection: ServerConnection) -> None:
        async for frame in connection:
            if "commit" in str(frame):
                for each in frames:
                    await connection.send(each)

    async with serve(play, "127.0.0.1", 0, close_timeout=0.1) as running:
        port = running.sockets[0].getsockname()[1]
        yield Account.model_validate({"api_key": "k", "base_url": f"http://127.0.0.1:{port}"})


COMMITTED = wire.encode(wire.AudioCommitted("i1"))
SERVER_ERROR = wire.Problem("boom", "server_error")


def failed(code: str) -> str:
    problem = wire.Problem("no", "transcription_error", code)
    return wire.encode(wire.TranscriptionFailed("i1", problem, 0))


@pytest.mark.parametrize(
    "frames, kind",
    [
        ([], TimedOut),
        ([COMMITTED, COMMITTED], Unavailable),
        ([COMMITTED, failed("model_overloaded")], Unavailable),
        ([wire.encode(wire.Error(SERVER_ERROR))], Unavailable),
        ([b"sound"], Unavailable),
        (["{"], Unavailable),
    ],
    ids=["silence", "one too many", "a piece fails", "an error", "sound", "garbage"],
)
async def test_what_cannot_go_on_ends(frames: list[str | bytes], kind: type[Exception]) -> None:
    async with vendor(frames) as whose:
        error = await failure(realtime(whose, finalise_within_s=0.3), sound(0.5))
    assert type(error) is kind


@pytest.mark.parametrize(
    "frames",
    [
        [COMMITTED, failed("audio_unintelligible")],
        [wire.encode(wire.Error(wire.Problem("short", code="input_audio_buffer_commit_empty")))],
        [
            wire.encode(wire.RateLimitsUpdated((wire.RateLimit("requests", 9, 8, 1.0),))),
            '{"type":"something.new"}',
            COMMITTED,
            wire.encode(wire.TranscriptionCompleted("i1", " ", 0)),
        ],
    ],
    ids=["unintelligible", "too short", "nothing"],
)
async def test_what_has_no_words_is_an_empty_final(frames: list[str]) -> None:
    async with vendor(frames) as whose, listening(realtime(whose)) as ear:
        ear.recognition.feed(sound(0.5))
        ear.recognition.finalise(0.5)
        await final(ear)
    assert ear.final == ""


@pytest.mark.parametrize(
    "problem, kind",
    [
        (wire.Problem("x", "invalid_request_error", "invalid_value"), Rejected),
        (wire.Problem("x", "invalid_request_error", "session_expired"), Unavailable),
        (wire.Problem("x", "tokens", "rate_limit_exceeded"), AtCapacity),
        (wire.Problem("x", "insufficient_quota"), AtCapacity),
        (wire.Problem(), Unavailable),
    ],
)
def test_an_errors_kind_says_whether_to_try_again(
    problem: wire.Problem, kind: type[ProviderError]
) -> None:
    assert type(trouble(problem, provider="p")) is kind


# --- realtime: items -------------------------------------------------------------------------


class Told:
    def __init__(self) -> None:
        self.texts: list[str] = []
        self.items = Items(1000, self._tell)

    def _tell(self, heard: Any) -> None:
        assert isinstance(heard, TranscriptChanged)
        self.texts.append(heard.text)


def test_pieces_are_told_in_order_whatever_order_they_are_read_in() -> None:
    heard = Told()
    items = heard.items
    for at in (1000, 2000):
        items.commit(at)
    assert items.acknowledged("a")
    assert items.acknowledged("b")
    items.read("b", "two")
    items.tell(2000)
    assert heard.texts == ["two"]
    assert items.pending
    items.read("a", "one")
    items.tell(2500)
    assert heard.texts[-1] == "one two"
    assert not items.pending


def test_text_of_a_name_not_heard_before_is_of_the_oldest_without() -> None:
    heard = Told()
    items = heard.items
    items.commit(1000)
    items.heard("a", "one")
    assert items.acknowledged("a")
    items.heard("b", "tw")
    items.tell(1500)
    assert heard.texts == ["one tw"]
    assert items.undecided
    items.heard("b", "o")
    items.read("c", "of nobody's")
    items.read("a", "One.")
    items.heard("a", "too late")
    items.tell(1500)
    assert heard.texts[-1] == "One. two"
    assert not items.acknowledged("d")


def test_a_piece_that_was_too_short_is_part_of_the_next() -> None:
    items = Told().items
    items.refused()  # nothing was committed
    items.voice(SpeechStarted(at_s=0.5))
    items.commit(600)
    items.refused()
    assert items.buffer_from == 0
    assert not items.pending
    assert items.spoken


def test_a_voice_that_ended_before_the_cut_is_not_in_the_next_piece() -> None:
    items = Told().items
    items.voice(SpeechStarted(at_s=0.2))
    items.commit(1000)
    assert items.spoken
    items.voice(SpeechStopped(at_s=0.95))  # told late, as all edges are
    assert not items.spoken


# --- recordings ------------------------------------------------------------------------------


async def _heard(engine: TranscribeRecogniser, **hearing: object) -> Ear:
    async with listening(engine, **hearing) as ear:
        ear.recognition.feed(silence(0.25))
        ear.recognition.voice(SpeechStarted(at_s=0.25))
        ear.recognition.feed(sound(1.0))
        ear.recognition.voice(SpeechStopped(at_s=1.25))
        ear.recognition.feed(silence(0.25))
        ear.recognition.finalise(1.25)
        await final(ear)
    await engine.aclose()
    return ear


def form(sandbox: Sandbox) -> dict[str, list[str]]:
    """The newest request's fields; of files, their names."""
    body = sandbox.requests[-1].frames[0].data
    assert isinstance(body, bytes)
    found: dict[str, list[str]] = {}
    pattern = rb'name="([^"]+)"(?:; filename="([^"]+)")?[^\r]*(?:\r\n[^\r]+)*\r\n\r\n([^\r]*)'
    for name, file, value in re.findall(pattern, body):
        found.setdefault(name.decode(), []).append((file or value).decode())
    return found


async def test_a_recording_is_sent_with_what_helps(sandbox: Sandbox) -> None:
    ear = await _heard(transcribe(sandbox, prompt="Beckett."), keyterms=("Pozzo", "Estragon"))
    assert ear.final == SAYS[0]
    fields = form(sandbox)
    assert re.fullmatch(r"[0-9a-f]{8}-\d+\.wav", fields.pop("file")[0])
    assert fields == {
        "model": ["gpt-transcribe"],
        "languages[]": ["en"],
        "keywords[]": ["Pozzo", "Estragon"],
        "prompt": ["Beckett."],
        "response_format": ["json"],
        "stream": ["true"],
    }


async def test_the_oldest_model_answers_at_once(sandbox: Sandbox) -> None:
    ear = await _heard(transcribe(sandbox, model="whisper-1", language="de"), language="en")
    assert ear.final == SAYS[0]
    assert "stream" not in form(sandbox)
    assert form(sandbox)["language"] == ["de"]


async def test_what_is_too_short_to_be_a_word_is_not_sent(sandbox: Sandbox) -> None:
    engine = transcribe(sandbox)
    async with listening(engine) as ear:
        ear.recognition.feed(sound(0.05))
        ear.recognition.voice(SpeechStarted(at_s=0.0))
        ear.recognition.voice(SpeechStopped(at_s=0.05))
        ear.recognition.finalise(0.05)
        await final(ear)
    assert ear.final == ""
    assert not sandbox.requests
    await engine.aclose()


@pytest.mark.parametrize(
    "model, fault, kind",
    [
        ("gpt-transcribe", Fault(after=1, malformed=True), Unavailable),
        ("gpt-transcribe", Fault(after=2, vanish=True), Unavailable),
        ("gpt-transcribe", Fault(after=1, stall=True), TimedOut),
        ("whisper-1", Fault(malformed=True), Unavailable),
        ("whisper-1", Fault(refuse=400), Rejected),
    ],
)
async def test_a_reading_that_fails_ends_the_ear(
    model: str, fault: Fault, kind: type[Exception], sandbox: Sandbox
) -> None:
    engine = transcribe(sandbox, model=model, answer_within_s=0.4)
    sandbox.rules.add(fault, times=None)
    with pytest.raises(ExceptionGroup) as ended:
        await _heard(engine)
    assert type(ended.value.exceptions[0]) is kind
    await engine.aclose()


LAST_WORD = '{"type":"transcript.text.done","text":"Yes."}'


@pytest.mark.parametrize(
    "body",
    [
        events('{"type":"transcript.text.delta","delta":"Ye"}', '{"type":"error"}', LAST_WORD),
        events('{"type":"transcript.text.delta","delta":"Ye"}', "[DONE]", LAST_WORD),
        events('{"type":"transcript.text.segment"}'),
        events('{"text":"Yes."}'),
    ],
    ids=["an error", "done without", "no end", "garbage"],
)
async def test_half_a_reading_is_none(body: str) -> None:
    async with service(body) as whose:
        engine = TranscribeRecogniser(TranscribeSettings(account=whose))
        with pytest.raises(ExceptionGroup) as ended:
            await _heard(engine)
        assert isinstance(ended.value.exceptions[0], Unavailable)
        await engine.aclose()


@pytest.mark.parametrize("rest", ["", events("[DONE]"), "\0"])
async def test_what_follows_the_last_word_is_nobodys_concern(rest: str) -> None:
    async with service(events(LAST_WORD) + rest) as whose:
        ear = await _heard(TranscribeRecogniser(TranscribeSettings(account=whose)))
    assert ear.final == "Yes."


async def test_start_has_silence_read(sandbox: Sandbox) -> None:
    engine = transcribe(sandbox)
    await engine.start()
    assert form(sandbox)["file"] == ["start.wav"]
    await engine.aclose()
    wrong = transcribe(sandbox, key="other")
    with pytest.raises(Rejected):
        await wrong.start()
    await wrong.aclose()
