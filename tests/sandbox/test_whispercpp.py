"""whisper.cpp's pretended server, as a client sees it that is not ours."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from tests.providers.stage import SAYS, silence, sound

from antiphon.net.wav import to_wav
from antiphon.sandbox.server import Sandbox

SPEECH = silence(0.2) + sound(1.2) + silence(0.3)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(says=SAYS) as running:
        yield running


def post(sandbox: Sandbox, pcm: bytes, name: str = "a.wav", **form: str) -> httpx2.Response:
    files: dict[str, Any] = {"file": (name, to_wav(pcm, 16_000), "audio/wav")}
    return httpx2.post(
        f"{sandbox.http_url}/inference", data=form, files=files, trust_env=False, timeout=5
    )


def test_the_long_answer_has_segments_and_tokens(sandbox: Sandbox) -> None:
    answer = post(sandbox, SPEECH, response_format="verbose_json", language="en").json()
    assert (answer["task"], answer["language"]) == ("transcribe", "english")
    assert answer["duration"] == pytest.approx(1.7)
    assert answer["text"].strip() == SAYS[0]
    segment = answer["segments"][0]
    assert [token["word"] for token in segment["words"]] == [f" {w}" for w in SAYS[0].split()]
    assert segment["words"][0]["start"] >= 0.1
    assert {"id", "start", "end", "tokens", "avg_logprob", "no_speech_prob"} <= set(segment)


def test_the_short_answer_is_what_nobody_asks_for(sandbox: Sandbox) -> None:
    assert json.loads(post(sandbox, SPEECH).text) == {"text": f" {SAYS[0]}\n"}
    plain = post(sandbox, SPEECH, response_format="text")
    assert plain.text == f" {SAYS[0]}\n"
    assert plain.headers["content-type"].startswith("text/html")


def test_silence_is_described(sandbox: Sandbox) -> None:
    assert "[BLANK_AUDIO]" in post(sandbox, silence(1.0)).json()["text"]


def test_a_request_without_a_readable_file_is_invalid(sandbox: Sandbox) -> None:
    for sent in ({"data": {"file": "x"}}, {"files": {"file": ("a.wav", b"RIFF", "audio/wav")}}):
        refused = httpx2.post(f"{sandbox.http_url}/inference", trust_env=False, **sent)  # type: ignore[arg-type]
        assert (refused.status_code, refused.text) == (400, "Invalid request")


def test_a_growing_utterance_goes_on_and_the_next_begins_anew(sandbox: Sandbox) -> None:
    def said(pcm: bytes, name: str) -> str:
        return str(post(sandbox, pcm, name).json()["text"]).strip()

    assert SAYS[0].startswith(said(SPEECH[: 2 * 16_000], "0123abcd-0.wav"))
    assert said(SPEECH, "0123abcd-0.wav") == SAYS[0]
    assert said(SPEECH, "0123abcd-0.wav") == SAYS[0]
    assert said(SPEECH, "0123abcd-1.wav") == SAYS[1]
    assert said(SPEECH, "0123abcd-0.wav") == SAYS[0]
    assert said(SPEECH, "ffffffff-0.wav") == SAYS[0]
    assert said(SPEECH, "jfk.wav") == said(SPEECH, "jfk.wav") == SAYS[0]


def test_calls_that_are_over_are_forgotten(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("antiphon.sandbox.uploads.MOST_CALLS", 1)
    post(sandbox, SPEECH, "00000001-0.wav")
    post(sandbox, SPEECH, "00000002-0.wav")
    again = post(sandbox, SPEECH, "00000001-1.wav").json()["text"]
    assert again.strip() == SAYS[0]
