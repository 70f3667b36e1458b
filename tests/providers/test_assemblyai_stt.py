"""AssemblyAI against the sandbox: what is sent, what its answers become, what goes wrong."""

import asyncio
import json
import logging
from collections.abc import Iterator
from urllib.parse import parse_qs

import numpy as np
import pytest
from tests.providers.stage import KEY, SAYS, account, failure, listening, silence, sound
from tests.providers.vanishing import heard_across_a_loss, soon

from antiphon.audio import g711
from antiphon.errors import AtCapacity, ProviderError, Rejected, TimedOut, Unavailable
from antiphon.events import EndpointHinted
from antiphon.ports.stt import Hearing
from antiphon.providers.assemblyai.opening import universal_url
from antiphon.providers.assemblyai.settings import UNIVERSAL, UniversalSettings
from antiphon.providers.assemblyai.stt import UniversalRecogniser
from antiphon.sandbox.assemblyai import session
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox

SPEECH = silence(0.2) + sound(1.2) + silence(0.25)
PLAIN = ["ever tried ever failed", "no matter try again"]
CLOSES = [
    (1008, Rejected),
    (1013, AtCapacity),
    (3005, Unavailable),
    (3006, Rejected),
    (3007, Rejected),
    (3008, Unavailable),
    (3009, AtCapacity),
    (4999, Unavailable),
]


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, says=SAYS) as running:
        yield running


def universal(sandbox: Sandbox, **other: object) -> UniversalRecogniser:
    whose = account(sandbox, **({"api_key": other.pop("key")} if "key" in other else {}))
    return UniversalRecogniser(UniversalSettings.model_validate({"account": whose, **other}))


def sent(sandbox: Sandbox) -> list[str]:
    return [json.loads(text)["type"] for text in sandbox.requests[-1].texts("client")]


# --- what is sent ------------------------------------------------------------------------------


async def test_the_key_the_model_and_the_wishes_are_in_the_opening(sandbox: Sandbox) -> None:
    engine = universal(sandbox, min_turn_silence_ms=600, max_turn_silence_ms=2000)
    async with listening(engine, keyterms=("Beckett", 'ever & "ever"')) as ear:
        ear.recognition.feed(SPEECH)
        ear.recognition.finalise(1.4)
        await ear.until("final")
    request = sandbox.requests[0]
    query = dict(request.query)
    assert request.authorised
    assert request.headers["assemblyai-version"] == "2025-05-12"
    assert query["speech_model"] == "universal-streaming-english"
    assert (query["encoding"], query["sample_rate"]) == ("pcm_s16le", "16000")
    assert json.loads(query["keyterms_prompt"]) == ["Beckett", 'ever & "ever"']
    assert (query["min_turn_silence"], query["max_turn_silence"]) == ("600", "2000")
    assert query["inactivity_timeout"] == "60"
    assert "language_codes" not in query
    assert ear.final == PLAIN[0]
    words = ear.texts[-1].words
    assert 0.1 < words[0].start_s < words[-1].end_s < 1.6


def test_keyterms_the_vendor_would_not_take_are_left_out(sandbox: Sandbox) -> None:
    terms = ("x" * 51, "\ud800", *(f"term {number}" for number in range(150)))
    settings = UniversalSettings(account=account(sandbox))
    url = universal_url(settings, Hearing(keyterms=terms))
    [asked] = parse_qs(url.partition("?")[2])["keyterms_prompt"]
    assert json.loads(asked)[:2] == ["?", "term 0"]
    assert len(json.loads(asked)) == 100


@pytest.mark.parametrize(
    "language, given, model",
    [
        ("en-GB", None, "universal-streaming-english"),
        ("fr", None, "universal-streaming-multilingual"),
        ("fr-CA", "universal-3-6-pro", "universal-3-6-pro"),
    ],
)
async def test_the_model_goes_by_the_language(
    language: str, given: str | None, model: str, sandbox: Sandbox
) -> None:
    async with listening(universal(sandbox, speech_model=given), language=language) as ear:
        ear.recognition.feed(SPEECH)
        ear.recognition.finalise(1.4)
        await ear.until("final")
    query = dict(sandbox.requests[0].query)
    assert query["speech_model"] == model
    assert query.get("language_codes") == ('["fr"]' if given else None)


