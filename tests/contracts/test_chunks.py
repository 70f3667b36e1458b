"""How much audio goes to a vendor in one message, seen on the wire: as was asked, at any rate, and
nothing else of what is heard changes."""

import base64
import json
from pathlib import Path

import pytest
from tests.providers.stage import Ear, listening, silence, sound

from antiphon.audio.frame import int16, pcm16
from antiphon.errors import ConfigError
from antiphon.net.offering import Offer, Order
from antiphon.ports.stt import Encoding
from antiphon.providers.openai.wire.realtime import PCM_RATE_HZ
from antiphon.sandbox.record import Request
from antiphon.sandbox.server import Sandbox
from antiphon.wiring.providers import OFFERS

STREAMING = [
    offer for offer in OFFERS if offer.proof == "wire" and "chunk_ms" in offer.settings.model_fields
]
each_streaming = pytest.mark.parametrize("offer", STREAMING, ids=lambda offer: offer.name)
SPEECH = silence(0.2) + sound(1.2) + silence(0.433)
"""Not a whole number of chunks."""
LENGTH_S = len(SPEECH) / 32_000


def at(rate_hz: int) -> bytes:
    """The speech at 16 kHz, or every second sample of it."""
    return SPEECH if rate_hz == 16_000 else pcm16(int16(SPEECH)[::2].astype(float))


def audio_of(request: Request) -> list[bytes]:
    """Each message's audio, plain or inside JSON."""
    found = []
    for frame in request.frames:
        if frame.by == "client" and isinstance(frame.data, bytes):
            found.append(frame.data)
        elif frame.by == "client" and frame.data.startswith("{"):
            said = json.loads(frame.data)
            found.append(base64.b64decode(said.get("audio") or said.get("audio_base_64") or ""))
    return [audio for audio in found if audio]


async def heard(offer: Offer, sandbox: Sandbox, rate_hz: int, encoding: Encoding, ms: int) -> Ear:
    order = Order(
        name=offer.name,
        environ=sandbox.environ(),
        options={"chunk_ms": ms},
        models=lambda _: pytest.fail("no model is wanted"),
    )
    async with listening(offer.made(order), rate_hz=rate_hz, encoding=encoding) as ear:
        ear.recognition.feed(at(rate_hz))
        ear.recognition.finalise(LENGTH_S)
        await ear.until("final")
    return ear


@pytest.mark.parametrize("rate_hz, encoding, ms", [(8000, "mulaw", 60), (16_000, "pcm16", 200)])
@each_streaming
async def test_a_message_holds_as_much_as_was_asked(
    offer: Offer, sandbox: Sandbox, rate_hz: int, encoding: Encoding, ms: int
) -> None:
    await heard(offer, sandbox, rate_hz, encoding, ms)
    sent = audio_of(sandbox.requests[0])
    hz, width = rate_hz, 2
    if encoding == "mulaw" and not offer.name.startswith("vosk"):
        width = 1
    elif offer.vendor == "openai":
        hz = PCM_RATE_HZ
    whole = int(LENGTH_S * 1000 / ms)
    assert {len(audio) for audio in sent[:whole]} == {ms * hz // 1000 * width}
    # The rest goes at once: somebody waits for it.
    rest_s = len(sent[whole]) / width / hz
    assert rest_s == pytest.approx(max(LENGTH_S - whole * ms / 1000, 0.033), abs=0.0201)


@each_streaming
async def test_what_is_heard_and_where_does_not_depend_on_it(
    offer: Offer, sandbox: Sandbox
) -> None:
    ears = [await heard(offer, sandbox, 16_000, "pcm16", ms) for ms in (50, 200)]
    (_, short), (_, long) = ((ear.final, ear.texts[-1]) for ear in ears)
    assert short.text == long.text != ""
    assert long.end_s == pytest.approx(short.end_s, abs=0.05)
    assert [w.start_s for w in long.words] == pytest.approx(
        [w.start_s for w in short.words], abs=0.05
    )
    for request in sandbox.requests[:2]:
        joined = b"".join(audio_of(request))
        if offer.vendor != "openai":  # resampled
            assert joined.startswith(SPEECH)


@each_streaming
@pytest.mark.parametrize("ms", [10, 201])
def test_what_the_vendor_does_not_take_is_refused_with_what_it_does(offer: Offer, ms: int) -> None:
    order = Order(name=offer.name, environ={offer.key: "k"}, options={"chunk_ms": ms}, models=Path)
    with pytest.raises(ConfigError) as caught:
        offer.made(order)
    least = 50 if offer.vendor == "assemblyai" else 20
    assert f"chunk_ms cannot be {ms}" in str(caught.value)
    assert caught.value.fix == f"it may be {least} to 200"
