"""ElevenLabs' voices from words, against the sandbox."""

import base64
import json
from typing import Any

import pytest
from tests.providers.stage import account

from antiphon.errors import Rejected, RemoteProtocolError, Unavailable
from antiphon.net.designing import Brief
from antiphon.net.wav import from_wav, to_wav
from antiphon.providers.elevenlabs import designs as module
from antiphon.providers.elevenlabs.designs import ElevenLabsDesigner
from antiphon.providers.elevenlabs.voices import ElevenLabsVoices
from antiphon.providers.elevenlabs.wire import making as wire
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox

BRIEF = Brief(description="A calm elderly Irish woman, warm.", language="en")
TEXT = "Good morning. You have reached the front desk of the Harbour Hotel in Cork. " * 2


async def test_previews_are_heard_and_one_is_kept(sandbox: Sandbox) -> None:
    designer, voices = ElevenLabsDesigner(account(sandbox)), ElevenLabsVoices(account(sandbox))
    previews = await designer.design(BRIEF)
    assert len({preview.id for preview in previews}) == 3
    for preview in previews:
        pcm, rate_hz = from_wav(preview.data)
        assert preview.kind == "wav"
        assert preview.seconds == pytest.approx(len(pcm) / 2 / rate_hz)
        assert preview.seconds > 1
    kept = await designer.keep(BRIEF, previews[1].id, name="maeve")
    assert (kept.name, kept.cloned) == ("maeve", True)
    found = {voice.id: voice for voice in await voices.list()}
    assert (found[kept.id].name, found[kept.id].language) == ("maeve", "en")
    assert found[kept.id].cloned, "and so one's own to delete"
    await voices.delete(kept.id)
    await designer.aclose()
    await voices.aclose()


async def test_what_is_asked_for(sandbox: Sandbox) -> None:
    designer = ElevenLabsDesigner(account(sandbox))
    for text in ("", TEXT):
        await designer.design(Brief(description=BRIEF.description, text=text))
    first, second = (json.loads(request.frames[0].data) for request in sandbox.requests)
    same = {"voice_description": BRIEF.description}
    assert first == {**same, "auto_generate_text": True}
    assert second == {**same, "text": TEXT}
    await designer.aclose()


async def test_a_preview_that_is_gone(sandbox: Sandbox) -> None:
    designer = ElevenLabsDesigner(account(sandbox))
    with pytest.raises(Rejected, match="not found"):
        await designer.keep(BRIEF, "long-gone", name="maeve")
    with pytest.raises(Rejected, match="20 to 1000"):
        await designer.design(Brief(description="A woman."))
    sandbox.rules.add(Fault(malformed=True))
    with pytest.raises(Unavailable, match="cannot be read"):
        await designer.design(BRIEF)
    (preview, *_) = await designer.design(BRIEF)
    sandbox.rules.add(Fault(malformed=True))
    with pytest.raises(Unavailable, match="cannot be read"):
        await designer.keep(BRIEF, preview.id, name="maeve")
    await designer.aclose()


async def test_no_preview_is_nothing_to_choose_from(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("antiphon.sandbox.elevenlabs.making.PACES", ())
    designer = ElevenLabsDesigner(account(sandbox))
    with pytest.raises(Unavailable, match="no voice of that description"):
        await designer.design(BRIEF)
    await designer.aclose()


WAV = to_wav(b"\1\2" * 9, 24_000)


@pytest.mark.parametrize(
    "media, data, kind, written",
    [
        ("audio/mpeg", b"ID3 and so on", "mp3", b"ID3 and so on"),
        ("audio/wav", WAV, "wav", WAV),
        ("Audio/PCM; rate=24000", b"\1\2" * 9 + b"\3", "wav", WAV),
        ("application/octet-stream", WAV, "wav", WAV),
    ],
)
def test_whatever_the_vendor_sends_can_be_played(
    media: str, data: bytes, kind: str, written: bytes
) -> None:
    sent = wire.Preview(
        audio_base_64=data, generated_voice_id="a", media_type=media, duration_secs=1.0
    )
    preview = module._preview(sent)
    assert (preview.kind, preview.data) == (kind, written)


# --- the wire ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message, decode",
    [
        (wire.Design(voice_description="d", text="t", stream_previews=True), wire.decode_design),
        (
            wire.Designed(
                previews=(
                    wire.Preview(
                        audio_base_64=b"\0", generated_voice_id="g", media_type="m",
                        duration_secs=1.5, language="en",
                    ),
                ),
                text="t",
            ),
            wire.decode_designed,
        ),
        (
            wire.Keep(voice_name="n", voice_description="d", generated_voice_id="g"),
            wire.decode_keep,
        ),
        (wire.NewProfessional(name="n", language="en"), wire.decode_professional),
        (wire.Begun(voice_id="v"), wire.decode_begun),
        (wire.Train(model_id="m"), wire.decode_train),
    ],
    ids=lambda each: type(each).__name__,
)  # fmt: skip
def test_what_one_end_says_the_other_reads(message: Any, decode: Any) -> None:
    assert decode(wire.encode(message).encode()) == message
    with pytest.raises(RemoteProtocolError):
        decode(b"[")


def test_training_without_a_word_is_the_vendors_choice() -> None:
    assert wire.decode_train(b"") == wire.Train()


PNG = b"\x89PNG and so on"


@pytest.mark.parametrize(
    "body, kind",
    [
        (wire.encode_captcha(PNG), "png"),
        (base64.b64encode(PNG) + b"\n", "png"),
        (PNG, "png"),
        (b"\xff\xd8\xff\xe0", "jpg"),
        (b'"' + base64.b64encode(b"ID3x") + b'"', "mp3"),
    ],
)
def test_what_is_read_aloud_is_read_in_every_shape_it_was_seen_in(body: bytes, kind: str) -> None:
    data, told = wire.decode_captcha(body)
    assert told == kind
    assert data.startswith((PNG, b"\xff\xd8", b"ID3"))


@pytest.mark.parametrize("body", [b'{"text": "Read this"}', base64.b64encode(b"hello"), b""])
def test_anything_else_is_no_challenge(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="neither a picture"):
        wire.decode_captcha(body)
