"""Every recogniser that is asked for formatting, hesitations, languages and speakers at once still
keeps its port's promises, and tells what its offer says that it does."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.contracts.stage import KEY, SAYS, made, on_the_wire, speech, started

from antiphon.events import TranscriptChanged
from antiphon.net.offering import Offer
from antiphon.ports.stt import Heard, Hearing, Recogniser, Recognition
from antiphon.sandbox.ears import Said
from antiphon.sandbox.server import Sandbox
from antiphon.testing import conformance_stt
from antiphon.testing.conformance_stt import RecogniserCase, listening

LINES = [
    Said(text=SAYS[0], language="es", speakers=(0, 0, 1)),
    Said(text=SAYS[1], language="es", speakers=(1,)),
]
CHECKS = (
    conformance_stt.partials_come_while_the_caller_speaks,
    conformance_stt.a_final_holds_what_was_said,
    conformance_stt.what_was_forgotten_is_not_told_again,
)
SAYS_WHICH = {
    "deepgram/nova-3",
    "deepgram/flux",
    "assemblyai/universal-streaming",
    "elevenlabs/scribe",
    "openai/transcribe",
    "whispercpp/server",
}
"""Of OpenAI's models only one tells, and it is not the one that streams."""


class Wishing:
    """A recogniser whose every caller wants everything."""

    def __init__(self, engine: Recogniser) -> None:
        self._engine, self.name, self.rates_hz = engine, engine.name, engine.rates_hz

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> Recognition:
        wishes = replace(
            hearing, detect=("en", "es"), formatting="smart", keep_fillers=True, speakers=True
        )
        return self._engine.listen(wishes, tell)

    async def start(self) -> None:
        await self._engine.start()

    async def aclose(self) -> None:
        await self._engine.aclose()


@pytest.fixture(scope="module")
def bilingual() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, says=LINES) as running:
        yield running


@on_the_wire("stt")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_it_conforms(check: Any, offer: Offer, bilingual: Sandbox) -> None:
    async with started(offer, bilingual) as engine:
        case = RecogniserCase(
            engine=Wishing(engine),
            make=lambda: Wishing(made(offer, bilingual)),
            first=speech(SAYS[0]),
            second=speech(SAYS[1]),
            most_wrong=0.0,
            pace=0.3,
        )
        await check(case)


@on_the_wire("stt")
async def test_it_tells_what_its_offer_says(offer: Offer, bilingual: Sandbox) -> None:
    final = await _final(offer, bilingual)
    assert isinstance(final, TranscriptChanged)
    can: Any = offer.can
    assert final.language == ("es" if offer.name in SAYS_WHICH else "")
    assert can.detects_language or not final.language
    speakers = [word.speaker for word in final.words]
    if can.speakers != "none":
        assert speakers == [0, 0, 1, 1]
    else:
        assert set(speakers) <= {None}


async def _final(offer: Offer, sandbox: Sandbox) -> TranscriptChanged:
    async with started(offer, sandbox) as engine, listening(Wishing(engine), 0.3) as ear:
        ended_s = await ear.hear(speech(SAYS[0]))
        return await ear.final(ended_s, 2.0)
