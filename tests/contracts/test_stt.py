"""Every hosted recogniser keeps its port's promises over its own wire."""

from typing import Any

import pytest
from tests.contracts.stage import SAYS, gone, made, on_the_wire, speech, started

from antiphon.net.offering import Offer
from antiphon.sandbox.server import Sandbox
from antiphon.testing import conformance_stt
from antiphon.testing.conformance_stt import RecogniserCase

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