async def test_phone_audio_goes_out_as_it_came_in(sandbox: Sandbox) -> None:
    at = np.arange(8000) / 8000
    pcm = (6000 * np.sin(2 * np.pi * 300 * at)).astype("<i2").tobytes()
    line = g711.decode_mulaw(g711.encode_mulaw(pcm))
    engine = universal(sandbox)
    async with listening(engine, rate_hz=8000, encoding="mulaw") as ear:
        ear.recognition.feed(line)
        ear.recognition.finalise(1.0)
        await ear.until("final")
    assert dict(sandbox.requests[0].query)["encoding"] == "pcm_mulaw"
    assert sandbox.requests[0].audio("client") == g711.encode_mulaw(pcm)


async def test_a_law_is_transcoded_for_it_is_not_read(sandbox: Sandbox) -> None:
    async with listening(universal(sandbox), encoding="alaw") as ear:
        ear.recognition.feed(SPEECH)
        ear.recognition.finalise(1.4)
        await ear.until("final")
    assert dict(sandbox.requests[0].query)["encoding"] == "pcm_s16le"


async def test_no_frame_is_shorter_than_the_vendor_takes(sandbox: Sandbox) -> None:
    async with listening(universal(sandbox)) as ear:
        for at in range(0, len(SPEECH), 320):
            ear.recognition.feed(SPEECH[at : at + 320])
            if at == 320 * 61:
                ear.recognition.finalise(0.61)
        ear.recognition.finalise(1.4)
        await ear.until("final")
        await ear.until("final")
    frames = [frame.data for frame in sandbox.requests[0].frames if frame.by == "client"]
    lengths = {len(frame) for frame in frames if isinstance(frame, bytes)}
    assert lengths == {1600}


async def test_it_is_kept_alive_and_always_terminated(sandbox: Sandbox) -> None:
    async with listening(universal(sandbox, keep_alive_s=0.1)) as ear:
        ear.recognition.feed(silence(0.1))
        await asyncio.sleep(0.35)
    await soon(lambda: sent(sandbox)[-1] == "Terminate")
    assert sent(sandbox).count("KeepAlive") >= 2


async def test_nothing_is_asked_for_what_is_known(sandbox: Sandbox) -> None:
    async with listening(universal(sandbox)) as ear:
        ear.recognition.feed(SPEECH)
        for _ in range(3):
            ear.recognition.finalise(1.4)
            ear.recognition.finalise(1.4)
            await ear.until("final")
    assert sent(sandbox).count("ForceEndpoint") == 1


