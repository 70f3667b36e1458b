"""Every hosted voice keeps its port's promises over its own wire."""

import asyncio
from typing import Any

import pytest
from tests.contracts.stage import CLAUSE, made, on_the_wire, started

from antiphon.net import socket
from antiphon.net.offering import Offer, Speaks
from antiphon.ports.tts import Speaking
from antiphon.sandbox.server import Sandbox
from antiphon.testing import conformance_tts
from antiphon.testing.conformance_tts import SynthesiserCase


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
