"""Every cloud that is met at its SDK's boundary keeps its port's promises, and fails as it should.

The SDKs need not be installed: fakes stand where they would be loaded. Whether those are faithful
is asked in tests/providers, where the real packages are.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antiphon.call.clock import LoopClock
from antiphon.errors import AtCapacity, ProviderError, Rejected, TimedOut
from antiphon.net.offering import Offer, Order, Port, Speaks
from antiphon.ports.stt import Recogniser
from antiphon.providers.aws import offer as aws
from antiphon.providers.azure import offer as azure
from antiphon.providers.google import offer as google
from antiphon.testing import conformance_stt, conformance_tts
from antiphon.testing.cloud_aws import AmazonCloud
from antiphon.testing.cloud_azure import AzureCloud
from antiphon.testing.cloud_google import GoogleCloud
from antiphon.testing.clouds import Cloud, Trouble
from antiphon.testing.conformance_stt import Ear, RecogniserCase, Speech
from antiphon.testing.conformance_tts import SynthesiserCase, speak
from antiphon.testing.voice import ScriptedVoice
from antiphon.wiring.providers import OFFERS

KEY = "a-very-secret-key"
SAYS = {300.0: "Ever tried, ever failed.", 600.0: "No matter, try again."}
RATE_HZ = 16_000
CLAUSE = "We are open from nine to five, Monday to Friday, and on Saturday until noon."
BRIEF = {
    "stt": {"finalise_within_s": 0.8},
    "tts": {"audio_within_s": 0.8},
}


@dataclass(frozen=True)
class Met:
    """How one offer is made with a pretended cloud."""

    make: Callable[[Offer, Order, Any], Any]
    cloud: Callable[[], Any]
    sdk: str
    says_when: bool = False
    """The SDK has a way to say when to come back."""


def _voice() -> ScriptedVoice:
    return ScriptedVoice(clock=LoopClock(), first_audio_s=0.02, real_time_factor=0.01)


MET: Mapping[str, Met] = {
    "aws/transcribe": Met(
        aws.make_transcribe, lambda: AmazonCloud(key=KEY, says=SAYS), "transcribe_sdk"
    ),
    "aws/polly": Met(
        aws.make_polly, lambda: AmazonCloud(key=KEY, voice=_voice()), "polly_sdk", says_when=True
    ),
    "azure/recognition": Met(azure.make_recognition, lambda: AzureCloud(key=KEY, says=SAYS), "sdk"),
    "google/speech-v2": Met(
        google.make_speech,
        lambda: GoogleCloud(key=KEY, says=SAYS),
        "speech_sdk",
        says_when=True,
    ),
    "google/tts": Met(
        google.make_voice, lambda: GoogleCloud(key=KEY, voice=_voice()), "voice_sdk", says_when=True
    ),
}


CLOUDS = [offer for offer in OFFERS if offer.proof == "sdk boundary" and offer.sdk]
"""Without a package of its own, what is named is not a cloud but a bridge to others' plugins."""


def at_the_boundary(port: Port) -> Any:
    found = [offer for offer in CLOUDS if offer.port == port]
    return pytest.mark.parametrize("offer", found, ids=lambda offer: offer.name)


def made(offer: Offer, cloud: Cloud, key: str = KEY, **options: object) -> Any:
    """Its engine, not started."""
    met = MET[offer.name]
    given = {**BRIEF[offer.port], **options}
    if offer.vendor == "google":
        given["knock_s"] = 0.05
    if isinstance(cloud, GoogleCloud | AmazonCloud) and isinstance(cloud.voice, ScriptedVoice):
        given["rate_hz"] = cloud.voice.rate_hz
    environ = {offer.key: key, "AWS_SECRET_ACCESS_KEY": "another-secret"}
    order = Order(name=offer.name, options=given, environ=environ, models=_no_models)
    return met.make(offer, order, getattr(cloud, met.sdk))


@asynccontextmanager
async def started(offer: Offer, cloud: Cloud, key: str = KEY) -> AsyncIterator[Any]:
    engine = made(offer, cloud, key)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.aclose()


def speech(pitch_hz: float, seconds: float = 1.3) -> Speech:
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    hum = (6000 * np.sin(2 * np.pi * pitch_hz * at)).astype("<i2").tobytes()
    quiet = bytes(2 * round(0.25 * RATE_HZ))
    pcm = quiet + hum + quiet
    return Speech(pcm=pcm, text=SAYS[pitch_hz], starts_s=0.25, ends_s=0.25 + seconds)


