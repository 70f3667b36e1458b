"""Azure's own SDK asks the sandbox for its voices."""

import asyncio
from typing import Any

import azure.cognitiveservices.speech as azure
import pytest
from tests.certification.outside.conftest import Sandbox

SDK = "azure-cognitiveservices-speech"
VOICES = "GET /cognitiveservices/voices/list"


async def listed(sandbox: Sandbox, key: str = "") -> Any:
    config = azure.SpeechConfig(subscription=key or sandbox.key, host=sandbox.http)
    voice = azure.SpeechSynthesizer(speech_config=config, audio_config=None)
    return await asyncio.to_thread(voice.get_voices_async("").get)


@pytest.mark.proves(
    VOICES,
    by=SDK,
    exchange="the voices",
    schema="name, short name, locale, gender and kind of each, as it reads them",
)
async def test_voices_are_listed(sandbox: Sandbox) -> None:
    result = await listed(sandbox)
    assert result.reason is azure.ResultReason.VoicesListRetrieved, result.error_details
    for voice in result.voices:
        assert voice.short_name in voice.name or voice.local_name
        assert voice.short_name.startswith(voice.locale)
        assert voice.gender in (
            azure.SynthesisVoiceGender.Female,
            azure.SynthesisVoiceGender.Male,
        )
        assert voice.voice_type is azure.SynthesisVoiceType.OnlineNeural


@pytest.mark.proves(VOICES, by=SDK, refusal="wrong key (401)")
async def test_voices_are_for_those_with_a_key(sandbox: Sandbox) -> None:
    result = await listed(sandbox, "wrong")
    assert result.reason is azure.ResultReason.Canceled
    assert "401" in result.error_details
