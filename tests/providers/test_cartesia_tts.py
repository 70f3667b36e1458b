"""Cartesia's voice against the sandbox: contexts on one socket, and whatever goes wrong."""

import asyncio
import json
from contextlib import aclosing
from typing import Any

import pytest
from tests.providers.stage import (
    CLAUSE,
    KEY,
    SOCKET_FAULTS,
    account,
    failed_reply,
    seconds,
    shows_its_key_to_nobody,
)

from antiphon.errors import AtCapacity, ConfigError, ProviderError, Rejected, Unavailable
from antiphon.net.account import Account
from antiphon.net.offering import Order
from antiphon.ports.tts import Speaking
from antiphon.providers.cartesia import wire
from antiphon.providers.cartesia.offer import OFFERS
from antiphon.providers.cartesia.settings import SONIC, SonicSettings
from antiphon.providers.cartesia.tts import SonicSynthesiser
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing.conformance_tts import speak


def voice(sandbox: Sandbox, key: str = KEY, **other: object) -> SonicSynthesiser:
    whose = account(sandbox, api_key=key)
    return SonicSynthesiser(SonicSettings.model_validate({"account": whose, **other}))


def sent(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [json.loads(text) for each in sandbox.requests for text in each.texts("client")]


async def test_a_reply_is_one_context_and_a_clause_one_flush(sandbox: Sandbox) -> None:
    engine = voice(sandbox, volume=0.8, emotion="calm", model="sonic-3.5")
    utterance = engine.utter(Speaking(voice="somebody", speed=9.0, language="de-AT"))
    utterance.say("Guten Tag.")
    utterance.say("Was darf es sein?")
    utterance.end()
    assert [piece async for piece in utterance.audio()][-1].last
    asked = sent(sandbox)
    assert [(each["transcript"], each.get("flush", False)) for each in asked] == [
        ("Guten Tag. ", False),
        ("", True),
        ("Was darf es sein? ", False),
        ("", True),
        ("", False),
    ]
    assert [each.get("continue", False) for each in asked] == [True] * 4 + [False]
    assert len({each["context_id"] for each in asked}) == 1
    assert asked[0]["voice"] == {"id": "somebody"}
    assert asked[0]["language"] == "de"
    assert asked[0]["model_id"] == "sonic-3.5"
    assert asked[0]["max_buffer_delay_ms"] == 0
    assert asked[0]["generation_config"] == {"speed": 1.5, "volume": 0.8, "emotion": "calm"}
    assert sandbox.requests[0].headers["cartesia-version"] == wire.VERSION
    await engine.aclose()


@pytest.mark.parametrize(
    "style, emotion", [("sympathetic", "sympathetic"), ("newscast", "calm"), ("", "calm")]
)
async def test_a_style_the_vendor_knows_is_its_emotion(
    sandbox: Sandbox, style: str, emotion: str
) -> None:
    engine = voice(sandbox, emotion="calm")
    utterance = engine.utter(Speaking(style=style))
    utterance.say("Hello.")
    utterance.end()
    assert [piece async for piece in utterance.audio()][-1].last
    assert sent(sandbox)[0]["generation_config"] == {"emotion": emotion}
    await engine.aclose()


async def test_all_replies_share_one_socket_that_was_open_before(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    await engine.start()
    assert len(sandbox.requests) == 1
    spoken = await asyncio.gather(*(speak(engine, CLAUSE, CLAUSE) for _ in range(5)))
    assert len({round(seconds(pieces, engine), 2) for pieces in spoken}) == 1
    assert len(sandbox.requests) == 1
    assert len({each["context_id"] for each in sent(sandbox)}) == 5
    await engine.aclose()


async def test_a_context_is_cancelled_at_barge_in_and_the_socket_kept(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    utterance = engine.utter(Speaking())
    for _ in range(5):
        utterance.say(CLAUSE)
    stream = utterance.audio()
    async with aclosing(stream):  # type: ignore[type-var]
        await anext(stream)
    pieces = await speak(engine, CLAUSE)
    assert {piece.clause for piece in pieces} == {0}
    cancelled = [each["context_id"] for each in sent(sandbox) if each.get("cancel")]
    assert cancelled == [sent(sandbox)[0]["context_id"]]
    assert len(sandbox.requests) == 1
    await engine.aclose()


async def test_a_clause_after_a_pause_gets_a_context_of_its_own(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    utterance = engine.utter(Speaking())
    utterance.say(CLAUSE)
    stream = utterance.audio()
    async with aclosing(stream):  # type: ignore[type-var]
        while not (await anext(stream)).last:
            pass
        await asyncio.sleep(1.1)
        utterance.say(CLAUSE)
        utterance.end()
        rest = [piece async for piece in stream]
    assert rest[-1].last
    assert rest[-1].clause == 1
    assert len({each["context_id"] for each in sent(sandbox)}) == 2
    words = [word for piece in rest for word in piece.words]
    assert words[0].start < engine.rate_hz / 10
    await engine.aclose()


async def test_word_times_count_from_each_clause(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    pieces = await speak(engine, CLAUSE, "And on Sunday, too.")
    for clause in (0, 1):
        words = [word for piece in pieces if piece.clause == clause for word in piece.words]
        length = sum(len(piece.pcm) // 2 for piece in pieces if piece.clause == clause)
        assert words[0].start < engine.rate_hz / 10
        assert length - engine.rate_hz / 10 < words[-1].end <= length
    await engine.aclose()


@pytest.mark.parametrize("encoding", ["pcm_mulaw", "pcm_alaw"])
async def test_telephone_audio_is_asked_for_and_decoded(encoding: str, sandbox: Sandbox) -> None:
    engine = voice(sandbox, encoding=encoding, rate_hz=8000)
    pieces = await speak(engine, CLAUSE)
    assert 1.0 < seconds(pieces, engine) < 3.0
    assert sent(sandbox)[0]["output_format"]["encoding"] == encoding
    await engine.aclose()


@pytest.mark.parametrize("fault, kind", SOCKET_FAULTS, ids=str)
async def test_a_failure_is_one_of_ours_and_the_next_reply_is_whole(
    fault: Fault, kind: type[ProviderError], sandbox: Sandbox
) -> None:
    error = await failed_reply(voice(sandbox, audio_within_s=0.5), sandbox, fault)
    assert type(error) is kind
    assert error.provider == "cartesia/sonic-3"


async def test_what_the_vendor_refuses_of_one_reply_harms_no_other(sandbox: Sandbox) -> None:
    engine, other = voice(sandbox), voice(sandbox, model="whisper")
    other.shared = engine.shared
    results = await asyncio.gather(
        speak(engine, CLAUSE), speak(other, CLAUSE), return_exceptions=True
    )
    assert isinstance(results[0], list)
    assert isinstance(results[1], Rejected)
    assert "model_not_found" in str(results[1])
    assert len(sandbox.requests) == 1
    await engine.aclose()


@pytest.mark.parametrize(
    "error, kind",
    [
        (wire.Error(status_code=429, error_code="concurrency_limited"), AtCapacity),
        (wire.Error(status_code=500, message="broke"), Unavailable),
        (wire.Error(), Unavailable),
    ],
)
def test_what_an_error_means(error: wire.Error, kind: type[ProviderError]) -> None:
    whose = Account.model_validate({"api_key": KEY, "base_url": "http://x"})
    engine = SonicSynthesiser(SonicSettings(account=whose))
    assert type(engine.failure(error)) is kind


async def test_a_wrong_key_is_found_at_the_start(sandbox: Sandbox) -> None:
    with pytest.raises(Rejected, match="HTTP 401"):
        await voice(sandbox, key="another-secret").start()
    with Sandbox() as gone:
        away = voice(gone)
    await away.start()


async def test_the_key_is_nowhere_to_be_seen(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    await shows_its_key_to_nobody(voice(sandbox), sandbox, caplog)


def test_what_changes_the_sound_is_in_the_fingerprint(sandbox: Sandbox) -> None:
    prints = {voice(sandbox, **each).fingerprint for each in ({}, {"volume": 0.5}, {"voice": "x"})}
    assert len(prints) == 3
    assert SONIC.native_mulaw
    assert SONIC.word_times


def test_it_is_ordered_by_name() -> None:
    def models(name: str) -> Any:
        raise AssertionError(name)

    order = Order(
        name="cartesia/sonic-3",
        options={"volumee": 1},
        environ={"CARTESIA_API_KEY": "k"},
        models=models,
    )
    with pytest.raises(ConfigError, match="volumee"):
        OFFERS[1].made(order)
