"""Every provider that is met on the wire, made from its offer and pointed at one sandbox."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antiphon.net.offering import Offer, Order, Port
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing.conformance_stt import Speech
from antiphon.wiring.providers import OFFERS

KEY = "a-very-secret-key"
SAYS = ["Ever tried, ever failed.", "No matter, try again."]
RATE_HZ = 16_000
IMPATIENT_S = 1.0
ASKED = ("/inference", "/v1/audio/transcriptions")
"""Where single requests are made, and no connection is there to break between two of them."""


def on_the_wire(port: Port) -> Any:
    """A parametrisation by every such offer of a port; a new one is in it by being listed."""
    found = [offer for offer in OFFERS if offer.port == port and offer.proof == "wire"]
    return pytest.mark.parametrize("offer", found, ids=lambda offer: offer.name)


def keyed(port: Port) -> Any:
    """The same, without those that want no key."""
    found = [o for o in OFFERS if o.port == port and o.proof == "wire" and o.key]
    return pytest.mark.parametrize("offer", found, ids=lambda offer: offer.name)


@contextmanager
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, says=SAYS) as running:
        yield running


def made(offer: Offer, sandbox: Sandbox, **environ: str) -> Any:
    """Its engine, not started; ``environ`` goes before what the sandbox gives."""
    return _made(offer, sandbox, environ, {})


def impatient(offer: Offer, sandbox: Sandbox) -> Any:
    """The same, giving up sooner on a vendor that is silent."""
    waits = ("audio_within_s", "answer_within_s", "finalise_within_s")
    known = offer.settings.model_fields
    return _made(offer, sandbox, {}, {wait: IMPATIENT_S for wait in waits if wait in known})


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
