"""Every hosted engine fails as it should: a refusal is final, anything else lets another try.

Engines are not started before a fault: a connection kept from then would not meet it.
"""

import asyncio
from typing import Any, Final

import pytest
from msgspec.structs import replace
from tests.contracts.stage import KEY, impatient, keyed, made, on_the_wire, use

from antiphon.errors import AtCapacity, ProviderError, Rejected
from antiphon.net.offering import Offer, Port
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox

PORTS: Final[tuple[Port, ...]] = ("stt", "tts", "llm")


async def _failure(offer: Offer, engine: Any) -> ProviderError:
    async with asyncio.timeout(15):
        try:
            await use(offer, engine)
        except ProviderError as error:
            return error
    raise AssertionError("it ended as if all were well")


@keyed(*PORTS)
async def test_a_wrong_key_is_rejected_and_not_repeated(offer: Offer, sandbox: Sandbox) -> None:
    engine = made(offer, sandbox, **{offer.key: "a-wrong-but-secret-key"})
    try:
        await engine.start()
        error = await _failure(offer, engine)
    except ProviderError as refused:
        error = refused
    finally:
        await engine.aclose()
    assert isinstance(error, Rejected)
    assert "secret" not in f"{error!r} {error}"


@on_the_wire(*PORTS)
async def test_a_rate_limit_says_when_to_come_back(offer: Offer, sandbox: Sandbox) -> None:
    engine = made(offer, sandbox)
    sandbox.rules.add(Fault(refuse=429, retry_after_s=7), times=None)
    error = await _failure(offer, engine)
    await engine.aclose()
    assert isinstance(error, AtCapacity)
    assert error.retry_after_s == 7


FAULTS = {
    "vanishes": Fault(vanish=True),
    "a malformed frame": Fault(malformed=True),
    "stalls": Fault(stall=True),
    "half open": Fault(half_open=True),
    "an error of theirs": Fault(refuse=503),
}
AMID = {"stt": 1, "tts": 2, "llm": 2}
"""After so many messages an engine of this port is in the middle of its work."""


@on_the_wire(*PORTS)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_ends_it_so_that_another_may_try(
    fault: Fault, offer: Offer, sandbox: Sandbox
) -> None:
    engine = impatient(offer, sandbox)
    sandbox.rules.add(replace(fault, after=AMID[offer.port]), times=None)
    error = await _failure(offer, engine)
    await engine.aclose()
    assert error.retryable
    assert KEY not in str(error)
