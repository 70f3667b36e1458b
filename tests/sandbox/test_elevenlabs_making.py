"""Voices from words and professional voices as the sandbox pretends them, by plain HTTP."""

import base64
import struct
import zlib
from typing import Any

import httpx2
import pytest

from antiphon.call.clock import LoopClock
from antiphon.sandbox.elevenlabs.digits import BARS, drawn
from antiphon.sandbox.server import Sandbox
from antiphon.testing.voice import Fault as VoiceFault
from antiphon.testing.voice import ScriptedVoice

pytest_plugins = ["antiphon.sandbox.pytest_plugin"]

DESIGN = "/v1/text-to-voice/design"
PCM = {"output_format": "pcm_16000"}
WORDS = {"voice_description": "A calm elderly Irish woman.", "auto_generate_text": True}
FILE = ("a.wav", b"RIFF....WAVE", "audio/wav")


def ask(sandbox: Sandbox, method: str, path: str, **content: Any) -> httpx2.Response:
    headers = {"xi-api-key": "sandbox-key"}
    return httpx2.request(method, sandbox.http_url + path, headers=headers, **content)


def begun(sandbox: Sandbox) -> str:
    voice: str = ask(
        sandbox, "POST", "/v1/voices/pvc", json={"name": "Ann", "language": "en"}
    ).json()["voice_id"]
    return voice


# --- from words --------------------------------------------------------------------------------


def test_three_previews_say_the_same_at_three_paces(sandbox: Sandbox) -> None:
    made = ask(sandbox, "POST", DESIGN, params=PCM, json=WORDS).json()
    assert len(made["text"]) >= 100
    lengths = {preview["duration_secs"] for preview in made["previews"]}
    assert len(lengths) == 3
    for preview in made["previews"]:
        pcm = base64.b64decode(preview["audio_base_64"])
        assert len(pcm) / 32_000 == preview["duration_secs"]


def test_a_preview_is_kept_once(sandbox: Sandbox) -> None:
    preview = ask(sandbox, "POST", DESIGN, params=PCM, json=WORDS).json()["previews"][0]
    wanted = {
        "voice_name": "maeve",
        "voice_description": WORDS["voice_description"],
        "generated_voice_id": preview["generated_voice_id"],
    }
    voice = ask(sandbox, "POST", "/v1/text-to-voice", json=wanted).json()
    assert (voice["name"], voice["category"]) == ("maeve", "generated")
    assert ask(sandbox, "GET", f"/v1/voices/{voice['voice_id']}").json() == voice
    assert ask(sandbox, "POST", "/v1/text-to-voice", json=wanted).status_code == 404


@pytest.mark.parametrize(
    "params, change, why",
    [
        ({}, {}, "give output_format"),
        (PCM, {"voice_description": "A woman."}, "20 to 1000"),
        (PCM, {"auto_generate_text": False}, "100 to 1000"),
        (PCM, {"text": "Too short."}, "100 to 1000"),
        (PCM, {"model_id": "eleven_flash_v2_5"}, "eleven_ttv_v3"),
        (PCM, {"stream_previews": True}, "streams no previews"),
        (PCM, {"voice_description": 7}, "Expected `str`"),
    ],
)
def test_what_cannot_be_designed(
    params: dict[str, str], change: dict[str, Any], why: str, sandbox: Sandbox
) -> None:
    answer = ask(sandbox, "POST", DESIGN, params=params, json={**WORDS, **change})
    assert answer.status_code == 422
    assert why in answer.json()["detail"]["message"]


@pytest.mark.parametrize("path", ["/v1/text-to-voice", "/v1/voices/pvc", "/v1/voices/pvc/x/train"])
def test_a_body_that_cannot_be_read(path: str, sandbox: Sandbox) -> None:
    assert ask(sandbox, "POST", path, content=b"[").status_code == 422