async def test_audio_far_ahead_of_time_is_left_out(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("antiphon.providers.assemblyai.universal.MOST_AHEAD_S", 1.0)
    async with listening(universal(sandbox)) as ear:
        ear.recognition.feed(SPEECH + silence(4.0))
        ear.recognition.finalise(5.0)
        await ear.until("final")
    assert len(sandbox.requests[0].audio("client")) < 2 * 16_000 * 1.3
    assert ear.final


# --- its own opinion of a turn's end -----------------------------------------------------------


async def test_its_end_of_turn_is_told(sandbox: Sandbox) -> None:
    async with listening(universal(sandbox)) as ear:
        ear.recognition.feed(SPEECH + silence(0.6))
        await ear.until("ended")
    assert ear.hints == ["ended"]
    hint = next(heard for heard in ear.told if isinstance(heard, EndpointHinted))
    assert 1.2 < hint.at_s < 1.6
    assert ear.final == PLAIN[0]


async def test_an_end_that_we_asked_for_is_no_opinion(sandbox: Sandbox) -> None:
    async with listening(universal(sandbox)) as ear:
        ear.recognition.feed(SPEECH)
        ear.recognition.finalise(1.4)
        await ear.until("final")
        ear.recognition.forget(1.4)
        ear.recognition.feed(silence(0.6) + sound(1.2) + silence(0.7))
        await ear.until("ended")
    assert ear.hints == ["ended"]
    assert [told.text for told in ear.texts if told.final] == PLAIN


async def test_formatted_turns_are_waited_for(sandbox: Sandbox) -> None:
    async with listening(universal(sandbox, format_turns=True)) as ear:
        ear.recognition.feed(SPEECH)
        ear.recognition.finalise(1.4)
        await ear.until("final")
    assert ear.final == SAYS[0]
    assert [told.final for told in ear.texts].count(True) == 1


# --- what goes wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize("code, kind", CLOSES)
async def test_a_close_code_is_one_of_our_errors(
    code: int, kind: type[ProviderError], sandbox: Sandbox
) -> None:
    sandbox.rules.add(Fault(close=code, reason="because", after=1))
    error = await failure(universal(sandbox), SPEECH)
    assert type(error) is kind, error
    assert f"({code}): because" in str(error)


async def test_an_error_message_says_more_than_the_close(sandbox: Sandbox) -> None:
    error = await failure(universal(sandbox, key="another-secret"), SPEECH)
    assert isinstance(error, Rejected)
    assert "Unauthorized Connection: Invalid credentials." in str(error)


async def test_a_wrong_key_or_model_is_found_at_the_start(sandbox: Sandbox) -> None:
    with pytest.raises(Rejected, match="Unauthorized Connection"):
        await universal(sandbox, key="another-secret").start()
    with pytest.raises(Rejected, match="speech_model must be"):
        await universal(sandbox, speech_model="nova-3").start()
    await universal(sandbox).start()
    assert sent(sandbox) == ["Terminate"]


async def test_a_vendor_that_is_away_does_not_keep_us_from_starting(sandbox: Sandbox) -> None:
    with Sandbox() as gone:
        engine = universal(gone)
    await engine.start()
    assert isinstance(await failure(engine, SPEECH), Unavailable)
    sandbox.rules.add(Fault(stall=True))
    engine = universal(sandbox)
    engine._peer.connect_within_s = 0.2
    assert isinstance(await failure(engine, SPEECH), TimedOut)


async def test_a_session_that_expires_may_be_opened_again(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "SESSION_S", 0.1)
    error = await failure(universal(sandbox), silence(0.5), finalise=False)
    assert error.retryable
    assert "Session Expired: Maximum session duration exceeded" in str(error)


async def test_a_vendor_with_words_that_gives_no_final_has_stalled(sandbox: Sandbox) -> None:
    sandbox.rules.add(Fault(stall=True, after=3))
    error = await failure(universal(sandbox, finalise_within_s=0.2), SPEECH)
    assert isinstance(error, TimedOut)
    assert "within 0.2 s" in str(error)


async def test_one_that_says_nothing_at_all_has_stalled_too(sandbox: Sandbox) -> None:
    sandbox.rules.add(Fault(stall=True, after=1))
    engine = universal(sandbox, finalise_within_s=0.1, sign_of_life_s=0.3)
    error = await failure(engine, SPEECH)
    assert isinstance(error, TimedOut)
    assert "within 0.3 s" in str(error)


@pytest.mark.parametrize("within_s", [0.1, 1.5])
async def test_silence_is_known_by_the_heartbeat(within_s: float, sandbox: Sandbox) -> None:
    async with listening(universal(sandbox, finalise_within_s=within_s)) as ear:
        ear.recognition.feed(silence(0.3))
        ear.recognition.finalise(0.3)
        await soon(lambda: ear.final is not None)
    assert ear.final == ""


async def test_the_key_is_nowhere_to_be_seen(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    engine = universal(sandbox)
    sandbox.rules.add(Fault(refuse=403, reason=f"{KEY} may not"))
    sandbox.rules.add(Fault(close=3005, reason=f"bad {KEY}", after=1))
    errors = [await failure(engine, SPEECH) for _ in range(2)]
    seen = [*map(str, errors), *map(repr, errors), caplog.text, repr(engine.__dict__)]
    seen.append(repr(sandbox.requests))
    assert not [text for text in seen if KEY in text]
    assert all("***" in str(error) for error in errors)


# --- a call goes on ----------------------------------------------------------------------------


async def test_a_call_loses_and_doubles_no_word_when_its_vendor_vanishes(sandbox: Sandbox) -> None:
    assert await heard_across_a_loss(universal(sandbox), sandbox.vanish) == (PLAIN[0], 1)
    assert len(sandbox.requests) == 2


def test_capabilities_are_data() -> None:
    assert (UNIVERSAL.end_of_turn, UNIVERSAL.keep_alive) == ("ended", "message")
    assert UNIVERSAL.native_mulaw
