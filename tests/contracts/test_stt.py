"""Every hosted recogniser keeps its port's promises over its own wire, and fails as it should."""

import asyncio
from typing import Any

import pytest
from tests.contracts.stage import (
    KEY,
    SAYS,
    gone,
    impatient,
    keyed,
    made,
    on_the_wire,
    speech,
    started,
)

from antiphon.errors import AtCapacity, ProviderError, Rejected
from antiphon.events import SpeechStarted, SpeechStopped
from antiphon.net.offering import Offer
from antiphon.ports.stt import Recogniser
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing import conformance_stt
from antiphon.testing.conformance_stt import Ear, RecogniserCase

SPEECH = speech(SAYS[0])


@on_the_wire("stt")
@pytest.mark.parametrize("check", conformance_stt.CHECKS, ids=lambda check: check.__name__)
async def test_it_conforms(check: Any, offer: Offer, sandbox: Sandbox) -> None:
    async with started(offer, sandbox) as engine:
        case = RecogniserCase(
            engine=engine,
            make=lambda: made(offer, sandbox),
            first=SPEECH,
            second=speech(SAYS[1]),
            most_wrong=0.0,
            pace=0.3,
            kill=lambda _: gone(sandbox),
        )
        await check(case)


async def _failure(engine: Recogniser) -> ProviderError:
    """How a recognition ends that is fed speech and asked for a final."""
    ear = Ear(engine)
    ear.feed(SPEECH.pcm)
    ear.recognition.voice(SpeechStarted(at_s=SPEECH.starts_s))
    ear.recognition.voice(SpeechStopped(at_s=SPEECH.ends_s))
    ear.recognition.finalise(SPEECH.ends_s)
    async with asyncio.timeout(10):
        try:
            await ear.recognition.run()
        except ProviderError as error:
            return error
    raise AssertionError("it ended as if all were well")


@keyed("stt")
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


@on_the_wire("stt")
async def test_a_rate_limit_says_when_to_come_back(offer: Offer, sandbox: Sandbox) -> None:
    async with started(offer, sandbox) as engine:
        sandbox.rules.add(Fault(refuse=429, retry_after_s=7), times=None)
        error = await _failure(engine)
    assert isinstance(error, AtCapacity)
    assert error.retry_after_s == 7


FAULTS = {
    "vanishes": Fault(after=1, vanish=True),
    "a malformed frame": Fault(after=1, malformed=True),
    "stalls": Fault(after=1, stall=True),
    "half open": Fault(after=1, half_open=True),
    "an error of theirs": Fault(refuse=503),
}


@on_the_wire("stt")
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_ends_it_so_that_another_may_try(
    fault: Fault, offer: Offer, sandbox: Sandbox
) -> None:
    engine = impatient(offer, sandbox)
    await engine.start()
    sandbox.rules.add(fault, times=None)
    error = await _failure(engine)
    await engine.aclose()
    assert error.retryable
    assert KEY not in str(error)