def test_a_voice_that_fails_vanishes() -> None:
    def broken() -> ScriptedVoice:
        voice = ScriptedVoice(clock=LoopClock(), first_audio_s=0.0, real_time_factor=0.0)
        voice.faults.append(VoiceFault())
        return voice

    with Sandbox(key="sandbox-key", voice=broken) as sandbox, pytest.raises(httpx2.HTTPError):
        ask(sandbox, "POST", DESIGN, params=PCM, json=WORDS)


# --- trained -----------------------------------------------------------------------------------


def test_the_steps_in_their_order(sandbox: Sandbox) -> None:
    voice = begun(sandbox)
    path = f"/v1/voices/pvc/{voice}"

    def train(model: str = "eleven_flash_v2_5") -> tuple[int, str]:
        answer = ask(sandbox, "POST", f"{path}/train", json={"model_id": model})
        detail = answer.json().get("detail", {})
        return answer.status_code, detail.get("message", "")

    assert train() == (400, "The voice has no samples.")
    (sample,) = ask(sandbox, "POST", f"{path}/samples", files={"files": FILE}).json()
    assert (sample["file_name"], sample["size_bytes"]) == ("a.wav", len(FILE[1]))
    assert train() == (400, "The voice is not verified.")
    reading = {"files": {"recording": FILE}}
    assert ask(sandbox, "POST", f"{path}/captcha", **reading).status_code == 400
    shown = ask(sandbox, "GET", f"{path}/captcha").json()
    assert base64.b64decode(shown).startswith(b"\x89PNG")
    assert ask(sandbox, "POST", f"{path}/captcha", **reading).json() == {"status": "ok"}
    assert train("eleven_music_v9")[0] == 422
    assert train() == (200, "")
    states = [
        ask(sandbox, "GET", f"/v1/voices/{voice}").json()["fine_tuning"]["state"] for _ in range(3)
    ]
    assert states == [{"eleven_flash_v2_5": s} for s in ("queued", "fine_tuning", "fine_tuned")]


@pytest.mark.parametrize("what, field", [("samples", "files"), ("captcha", "recording")])
def test_recordings_are_wanted(what: str, field: str, sandbox: Sandbox) -> None:
    path = f"/v1/voices/pvc/{begun(sandbox)}/{what}"
    for files in {field: ("a.wav", b"", "audio/wav")}, {"other": FILE}:
        assert ask(sandbox, "POST", path, files=files).status_code == 422


def test_other_voices_are_not_trained(sandbox: Sandbox) -> None:
    for voice in "nobody", "JBFqnCBsd6RMkjVDRZzb":
        path = f"/v1/voices/pvc/{voice}"
        answers = [
            ask(sandbox, "POST", f"{path}/samples", files={"files": FILE}),
            ask(sandbox, "GET", f"{path}/captcha"),
            ask(sandbox, "POST", f"{path}/train", json={}),
        ]
        assert [answer.status_code for answer in answers] == [404] * 3


# --- what is read aloud ------------------------------------------------------------------------


def _pixels(png: bytes) -> tuple[int, list[bytes]]:
    """Of a picture whose chunks are whole: how wide it is, and its rows."""
    at, data, width = 8, b"", 0
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        body = png[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack_from(">I", png, at + 8 + length)[0]
        if kind == b"IHDR":
            width = struct.unpack_from(">I", body)[0]
        data += body if kind == b"IDAT" else b""
        at += 12 + length
    rows = zlib.decompress(data)
    return width, [rows[n + 1 : n + 1 + width] for n in range(0, len(rows), width + 1)]


def test_digits_are_told_apart_by_their_bars() -> None:
    def lit(digit: str) -> str:
        _, rows = _pixels(drawn(digit))
        return "".join(
            bar
            for bar, (down, across) in BARS.items()
            if rows[6 + down.start + 1][6 + across.start + 1] == 0
        )

    assert (lit("8"), lit("1"), lit("2"), lit(" ")) == ("abcdefg", "bc", "abdeg", "")
    assert len({lit(digit) for digit in "0123456789"}) == 10
    width, rows = _pixels(drawn("4 7"))
    assert (width, len(rows)) == (3 * 18 + 6, 32)
