"""Every hosted language model keeps its port's promises over its own wire, and fails as it
should."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.stage import KEY, keyed, made, on_the_wire, started

from antiphon.call.clock import LoopClock
from antiphon.errors import AtCapacity, ProviderError, Rejected, Unavailable
from antiphon.net.offering import Offer, Order, Thinks
from antiphon.net.prompt import GO_ON
from antiphon.ports.llm import LanguageModel, ToolCall
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing import conformance_llm
from antiphon.testing.conformance import recovers
from antiphon.testing.conformance_llm import (
    GREETING,
    STORY,
    TOOL,
    UNICODE,
    LanguageModelCase,
    answer,
    asking,
)
from antiphon.testing.mind import Scripted, ScriptedModel

TALE = " ".join(f"Wave {number} came and went." for number in range(120))
HOURS = ToolCall(id="toolu_1", name=TOOL.name, arguments='{"day": "Monday"}')


def _mind() -> ScriptedModel:
    return ScriptedModel(
        clock=LoopClock(),
        says=["I am well, thank you."],
        told={
            STORY: TALE,
            GREETING: UNICODE,
            "on Monday": Scripted(calls=(HOURS,)),
            "nine to five": "From nine to five.",
            GO_ON: "we close at five.",
        },
        first_token_s=0.02,
    )


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, mind=_mind) as sandbox:
        yield sandbox


@on_the_wire("llm")
@pytest.mark.parametrize("check", conformance_llm.CHECKS, ids=lambda check: check.__name__)
async def test_it_conforms(check: Any, offer: Offer, sandbox: Sandbox) -> None:
    assert isinstance(offer.can, Thinks)
    async with started(offer, sandbox) as engine:
        case = LanguageModelCase(
            engine=engine,
            make=lambda: made(offer, sandbox),
            kill=lambda _: sandbox.vanish(),
            uses_tools=offer.can.tools,
            repeats=True,
            goes_on=True,
        )
        await check(case)


@keyed("llm")
async def test_no_log_has_the_key_or_what_was_said(
    offer: Offer, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with started(offer, sandbox) as engine:
            await answer(engine, asking(STORY))
            sandbox.rules.add(Fault(refuse=503))
            await _failure(engine)
    ours = [line for line in caplog.messages if STORY in line or KEY in line]
    assert not ours


@on_the_wire("llm")
async def test_a_closed_answer_ends_the_request(offer: Offer, sandbox: Sandbox) -> None:
    async with started(offer, sandbox) as engine:
        async for piece in engine.answer(asking(STORY, max_tokens=400)):
            if piece.text:
                break
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await answer(engine, asking(STORY, max_tokens=400))
        await recovers(lambda: _ended(sandbox))
    assert [request.ended for request in sandbox.requests] == ["client", "client"]


async def _ended(sandbox: Sandbox) -> None:
    if not all(request.ended for request in sandbox.requests):
        raise Unavailable("a request goes on")


def _hasty(offer: Offer, sandbox: Sandbox) -> LanguageModel:
    """One that does not wait long for a vendor that has fallen silent."""
    options = {"first_token_s": 1.0, "between_tokens_s": 0.5}
    order = Order(
        name=offer.name.replace("*", "some-model"),
        options=options,
        environ=sandbox.environ(),
        models=Path,
    )
    model: LanguageModel = offer.made(order)
    return model


async def _failure(engine: LanguageModel) -> ProviderError:
    async with asyncio.timeout(15):
        try:
            await answer(engine, asking(STORY))
        except ProviderError as error:
            return error
    raise AssertionError("it ended as if all were well")


@keyed("llm")
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


@on_the_wire("llm")
async def test_a_rate_limit_says_when_to_come_back(offer: Offer, sandbox: Sandbox) -> None:
    async with started(offer, sandbox) as engine:
        sandbox.rules.add(Fault(refuse=429, retry_after_s=7), times=None)
        error = await _failure(engine)
    assert isinstance(error, AtCapacity)
    assert error.retry_after_s == 7


FAULTS = {
    "vanishes": Fault(after=2, vanish=True),
    "a malformed frame": Fault(after=2, malformed=True),
    "stalls": Fault(after=2, stall=True),
    "half open": Fault(after=2, half_open=True),
    "an error of theirs": Fault(refuse=503),
}


@on_the_wire("llm")
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_ends_it_so_that_another_may_try(
    fault: Fault, offer: Offer, sandbox: Sandbox
) -> None:
    engine = _hasty(offer, sandbox)
    await engine.start()
    sandbox.rules.add(fault, times=None)
    error = await _failure(engine)
    await engine.aclose()
    assert error.retryable
    assert KEY not in str(error)
