"""OpenAI's voice against the sandbox: what is asked for, and whatever goes wrong."""

import json
import logging
from typing import Any

import pytest
from tests.providers.openai_stage import events, service
from tests.providers.stage import CLAUSE, KEY, seconds

from antiphon.errors import ConfigError, Rejected, TimedOut, Unavailable
from antiphon.ports.tts import Speaking
from antiphon.providers.openai.settings_speech import SpeechSettings
from antiphon.providers.openai.tts import SpeechSynthesiser
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing.conformance_tts import speak


def voice(sandbox: Sandbox, key: str = KEY, **other: object) -> SpeechSynthesiser:
    account = {"api_key": key, "base_url": f"{sandbox.http_url}/v1"}
    return SpeechSynthesiser(SpeechSettings.model_validate({"account": account, **other}))


def asked(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [json.loads(request.frames[0].data) for request in sandbox.requests]


async def test_each_clause_is_asked_for_as_the_settings_say(sandbox: Sandbox) -> None:
    engine = voice(sandbox, voice="coral", instructions="Warm and unhurried.")
    await speak(engine, CLAUSE, "Bye.", speed=9.0)
    same = {
        "model": "gpt-4o-mini-tts",
        "voice": "coral",
        "instructions": "Warm and unhurried.",
        "response_format": "pcm",
        "speed": 4.0,
        "stream_format": "sse",
    }
    assert asked(sandbox) == [{**same, "input": CLAUSE}, {**same, "input": "Bye."}]
    assert sandbox.requests[0].path == "/v1/audio/speech"
    await engine.aclose()


async def test_a_callers_voice_goes_first_and_custom_ones_have_ids(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    for name in ("ash", "voice_12ab"):
        utterance = engine.utter(Speaking(voice=name))
        utterance.say(CLAUSE)
        utterance.end()
        assert seconds([piece async for piece in utterance.audio()], engine) > 0.5
    assert [each["voice"] for each in asked(sandbox)] == ["ash", {"id": "voice_12ab"}]
    await engine.aclose()


@pytest.mark.parametrize(
    "own, asked_for",
    [
        ({}, "Speak in this style: calm."),
        ({"instructions": "Be warm."}, "Be warm. Speak in this style: calm."),
        ({"model": "tts-1"}, None),
    ],
)
async def test_a_style_is_an_instruction(
    sandbox: Sandbox, own: dict[str, Any], asked_for: str | None
) -> None:
    engine = voice(sandbox, **own)
    utterance = engine.utter(Speaking(style="calm"))
    utterance.say(CLAUSE)
    utterance.end()
    assert [piece async for piece in utterance.audio()]
    assert asked(sandbox)[0].get("instructions") == asked_for
    await engine.aclose()


async def test_the_first_generation_sends_bare_sound(sandbox: Sandbox) -> None:
    engine = voice(sandbox, model="tts-1-hd", voice="alloy")
    wrapped = voice(sandbox, voice="alloy")
    bare = await speak(engine, CLAUSE)
    assert seconds(bare, engine) == seconds(await speak(wrapped, CLAUSE), wrapped)
    assert "stream_format" not in asked(sandbox)[0]
    await engine.aclose()
    await wrapped.aclose()


@pytest.mark.parametrize("wrong", [{"instructions": "Warm."}, {"events": True}])
async def test_what_the_first_generation_cannot_do_is_told_at_once(
    wrong: dict[str, Any], sandbox: Sandbox
) -> None:
    with pytest.raises(ConfigError, match="tts-1"):
        voice(sandbox, model="tts-1", **wrong)


async def test_the_next_clause_is_under_way_while_the_first_is_spoken(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    utterance = engine.utter(Speaking())
    for _ in range(3):
        utterance.say(CLAUSE)
    utterance.end()
    stream = utterance.audio()
    await anext(stream)
    assert len(sandbox.requests) == 2
    assert [piece.clause async for piece in stream if piece.last] == [0, 1, 2]
    await engine.aclose()


async def test_connections_are_used_again(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    await engine.start()
    held = sandbox._servers[0].server_state.connections
    before = set(held)
    for _ in range(3):
        await speak(engine, CLAUSE)
    assert len(sandbox.requests) == 4
    assert set(held) == before
    await engine.aclose()


async def test_closing_the_audio_closes_the_requests(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    utterance = engine.utter(Speaking())
    for _ in range(9):
        utterance.say(CLAUSE * 10)
    stream: Any = utterance.audio()
    await anext(stream)
    await stream.aclose()
    await speak(engine, "Bye.")
    assert len(sandbox.requests) == 3  # two that were under way, and this
    assert "client" in {request.ended for request in sandbox.requests}
    await engine.aclose()


async def test_an_answer_without_its_end_is_not_taken_for_whole(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    sandbox.rules.add(Fault(after=1, vanish=True))
    with pytest.raises(Unavailable, match="openai/speech: broke off"):
        await speak(engine, CLAUSE)
    sandbox.rules.add(Fault(after=1, malformed=True))
    with pytest.raises(Unavailable, match="cannot be read"):
        await speak(engine, CLAUSE)
    await engine.aclose()


async def test_a_silent_vendor_is_given_up(sandbox: Sandbox) -> None:
    engine = voice(sandbox, audio_within_s=0.3)
    sandbox.rules.add(Fault(after=1, stall=True))
    with pytest.raises(TimedOut):
        await speak(engine, CLAUSE)
    await engine.aclose()


@pytest.mark.parametrize(
    "event",
    ['{"type":"error"}', '{"type":"speech.audio.progress"}', '{"type":"speech.audio.delta"}'],
    ids=["an error", "no end", "garbage"],
)
async def test_half_a_clause_is_a_failure(event: str) -> None:
    async with service(events('{"type":"speech.audio.delta","audio":"AAA="}', event)) as whose:
        engine = SpeechSynthesiser(SpeechSettings(account=whose))
        with pytest.raises(Unavailable):
            await speak(engine, CLAUSE)
        await engine.aclose()


@pytest.mark.parametrize("wrong", [{"voice": "nobody"}, {"model": "gpt-9-tts"}, {"key": "other"}])
async def test_start_learns_of_what_is_refused(wrong: dict[str, Any], sandbox: Sandbox) -> None:
    engine = voice(sandbox, **wrong)
    with pytest.raises(Rejected) as refused:
        await engine.start()
    assert "other" not in str(refused.value)
    await engine.aclose()


async def test_a_vendor_that_is_away_does_not_keep_us_from_starting(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    engine = voice(sandbox)
    sandbox.rules.add(Fault(refuse=503))
    with caplog.at_level(logging.WARNING):
        await engine.start()
    assert "will be tried again" in caplog.text
    await engine.aclose()


async def test_a_long_clause_stays_under_the_vendors_limit(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    utterance = engine.utter(Speaking())
    utterance.say("and on it went " * 400)
    stream: Any = utterance.audio()
    await anext(stream)
    assert all(len(each["input"]) <= 4096 for each in asked(sandbox))
    await stream.aclose()
    await engine.aclose()


def test_nothing_shows_the_key(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    assert KEY not in f"{engine._settings!r} {engine._http!r} {engine.fingerprint}"
