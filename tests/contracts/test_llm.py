"""Every hosted language model keeps its port's promises over its own wire."""

import asyncio
import logging
from typing import Any

import pytest
from tests.contracts.stage import KEY, keyed, made, on_the_wire, started

from antiphon.errors import Unavailable
from antiphon.net.offering import Offer, Thinks
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing import conformance_llm
from antiphon.testing.conformance import recovers
from antiphon.testing.conformance_llm import STORY, LanguageModelCase, answer, asking


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
            with pytest.raises(Unavailable):
                await answer(engine, asking(STORY))
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
