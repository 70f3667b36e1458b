"""ElevenLabs' own SDK makes voices: from words, and professional ones step by step."""

import base64
import json
from typing import Any

import httpx
import pytest
from elevenlabs import ElevenLabs
from elevenlabs.core.api_error import ApiError
from elevenlabs.types import (
    AddVoiceResponseModel,
    StartPvcVoiceTrainingResponseModel,
    VerifyPvcVoiceCaptchaResponseModel,
    Voice,
    VoiceDesignPreviewResponse,
    VoiceSample,
)
from tests.certification.outside.conftest import Sandbox
from tests.certification.outside.published import strictly

SDK = "elevenlabs"
STRICT = "by its model read strictly"
DESIGN = "POST /v1/text-to-voice/design"
KEEP = "POST /v1/text-to-voice"
BEGIN = "POST /v1/voices/pvc"
SAMPLES = "POST /v1/voices/pvc/{voice}/samples"
CAPTCHA = "/v1/voices/pvc/{voice}/captcha"
TRAIN = "POST /v1/voices/pvc/{voice}/train"
MODEL = "eleven_multilingual_v2"
WORDS = "A calm elderly Irish woman, warm and slow."
FILE = ("a.wav", b"RIFF....WAVE", "audio/wav")


def client(sandbox: Sandbox, key: str = "") -> ElevenLabs:
    return ElevenLabs(api_key=key or sandbox.key, base_url=sandbox.http)


def plain(sandbox: Sandbox) -> httpx.Client:
    return httpx.Client(base_url=sandbox.http, headers={"xi-api-key": sandbox.key})


@pytest.mark.proves(DESIGN, by=SDK, exchange="three previews")
@pytest.mark.proves(KEEP, by=SDK, exchange="a preview becomes a voice")
def test_voices_are_designed_and_kept(sandbox: Sandbox) -> None:
    eleven = client(sandbox)
    made = eleven.text_to_voice.design(
        voice_description=WORDS, auto_generate_text=True, output_format="pcm_16000"
    )
    assert len(made.previews) == 3
    for preview in made.previews:
        assert len(base64.b64decode(preview.audio_base_64)) / 32_000 == preview.duration_secs
    voice = eleven.text_to_voice.create(
        voice_name="maeve",
        voice_description=WORDS,
        generated_voice_id=made.previews[1].generated_voice_id,
        labels={"language": "en"},
    )
    found = eleven.voices.get(voice.voice_id)
    assert (found.name, found.category) == ("maeve", "generated")
    eleven.voices.delete(voice.voice_id)


@pytest.mark.proves(DESIGN, by=SDK, refusal="wrong key (401), a short description (422)")
@pytest.mark.parametrize("key, words, status", [("wrong", WORDS, 401), ("", "A woman.", 422)])
def test_designs_are_refused(sandbox: Sandbox, key: str, words: str, status: int) -> None:
    with pytest.raises(ApiError) as caught:
        client(sandbox, key).text_to_voice.design(
            voice_description=words, auto_generate_text=True, output_format="pcm_16000"
        )
    assert caught.value.status_code == status
    assert caught.value.body["detail"]["message"]


@pytest.mark.proves(KEEP, by=SDK, refusal="no such preview (404)")
def test_nothing_is_kept_that_was_not_designed(sandbox: Sandbox) -> None:
    with pytest.raises(ApiError) as caught:
        client(sandbox).text_to_voice.create(
            voice_name="m", voice_description=WORDS, generated_voice_id="nothing"
        )
    assert caught.value.status_code == 404


@pytest.mark.proves(BEGIN, by=SDK, exchange="a professional voice is begun")
@pytest.mark.proves(SAMPLES, by=SDK, exchange="recordings are added")
@pytest.mark.proves(f"POST {CAPTCHA}", by=SDK, exchange="what was read aloud is sent")
@pytest.mark.proves(TRAIN, by=SDK, exchange="training begins", refusal="nobody verified (400)")
def test_a_professional_voice_is_trained(sandbox: Sandbox) -> None:
    eleven = client(sandbox)
    pvc = eleven.voices.pvc
    voice = pvc.create(name="Ann", language="en", description="warm").voice_id
    samples = pvc.samples.create(voice, files=[FILE, FILE])
    assert [sample.file_name for sample in samples] == ["a.wav", "a.wav"]
    with pytest.raises(ApiError) as caught:
        pvc.train(voice, model_id=MODEL)
    assert caught.value.status_code == 400
    pvc.verification.captcha.get(voice)  # it reads nothing of the answer
    assert pvc.verification.captcha.verify(voice, recording=FILE).status == "ok"
    assert pvc.train(voice, model_id=MODEL).status == "ok"
    states: list[Any] = []
    while not states or states[-1] != "fine_tuned":
        training = eleven.voices.get(voice).fine_tuning
        assert training is not None
        states.append((training.state or {})[MODEL])
        assert len(states) < 9
    assert states == ["queued", "fine_tuning", "fine_tuned"]
    eleven.voices.delete(voice)


@pytest.mark.proves(DESIGN, by=SDK, schema=STRICT)
@pytest.mark.proves(KEEP, by=SDK, schema=STRICT)
@pytest.mark.proves(BEGIN, by=SDK, schema=STRICT)
@pytest.mark.proves(SAMPLES, by=SDK, schema=STRICT)
@pytest.mark.proves(f"POST {CAPTCHA}", by=SDK, schema=STRICT)
@pytest.mark.proves(TRAIN, by=SDK, schema=STRICT)
def test_what_is_made_fits_the_sdk(sandbox: Sandbox) -> None:
    with plain(sandbox) as http:
        asked = {"voice_description": WORDS, "auto_generate_text": True}
        made = http.post("/v1/text-to-voice/design?output_format=pcm_16000", json=asked).text
        preview = strictly(VoiceDesignPreviewResponse, made).previews[0].generated_voice_id
        keep = {"voice_name": "m", "voice_description": WORDS, "generated_voice_id": preview}
        strictly(Voice, http.post("/v1/text-to-voice", json=keep).text)
        begun = http.post("/v1/voices/pvc", json={"name": "Ann", "language": "en"}).text
        path = f"/v1/voices/pvc/{strictly(AddVoiceResponseModel, begun).voice_id}"
        strictly(list[VoiceSample], http.post(f"{path}/samples", files={"files": FILE}).text)
        assert json.loads(http.get(f"{path}/captcha").text)
        read = http.post(f"{path}/captcha", files={"recording": FILE}).text
        strictly(VerifyPvcVoiceCaptchaResponseModel, read)
        strictly(StartPvcVoiceTrainingResponseModel, http.post(f"{path}/train", json={}).text)
        voice = http.get(path.replace("/pvc", "")).text
        assert strictly(Voice, voice).fine_tuning.state == {MODEL: "queued"}
