"""Murmur keeps its port's promises, and fails as it should."""

from pathlib import Path

import pytest

from antiphon.errors import AtCapacity, Rejected, TimedOut, Unavailable
from antiphon.net.offering import Order
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing import conformance_tts
from antiphon.testing.conformance_tts import SynthesiserCase, speak
from antiphon.wiring import providers


@pytest.fixture(scope="module")
def running():
    with Sandbox(key="the-right-key") as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running):
    running.rules.clear()
    return running


def made(environ, **options):
    """As an agent file gets it: by its name, through the entry point."""
    order = Order(name="murmur/whisper", environ=environ, options=options, models=Path)
    return providers.make("tts", order)


@pytest.mark.parametrize("check", conformance_tts.CHECKS, ids=lambda check: check.__name__)
async def test_it_conforms(check, sandbox):
    engine = made(sandbox.environ())
    await engine.start()
    case = SynthesiserCase(
        engine=engine,
        make=lambda: made(sandbox.environ()),
        kill=lambda _: sandbox.vanish(),
    )
    await check(case)
    await engine.aclose()


FAULTS = {
    "limit": (Fault(refuse=429, retry_after_s=7), AtCapacity),
    "trouble": (Fault(refuse=503), Unavailable),
    "vanishes": (Fault(after=2, vanish=True), Unavailable),
    "stalls": (Fault(after=2, stall=True), TimedOut),
}


@pytest.mark.parametrize("fault, error", FAULTS.values(), ids=FAULTS)
async def test_a_fault_is_one_of_our_errors(fault, error, sandbox):
    engine = made(sandbox.environ(), audio_within_s=0.5)
    sandbox.rules.add(fault)
    with pytest.raises(error):
        await speak(engine, "We are open from nine to five.")
    await engine.aclose()


async def test_a_voice_it_does_not_have_is_rejected(sandbox):
    engine = made(sandbox.environ(), voice="growl")
    with pytest.raises(Rejected, match="no voice growl"):
        await speak(engine, "Hello.")
    await engine.aclose()


async def test_a_wrong_key_is_known_before_a_call_and_shown_nowhere(sandbox):
    engine = made({**sandbox.environ(), "MURMUR_API_KEY": "a-wrong-key"})
    with pytest.raises(Rejected) as refused:
        await engine.start()
    await engine.aclose()
    assert "a-wrong-key" not in f"{engine!r} {refused.value!r}"
