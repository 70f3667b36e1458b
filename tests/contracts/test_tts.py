"""Every hosted voice keeps its port's promises over its own wire, and fails as it should."""

import asyncio
from typing import Any

import pytest
from tests.contracts.stage import KEY, impatient, keyed, made, on_the_wire, started

from antiphon.errors import AtCapacity, ProviderError, Rejected
from antiphon.net import socket
from antiphon.net.offering import Offer, Speaks
from antiphon.ports.tts import Speaking, Synthesiser
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing import conformance_tts
from antiphon.testing.conformance_tts import SynthesiserCase, speak

CLAUSE = "We are open from nine to five, Monday to Friday, and on Saturday until noon."


@on_the_wire("tts")
@pytest.mark.parametrize("check", conformance_tts.CHECKS, ids=lambda check: check.__name__)
async def test_it_conforms(check: Any, offer: Offer, sandbox: Sandbox) -> None:
    assert isinstance(offer.can, Speaks)
    async with started(offer, sandbox) as engine:
        case = SynthesiserCase(
            engine=engine,
            make=lambda: made(offer, sandbox),
            knows_words=offer.can.word_times,
            changes_speed=offer.can.speed is not None,
            kill=lambda _: sandbox.vanish(),
        )
        await check(case)


async def _failure(engine: Synthesiser) -> ProviderError:
    async with asyncio.timeout(15):
        try:
            await speak(engine, CLAUSE, CLAUSE)
        except ProviderError as error:
            return error
    raise AssertionError("it ended as if all were well")


@keyed("tts")
async def test_a_wrong_key_is_rejected_and_not_repeated(offer: Offer, sandbox: Sandbox) -> None:
    engine = made(offer, sandbox, **{offer.key: "a-wrong-but-secret-key"})
    try:
        await engine.start()
        error = await _failure(engine)
    except ProviderError as refused:
        error = refused
    finally:
        await engine.aclose()
    assert isinstance(error, Rejected)
    assert "secret" not in f"{error!r} {error}"


@on_the_wire("tts")
async def test_a_rate_limit_says_when_to_come_back(offer: Offer, sandbox: Sandbox) -> None:
    engine = made(offer, sandbox)
    sandbox.rules.add(Fault(refuse=429, retry_after_s=7), times=None)
    error = await _failure(engine)
    await engine.aclose()
    assert isinstance(error, AtCapacity)
    assert error.retry_after_s == 7


FAULTS = {
    "vanishes": Fault(after=2, vanish=True),
    "a malformed frame": Fault(after=1, malformed=True),
    "stalls": Fault(after=2, stall=True),
    "half open": Fault(after=2, half_open=True),
    "an error of theirs": Fault(refuse=503),
}


@on_the_wire("tts")
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_ends_it_so_that_another_may_try(
    fault: Fault, offer: Offer, sandbox: Sandbox
) -> None:
    engine = impatient(offer, sandbox)
    sandbox.rules.add(fault, times=None)
    error = await _failure(engine)
    await engine.aclose()
    assert error.retryable
    assert KEY not in str(error)


@on_the_wire("tts")
async def test_a_listener_who_has_enough_for_now_loses_nothing(
    offer: Offer, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody reads on while there is enough to play; the connection must live through that."""
    monkeypatch.setattr(socket, "PING_EVERY_S", 0.05)
    monkeypatch.setattr(socket, "PONG_WITHIN_S", 0.05)
    async with started(offer, sandbox) as engine:
        utterance = engine.utter(Speaking())
        utterance.say(" ".join([CLAUSE] * 3))
        utterance.end()
        spoken_s, waited = 0.0, False
        async for spoken in utterance.audio():
            spoken_s += len(spoken.pcm) / 2 / engine.rate_hz
            if spoken_s > 0.5 and not waited:
                waited = True
                await asyncio.sleep(0.25)
    assert waited
    assert spoken_s > 8
