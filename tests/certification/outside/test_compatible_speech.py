"""OpenAI's SDK against a server of somebody's own that takes its speech requests."""

import pytest
from openai import OpenAI
from tests.certification.outside.conftest import SENTENCE, Sandbox

SPEECH = "POST /compatible/v1/audio/speech"


@pytest.mark.proves(SPEECH, by="openai", exchange="pcm and wav, streamed; any model and voice")
@pytest.mark.parametrize("form", ["pcm", "wav"])
def test_it_speaks_with_any_voice(sandbox: Sandbox, form: str) -> None:
    client = OpenAI(api_key="none", base_url=f"{sandbox.http}/compatible/v1")
    ask = client.audio.speech.with_streaming_response.create
    with ask(model="kokoro", voice="af_heart", input=SENTENCE, response_format=form) as answer:  # type: ignore[arg-type]
        audio = b"".join(answer.iter_bytes())
    assert audio.startswith(b"RIFF") is (form == "wav")
    assert 1 < len(audio) / 48_000 < 8
