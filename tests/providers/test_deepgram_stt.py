"""Deepgram's two recognisers against the sandbox: the port's promises, and whatever goes wrong."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.providers.stage import (
    KEY,
    SAYS,
    account,
    failure,
    listening,
    silence,
    sound,
    speech,
)

from antiphon.call.clock import LoopClock
from antiphon.call.hearing import OpenEar
from antiphon.errors import AtCapacity, ProviderError, Rejected, TimedOut, Unavailable
from antiphon.events import EndpointHinted, SpeechStarted, SpeechStopped, TranscriptChanged
from antiphon.net.roster import Roster
from antiphon.ports.stt import Heard, Hearing, Recogniser
from antiphon.providers.deepgram.settings import FLUX, NOVA, FluxSettings, NovaSettings
from antiphon.providers.deepgram.stt import FluxRecogniser, NovaRecogniser
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing import conformance_stt
from antiphon.testing.attendance import Attendees
from antiphon.testing.conformance_stt import RecogniserCase

SPEECH = silence(0.2) + sound(1.2) + silence(0.4)
FIRST = SAYS[0]


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox(key=KEY, says=SAYS) as running:
        yield running


def nova(sandbox: Sandbox, **other: object) -> NovaRecogniser:
    whose = account(sandbox, **({"api_key": other.pop("key")} if "key" in other else {}))
    return NovaRecogniser(NovaSettings.model_validate({"account": whose, **other}))


def flux(sandbox: Sandbox, **other: object) -> FluxRecogniser:
    whose = account(sandbox, **({"api_key": other.pop("key")} if "key" in other else {}))
    return FluxRecogniser(FluxSettings.model_validate({"account": whose, **other}))


Make = Callable[..., Recogniser]
BOTH = pytest.mark.parametrize("make", [nova, flux])


@BOTH
@pytest.mark.parametrize("check", conformance_stt.CHECKS, ids=lambda check: check.__name__)
async def test_it_conforms(check: Any, make: Make, sandbox: Sandbox) -> None:
    case = RecogniserCase(
        engine=make(sandbox),
        make=lambda: make(sandbox),
        first=speech(SAYS[0], 1.3),
        second=speech(SAYS[1], 1.3),
        most_wrong=0.0,
        kill=lambda _: sandbox.vanish(),
    )
    await check(case)


# --- what is sent ------------------------------------------------------------------------------


@BOTH
async def test_the_key_the_format_and_the_wishes_are_in_the_opening(
    make: Make, sandbox: Sandbox
) -> None:
    async with listening(make(sandbox), keyterms=("Beckett", "ever & ever")) as ear:
        ear.recognition.feed(SPEECH)
        ear.recognition.finalise(1.4)
        await ear.until("final")
    request = sandbox.requests[0]
    assert request.authorised
    query = dict(request.query)
    assert (query["encoding"], query["sample_rate"]) == ("linear16", "16000")
    assert [value for name, value in request.query if name == "keyterm"] == [
        "Beckett",
        "ever & ever",
    ]
    assert request.audio("client").startswith(SPEECH)
    assert b"" not in [frame.data for frame in request.frames]
    assert ear.final == FIRST


async def test_nova_is_kept_alive_while_nobody_speaks(sandbox: Sandbox) -> None:
    async with listening(nova(sandbox, keep_alive_s=0.1)) as ear:
        ear.recognition.feed(silence(0.1))
        await asyncio.sleep(0.35)
    sent = [json.loads(text)["type"] for text in sandbox.requests[0].texts("client")]
    assert sent.count("KeepAlive") >= 2


async def test_flux_is_sent_silence_while_nobody_speaks(sandbox: Sandbox) -> None:
    async with listening(flux(sandbox, silence_after_s=0.1)) as ear:
        ear.recognition.feed(sound(0.4))
        await ear.until("ended")
    request = sandbox.requests[0]
    assert len(request.audio("client")) >= 2 * 16_000
    assert all("KeepAlive" not in text for text in request.texts("client"))
    # In the caller's own time, though the vendor's went on.
    assert all(h.at_s <= 0.4 for h in ear.told if isinstance(h, EndpointHinted))
    assert all(told.end_s <= 0.4 for told in ear.texts)


async def test_nothing_is_asked_for_what_is_known(sandbox: Sandbox) -> None:
    async with listening(nova(sandbox)) as ear:
        ear.recognition.feed(SPEECH)
        for _ in range(3):
            ear.recognition.finalise(1.4)
            await ear.until("final")
    asked = [text for text in sandbox.requests[0].texts("client") if "Finalize" in text]
    assert len(asked) <= 1


# --- flux's own opinion ------------------------------------------------------------------------


async def test_flux_tells_where_it_thinks_a_turn_ends(sandbox: Sandbox) -> None:
    async with listening(flux(sandbox)) as ear:
        ear.recognition.feed(silence(0.2) + sound(1.0))
        ear.recognition.feed(silence(0.32) + sound(0.8) + silence(1.0))
        await ear.until("ended")
    assert ear.hints[:3] == ["eager", "resumed", "eager"]
    assert ear.hints.count("ended") == 1
    eager = next(n for n, h in enumerate(ear.told) if getattr(h, "kind", "") == "eager")
    assert ear.told[eager - 1].final  # type: ignore[union-attr]


async def test_without_a_threshold_there_are_no_eager_events(sandbox: Sandbox) -> None:
    async with listening(flux(sandbox, eager_eot_threshold=None)) as ear:
        ear.recognition.feed(SPEECH + silence(1.0))
        await ear.until("ended")
    assert ear.hints == ["ended"]


# --- what goes wrong ---------------------------------------------------------------------------

REFUSALS = [
    (Fault(refuse=401), Rejected),
    (Fault(refuse=403), Rejected),
    (Fault(refuse=400), Rejected),
    (Fault(refuse=408), TimedOut),
    (Fault(refuse=429, retry_after_s=7), AtCapacity),
    (Fault(refuse=500), Unavailable),
    (Fault(refuse=503), Unavailable),
]
LATER = [
    (Fault(close=1011, reason="NET-0000: internal"), Unavailable),
    (Fault(close=1008, reason="DATA-0000: not audio"), Rejected),
    (Fault(close=1013), AtCapacity),
    (Fault(vanish=True, after=2), Unavailable),
    (Fault(malformed=True, after=1), Unavailable),
    (Fault(stall=True, after=1), TimedOut),
    (Fault(half_open=True, after=1), TimedOut),
]


@BOTH
@pytest.mark.parametrize("fault, kind", [*REFUSALS, *LATER], ids=str)
async def test_a_failure_is_one_of_ours(
    make: Make, fault: Fault, kind: type[ProviderError], sandbox: Sandbox
) -> None:
    sandbox.rules.add(fault)
    engine = make(sandbox, finalise_within_s=0.6)
    error = await failure(engine, SPEECH)
    assert type(error) is kind, error
    assert error.provider == engine.name
    if isinstance(error, AtCapacity) and fault.refuse:
        assert error.retry_after_s == 7
    # The next connection is as good as new.
    async with listening(make(sandbox)) as ear:
        ear.recognition.feed(SPEECH)
        ear.recognition.finalise(1.4)
        await ear.until("final")
    assert ear.final == FIRST


@BOTH
async def test_frames_in_the_wrong_order_lose_nothing(make: Make, sandbox: Sandbox) -> None:
    for after in range(1, 6):
        sandbox.rules.add(Fault(reorder=True, after=after))
        async with listening(make(sandbox)) as ear:
            ear.recognition.feed(SPEECH + silence(0.5))
            ear.recognition.finalise(1.4)
            await ear.until("final")
        assert ear.final == FIRST


@BOTH
async def test_a_slow_vendor_is_only_late(make: Make, sandbox: Sandbox) -> None:
    sandbox.rules.add(Fault(latency_s=0.05, jitter_s=0.05))
    async with listening(make(sandbox)) as ear:
        ear.recognition.feed(SPEECH)
        ear.recognition.finalise(1.4)
        await ear.until("final")
    assert ear.final == FIRST


@BOTH
async def test_a_vendor_that_never_answers_times_out(make: Make, sandbox: Sandbox) -> None:
    sandbox.rules.add(Fault(connect_s=5.0))
    engine = make(sandbox)
    engine._peer.connect_within_s = 0.2  # type: ignore[attr-defined]
    assert isinstance(await failure(engine, SPEECH), TimedOut)


@BOTH
async def test_nobody_at_the_address_is_unavailable(make: Make, sandbox: Sandbox) -> None:
    with Sandbox() as gone:
        engine = make(gone)
    assert isinstance(await failure(engine, SPEECH), Unavailable)
    await engine.start()  # and does not keep the process from starting


@BOTH
async def test_a_wrong_key_is_found_at_the_start(make: Make, sandbox: Sandbox) -> None:
    with pytest.raises(Rejected, match=r"HTTP 401 Invalid credentials\."):
        await make(sandbox, key="another-secret").start()
    await make(sandbox).start()


@BOTH
async def test_the_key_is_nowhere_to_be_seen(
    make: Make, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    engine = make(sandbox)
    sandbox.rules.add(Fault(refuse=403, reason=f"{KEY} may not"))
    sandbox.rules.add(Fault(close=1011, reason=f"bad {KEY}", after=1))
    errors = [await failure(engine, SPEECH) for _ in range(2)]
    async with listening(engine) as ear:
        ear.recognition.feed(SPEECH)
    seen = [*map(str, errors), *map(repr, errors), caplog.text, repr(engine.__dict__)]
    seen += [repr(engine._settings), repr(sandbox.requests)]  # type: ignore[attr-defined]
    assert not [text for text in seen if KEY in text]
    assert "***" in str(errors[0])


# --- what it says of itself --------------------------------------------------------------------


def test_capabilities_are_data() -> None:
    assert NOVA.finalise
    assert NOVA.native_mulaw
    assert not FLUX.finalise
    assert (FLUX.end_of_turn, FLUX.keep_alive) == ("eager", "silence")


# --- a call goes on ----------------------------------------------------------------------------


@BOTH
async def test_a_call_loses_and_doubles_no_word_when_its_vendor_vanishes(
    make: Make, sandbox: Sandbox
) -> None:
    told: list[Heard] = []
    attendees = Attendees()
    complete = asyncio.Event()

    def tell(heard: Heard) -> None:
        told.append(heard)
        if isinstance(heard, TranscriptChanged) and heard.final and heard.end_s > 1.6:
            complete.set()

    ear = OpenEar(
        Roster([make(sandbox)]),
        line=Hearing(),
        tell=tell,
        attendance=attendees,
        clock=LoopClock(),
        chance=lambda: 0.5,
    )
    pcm = silence(0.3) + sound(1.5) + silence(0.3)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(ear.run())
        for at in range(0, len(pcm), 640):
            ear.feed(pcm[at : at + 640])
            if at == 640 * 15:
                ear.voice(SpeechStarted(at_s=0.3))
            if at == 640 * 60:
                sandbox.vanish()
            await asyncio.sleep(0.01)
        ear.voice(SpeechStopped(at_s=1.8))
        ear.finalise(1.8)
        async with asyncio.timeout(5):
            await complete.wait()
        running.cancel()
    texts = {h.segment: h.text for h in told if isinstance(h, TranscriptChanged)}
    assert " ".join(text for text in texts.values() if text) == FIRST
    assert len(attendees.losses) == 1
    assert len(sandbox.requests) == 2