FIRST, SECOND = speech(300.0), speech(600.0)


def _no_models(model: str) -> Path:
    raise AssertionError(f"asked for {model}")


def test_every_cloud_is_met_here() -> None:
    assert {offer.name for offer in CLOUDS} == MET.keys()


# --- the ports' own promises -----------------------------------------------------------------


@at_the_boundary("stt")
@pytest.mark.parametrize("check", conformance_stt.CHECKS, ids=lambda check: check.__name__)
async def test_an_ear_conforms(check: Any, offer: Offer) -> None:
    cloud = MET[offer.name].cloud()
    async with started(offer, cloud) as engine:
        case = RecogniserCase(
            engine=engine,
            make=lambda: made(offer, cloud),
            first=FIRST,
            second=SECOND,
            most_wrong=0.0,
            kill=lambda _: cloud.vanish(),
        )
        await check(case)


@at_the_boundary("tts")
@pytest.mark.parametrize("check", conformance_tts.CHECKS, ids=lambda check: check.__name__)
async def test_a_voice_conforms(check: Any, offer: Offer) -> None:
    assert isinstance(offer.can, Speaks)
    cloud = MET[offer.name].cloud()
    async with started(offer, cloud) as engine:
        case = SynthesiserCase(
            engine=engine,
            make=lambda: made(offer, cloud),
            knows_words=offer.can.word_times,
            kill=lambda _: cloud.vanish(),
        )
        await check(case)


# --- what goes wrong -------------------------------------------------------------------------


async def _failure(offer: Offer, cloud: Cloud, key: str = KEY) -> ProviderError:
    """How it ends to use it."""
    engine = made(offer, cloud, key)
    try:
        async with asyncio.timeout(10):
            await engine.start()
            await (_listen(engine) if offer.port == "stt" else speak(engine, CLAUSE, CLAUSE))
    except ProviderError as error:
        assert key not in repr(engine)
        return error
    finally:
        await engine.aclose()
    raise AssertionError("it ended as if all were well")


async def _listen(engine: Recogniser) -> None:
    ear = Ear(engine)
    ear.feed(FIRST.pcm)
    ear.recognition.finalise(FIRST.ends_s)
    await ear.recognition.run()


ALL = pytest.mark.parametrize("offer", CLOUDS, ids=lambda offer: offer.name)


@ALL
async def test_a_wrong_key_is_rejected_and_not_repeated(offer: Offer) -> None:
    error = await _failure(offer, MET[offer.name].cloud(), "a-wrong-but-secret-key")
    assert isinstance(error, Rejected)
    assert "secret" not in f"{error!r} {error}"


@ALL
async def test_a_rate_limit_says_when_to_come_back_if_the_sdk_does(offer: Offer) -> None:
    cloud = MET[offer.name].cloud()
    cloud.always = Trouble(refuse=429, retry_after_s=7)
    error = await _failure(offer, cloud)
    assert isinstance(error, AtCapacity)
    assert error.retry_after_s == (7 if MET[offer.name].says_when else None)


@ALL
@pytest.mark.parametrize(
    "trouble",
    [Trouble(after=1, vanish=True), Trouble(after=1, stall=True), Trouble(refuse=503)],
    ids=["vanishes", "stalls", "an error of theirs"],
)
async def test_a_fault_ends_it_so_that_another_may_try(trouble: Trouble, offer: Offer) -> None:
    cloud = MET[offer.name].cloud()
    cloud.always = trouble
    error = await _failure(offer, cloud)
    assert error.retryable
    assert isinstance(error, TimedOut) == trouble.stall
    assert KEY not in str(error)


@ALL
async def test_no_permission_is_rejected(offer: Offer) -> None:
    cloud = MET[offer.name].cloud()
    cloud.always = Trouble(refuse=403)
    assert isinstance(await _failure(offer, cloud), Rejected)


@ALL
async def test_one_that_was_not_started_says_so(offer: Offer) -> None:
    engine = made(offer, MET[offer.name].cloud())
    with pytest.raises(Rejected, match="not started"):
        await (_listen(engine) if offer.port == "stt" else speak(engine, CLAUSE))
    await engine.aclose()
