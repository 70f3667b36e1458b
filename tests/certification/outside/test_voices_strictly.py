"""What the vendors' voice lists answer, by their SDKs' own models read strictly."""

from typing import Any

import httpx
import pytest
from cartesia.types import Voice as CartesiaVoice
from cartesia.types import VoiceMetadata
from elevenlabs.types import (
    AddVoiceIvcResponseModel,
    DeleteVoiceResponseModel,
    GetVoicesResponse,
    Voice,
)
from tests.certification.outside.conftest import Sandbox
from tests.certification.outside.published import strictly

CLIP = {"clip": ("a.wav", b"RIFF....WAVE")}
FILES = {"files": ("a.wav", b"RIFF....WAVE")}
STRICT = "by its model read strictly"


def eleven(sandbox: Sandbox) -> httpx.Client:
    return httpx.Client(base_url=sandbox.http, headers={"xi-api-key": sandbox.key})


@pytest.mark.proves("GET /v1/voices", by="elevenlabs", schema=STRICT)
@pytest.mark.proves("GET /v1/voices/{voice}", by="elevenlabs", schema=STRICT)
@pytest.mark.proves("POST /v1/voices/add", by="elevenlabs", schema=STRICT)
@pytest.mark.proves("DELETE /v1/voices/{voice}", by="elevenlabs", schema=STRICT)
def test_elevenlabs_voices_fit_the_sdk(sandbox: Sandbox) -> None:
    with eleven(sandbox) as http:
        made = http.post("/v1/voices/add", data={"name": "A"}, files=FILES).text
        voice = strictly(AddVoiceIvcResponseModel, made).voice_id
        strictly(Voice, http.get(f"/v1/voices/{voice}").text)
        found = strictly(GetVoicesResponse, http.get("/v1/voices").text)
        assert voice in [each.voice_id for each in found.voices]
        strictly(DeleteVoiceResponseModel, http.delete(f"/v1/voices/{voice}").text)


@pytest.mark.proves("GET /voices/{voice}", by="cartesia", schema=f"{STRICT}, besides user_id")
@pytest.mark.proves(
    "POST /voices/clone", by="cartesia", schema=f"{STRICT}, besides is_owner and locales"
)
def test_cartesias_voices_fit_the_sdk(sandbox: Sandbox) -> None:
    headers = {"authorization": f"Bearer {sandbox.key}", "cartesia-version": "2026-08-14"}
    with httpx.Client(base_url=sandbox.http, headers=headers) as http:
        asked: Any = {"name": "A", "language": "en"}
        made = http.post("/voices/clone", data=asked, files=CLIP).text
        cloned = strictly(VoiceMetadata, made, {"is_owner", "locales"})
        shown = strictly(CartesiaVoice, http.get(f"/voices/{cloned.id}").text, {"user_id"})
        assert shown.name == "A"
        http.delete(f"/voices/{cloned.id}").raise_for_status()
