"""Deepgram's voice against the sandbox: the port's promises, and whatever goes wrong."""

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

from antiphon.errors import ProviderError, Rejected
from antiphon.ports.tts import Speaking
from antiphon.providers.deepgram.settings import AURA, AuraSettings
from antiphon.providers.deepgram.tts import AuraSynthesiser
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing import conformance_tts
from antiphon.testing.conformance_tts import SynthesiserCase, speak


def voice(sandbox: Sandbox, key: str = KEY, **other: object) -> AuraSynthesiser:
    whose = account(sandbox, api_key=key)
    return AuraSynthesiser(AuraSettings.model_validate({"account": whose, **other}))


def sent(sandbox: Sandbox) -> list[str]:
    """The kinds of all messages of the newest connection."""
    return [json.loads(text)["type"] for text in sandbox.requests[-1].texts("client")]


@pytest.mark.parametrize("check", conformance_tts.CHECKS, ids=lambda check: check.__name__)
async def test_it_conforms(check: Any, sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    await engine.start()
    case = SynthesiserCase(
        engine=engine, make=lambda: voice(sandbox), kill=lambda _: sandbox.vanish()
    )
    await check(case)
    await engine.aclose()


async def test_the_voice_the_rate_and_the_speed_are_in_the_opening(sandbox: Sandbox) -> None:
    engine = voice(sandbox, rate_hz=8000)
    utterance = engine.utter(Speaking(voice="aura-2-helena-en", speed=9.0))
    utterance.say(CLAUSE)
    utterance.end()
    assert [piece async for piece in utterance.audio()][-1].last
    assert dict(sandbox.requests[0].query) == {
        "model": "aura-2-helena-en",
        "encoding": "linear16",
        "sample_rate": "8000",
        "speed": "1.5",
    }
    await engine.aclose()


async def test_a_connection_that_went_well_is_used_again(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    for _ in range(3):
        await speak(engine, CLAUSE, CLAUSE)
    assert len(sandbox.requests) == 1
    assert sent(sandbox) == ["Speak", "Flush"] * 6
    await engine.aclose()
    await asyncio.sleep(0.1)
    assert sent(sandbox)[-1] == "Close"


async def test_one_that_broke_meanwhile_is_not(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    await speak(engine, CLAUSE)
    sandbox.vanish()
    await asyncio.sleep(0.1)
    assert seconds(await speak(engine, CLAUSE), engine) > 1.0
    assert len(sandbox.requests) == 2
    await engine.aclose()


async def test_nor_one_whose_audio_was_closed_early(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    utterance = engine.utter(Speaking())
    for _ in range(5):
        utterance.say(CLAUSE)
    stream = utterance.audio()
    async with aclosing(stream):  # type: ignore[type-var]
        await anext(stream)
    await asyncio.sleep(0.1)
    assert sent(sandbox)[-1] == "Clear"
    pieces = await speak(engine, CLAUSE)
    assert {piece.clause for piece in pieces} == {0}
    assert len(sandbox.requests) == 2
    await engine.aclose()


async def test_the_allowance_of_flushes_is_not_overdrawn(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    pieces = await speak(engine, *["Yes."] * 45)
    assert [piece.clause for piece in pieces if piece.last] == list(range(45))
    flushes = [request.texts("client").count('{"type":"Flush"}') for request in sandbox.requests]
    assert flushes == [18, 18, 9]
    assert not any("Warning" in text for r in sandbox.requests for text in r.texts("vendor"))
    await engine.aclose()


async def test_a_clause_too_long_for_a_message_is_cut_between_words(sandbox: Sandbox) -> None:
    engine = voice(sandbox)
    long = "and then we walked " * 150
    pieces = await speak(engine, long)
    assert [piece.last for piece in pieces].count(True) == 1
    texts = [json.loads(text) for text in sandbox.requests[0].texts("client")]
    spoken = [each["text"] for each in texts if each["type"] == "Speak"]
    assert all(len(text) <= 1000 for text in spoken)
    assert " ".join(spoken).split() == long.split()
    await engine.aclose()


@pytest.mark.parametrize("fault, kind", SOCKET_FAULTS, ids=str)
async def test_a_failure_is_one_of_ours_and_the_next_reply_is_whole(
    fault: Fault, kind: type[ProviderError], sandbox: Sandbox
) -> None:
    error = await failed_reply(voice(sandbox, audio_within_s=0.5), sandbox, fault)
    assert type(error) is kind
    assert error.provider == "deepgram/aura-2"


async def test_a_wrong_key_or_voice_is_found_at_the_start(sandbox: Sandbox) -> None:
    with pytest.raises(Rejected, match="HTTP 401"):
        await voice(sandbox, key="another-secret").start()
    assert voice(sandbox, voice="aura-2-luna-en").fingerprint != voice(sandbox).fingerprint
    with Sandbox() as gone:
        away = voice(gone)
    await away.start()


async def test_the_key_is_nowhere_to_be_seen(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    await shows_its_key_to_nobody(voice(sandbox), sandbox, caplog)


def test_what_it_can_do_is_data() -> None:
    assert AURA.native_mulaw
    assert AURA.cancel
    assert not AURA.word_times
