"""``/inference`` from the server's end.

The checks, the answers and their words are those of the server's published source. It reads one
recording at a time; the sandbox lets them overlap.
"""

from typing import Final

from starlette.datastructures import UploadFile

from antiphon.errors import RemoteProtocolError
from antiphon.events import TranscriptChanged
from antiphon.net.wav import from_wav
from antiphon.providers.whispercpp import wire
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.uploads import read_upload
from antiphon.sandbox.vendor import Desk, Means, Refusal

__all__ = ["DESKS"]

PIECE_BYTES: Final = 128
"""Of an answer, so that a fault finds a place in the middle of it."""
SURE: Final = 0.95
LOG_SURE: Final = -0.05
NAMES: Final = {code: name for name, code in wire.NAMES.items()}


def _refuse(status: int, why: str) -> Refusal:
    return Refusal(status, {"server": "whisper.cpp"}, {"error": why})


async def _inference(exchange: Exchange, means: Means) -> None:
    form = await exchange.form()
    try:
        recording = await _recording(form.get("file"))
    finally:
        await form.close()
    if recording is None:
        await exchange.answer(wire.INVALID.encode(), "text/plain", 400)
        return
    name, pcm, rate_hz = recording
    heard = await read_upload(means, name, pcm, rate_hz)
    code = str(form.get("language", "en"))
    if code == wire.AUTO:
        code = heard.language or "en"
    answer = _answer(heard, NAMES.get(code, code), len(pcm) / 2 / rate_hz)
    how = str(form.get("response_format", "json"))
    if how == "text":
        await _say(exchange, answer.text.encode(), "text/html; charset=utf-8")
    elif how == "verbose_json":
        await _say(exchange, wire.encode(answer), "application/json")
    else:
        await _say(exchange, wire.encode(wire.Text(answer.text)), "application/json")


async def _recording(file: object) -> tuple[str, bytes, int] | None:
    """The file's name, its sound and the rate of that; None where it is missing or no WAV."""
    if not isinstance(file, UploadFile):
        return None
    try:
        return (file.filename or "", *from_wav(await file.read()))
    except RemoteProtocolError:
        return None


async def _say(exchange: Exchange, body: bytes, content_type: str) -> None:
    await exchange.start({"content-type": content_type, "server": "whisper.cpp"})
    for at in range(0, len(body), PIECE_BYTES):
        await exchange.send(body[at : at + PIECE_BYTES])
    await exchange.finish()


def _answer(heard: TranscriptChanged, language: str, duration_s: float) -> wire.Inference:
    segment = wire.Segment(
        id=0,
        text=f" {heard.text}" if heard.text else " [BLANK_AUDIO]",
        start=0.0,
        end=duration_s,
        words=tuple(
            wire.Token(f" {word.text}", word.start_s, word.end_s, SURE) for word in heard.words
        ),
        tokens=tuple(range(len(heard.words))),
        avg_logprob=LOG_SURE,
        no_speech_prob=1 - SURE if heard.text else SURE,
    )
    return wire.Inference("transcribe", language, duration_s, f"{segment.text}\n", (segment,))


DESKS = (Desk(path=wire.PATH, key=None, refuse=_refuse, serve=_inference),)
