"""Every provider that is met on the wire, made from its offer and pointed at one sandbox."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antiphon.call.clock import LoopClock
from antiphon.events import SpeechStarted, SpeechStopped
from antiphon.net.offering import Offer, Order, Port
from antiphon.net.prompt import GO_ON
from antiphon.ports.llm import ToolCall
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing.conformance_llm import GREETING, STORY, TOOL, UNICODE, answer, asking
from antiphon.testing.conformance_stt import Ear, Speech
from antiphon.testing.conformance_tts import speak
from antiphon.testing.mind import Scripted, ScriptedModel
from antiphon.wiring.providers import OFFERS

KEY = "a-very-secret-key"
SAYS = ["Ever tried, ever failed.", "No matter, try again."]
CLAUSE = "We are open from nine to five, Monday to Friday, and on Saturday until noon."
TALE = " ".join(f"Wave {number} came and went." for number in range(120))
HOURS = ToolCall(id="toolu_1", name=TOOL.name, arguments='{"day": "Monday"}')
RATE_HZ = 16_000
IMPATIENCE_S = {
    "audio_within_s": 1.0,
    "answer_within_s": 1.0,
    "finalise_within_s": 1.0,
    "first_token_s": 1.0,
    "between_tokens_s": 0.5,
}
"""By the setting's name."""
ASKED = ("/inference", "/v1/audio/transcriptions")
"""Where single requests are made, and no connection is there to break between two of them."""


def on_the_wire(*ports: Port) -> Any:
    """A parametrisation by every such offer of a port; a new one is in it by being listed."""
    found = [offer for offer in OFFERS if offer.port in ports and offer.proof == "wire"]
    return pytest.mark.parametrize("offer", found, ids=lambda offer: offer.name)


def keyed(*ports: Port) -> Any:
    """The same, without those that want no key."""
    found = [o for o in OFFERS if o.port in ports and o.proof == "wire" and o.key]
    return pytest.mark.parametrize("offer", found, ids=lambda offer: offer.name)


@contextmanager
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, says=SAYS, mind=_mind) as running:
        yield running


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


def made(offer: Offer, sandbox: Sandbox, **environ: str) -> Any:
    """Its engine, not started; ``environ`` goes before what the sandbox gives."""
    return _made(offer, sandbox, environ, {})


def impatient(offer: Offer, sandbox: Sandbox) -> Any:
    """The same, giving up sooner on a vendor that is silent."""
    known = offer.settings.model_fields
    waits = {name: wait_s for name, wait_s in IMPATIENCE_S.items() if name in known}
    return _made(offer, sandbox, {}, waits)


def _made(
    offer: Offer, sandbox: Sandbox, environ: Mapping[str, str], options: Mapping[str, float]
) -> Any:
    name = offer.name.replace("*", "some-model")
    around = {**sandbox.environ(), **environ}
    return offer.made(Order(name=name, environ=around, options=options, models=_no_models))


@asynccontextmanager
async def started(offer: Offer, sandbox: Sandbox, **environ: str) -> AsyncIterator[Any]:
    engine = made(offer, sandbox, **environ)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.aclose()


async def use(offer: Offer, engine: Any) -> None:
    """What a call does with it, once."""
    match offer.port:
        case "stt":
            heard = speech(SAYS[0])
            ear = Ear(engine)
            ear.feed(heard.pcm)
            ear.recognition.voice(SpeechStarted(at_s=heard.starts_s))
            ear.recognition.voice(SpeechStopped(at_s=heard.ends_s))
            ear.recognition.finalise(heard.ends_s)
            await ear.recognition.run()
        case "tts":
            await speak(engine, CLAUSE, CLAUSE)
        case _:
            await answer(engine, asking(STORY))


def speech(text: str, seconds: float = 1.3) -> Speech:
    """A hum that a scripted recogniser takes for its next line."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    hum = (6000 * np.sin(2 * np.pi * 300 * at)).astype("<i2").tobytes()
    quiet = bytes(2 * round(0.25 * RATE_HZ))
    return Speech(pcm=quiet + hum + quiet, text=text, starts_s=0.25, ends_s=0.25 + seconds)


def gone(sandbox: Sandbox) -> None:
    """Every vendor vanishes: what is open breaks, and so does the next request."""
    sandbox.vanish()
    for path in ASKED:
        sandbox.rules.add(Fault(vanish=True), path=path)


def _no_models(model: str) -> Path:
    raise AssertionError(f"asked for {model}")
