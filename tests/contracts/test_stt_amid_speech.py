"""What a call does to every hosted recogniser: it asks amid speech, and it comes by telephone."""

import asyncio
import base64
import binascii
import json
from collections.abc import Iterator
from contextlib import suppress

import pytest
from tests.contracts.stage import SAYS, on_the_wire, speech, started

from antiphon.audio import g711
from antiphon.events import SpeechStarted, SpeechStopped, TranscriptChanged
from antiphon.net.offering import Offer
from antiphon.ports.stt import Heard, Hearing, Recogniser
from antiphon.sandbox.record import Request
from antiphon.sandbox.server import Sandbox
from antiphon.testing.conformance import word_error_rate
from antiphon.testing.conformance_stt import Ear, listening
from antiphon.wiring.providers import OFFERS

LOOKS_S = (0.2, 0.4, 0.6, 0.8)
"""How long into a sound over the agent a call asks what it says."""
KNOWN_LATE_S = 0.16
"""A voice activity detector is sure of an edge so much later."""
SPEECH = speech(SAYS[0])
NATIVE = [o for o in OFFERS if o.port == "stt" and o.proof == "wire" and "mulaw" in o.can.encodings]


@on_the_wire("stt")
async def test_asking_amid_speech_tears_no_word(offer: Offer, sandbox: Sandbox) -> None:
    async with started(offer, sandbox) as engine, listening(engine) as ear:
        await interrupt(ear)
        final = await ear.final(SPEECH.ends_s, 3.0)
    newest = {told.segment: told.text for told in ear.told}
    assert word_error_rate(final.text, SAYS[0]) == 0, final.text
    assert [text for text in newest.values() if text] == [final.text]


async def interrupt(ear: Ear) -> None:
    """Speak, and be listened to as a caller who speaks over the agent is."""
    edges: list[SpeechStarted | SpeechStopped] = [
        SpeechStarted(at_s=SPEECH.starts_s),
        SpeechStopped(at_s=SPEECH.ends_s),
    ]
    looks = list(LOOKS_S)
    for at in range(0, len(SPEECH.pcm), 3200):
        ear.feed(SPEECH.pcm[at : at + 3200])
        if edges and ear.fed_s >= edges[0].at_s + KNOWN_LATE_S:
            ear.recognition.voice(edges.pop(0))
        if looks and ear.fed_s >= SPEECH.starts_s + looks[0]:
            looks.pop(0)
            ear.recognition.finalise(ear.fed_s)
        await asyncio.sleep(0.015)


@pytest.mark.parametrize("offer", NATIVE, ids=lambda offer: offer.name)
async def test_a_telephones_bytes_arrive_as_they_came(offer: Offer, sandbox: Sandbox) -> None:
    # Two codes mean silence; the second is sent as the first.
    line = bytes(code for code in range(256) if code != 0x7F) * 16
    async with started(offer, sandbox) as engine:
        sandbox.requests.clear()
        await _heard(engine, line)
    sent = b"".join(_audio(request) for request in sandbox.requests)
    assert sent.startswith(line)
    assert not sent[len(line) :].strip(b"\xff"), "only silence may follow"


async def _heard(engine: Recogniser, line: bytes) -> None:
    final = asyncio.Event()

    def tell(heard: Heard) -> None:
        if isinstance(heard, TranscriptChanged) and heard.final:
            final.set()

    recognition = engine.listen(Hearing(rate_hz=8000, encoding="mulaw"), tell)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(recognition.run())
        for at in range(0, len(line), 160):
            recognition.feed(g711.decode_mulaw(line[at : at + 160]))
        recognition.finalise(len(line) / 8000)
        async with asyncio.timeout(5):
            await final.wait()
        running.cancel()


def _audio(request: Request) -> bytes:
    """What a client sent of it, be it in binary frames or within messages."""
    return request.audio("client") or b"".join(_within(request.texts("client")))


def _within(texts: list[str]) -> Iterator[bytes]:
    for text in texts:
        for value in json.loads(text).values() if text.startswith("{") else ():
            if isinstance(value, str) and value:
                with suppress(binascii.Error):
                    yield base64.b64decode(value, validate=True)
