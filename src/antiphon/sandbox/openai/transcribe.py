"""``/audio/transcriptions`` from the vendor's end, for WAV: the sandbox has no other codec."""

from typing import Any, Final

import msgspec
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from antiphon.errors import RemoteProtocolError
from antiphon.net import sse
from antiphon.net.wav import from_wav
from antiphon.providers.openai.wire import transcribe as wire
from antiphon.sandbox import minds
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.openai.chat import refuse, wrong
from antiphon.sandbox.uploads import read_upload
from antiphon.sandbox.vendor import Means, Refusal

__all__ = ["serve_transcriptions"]

MODELS: Final = (
    "gpt-transcribe",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
    "whisper-1",
)
HEADERS: Final = {"x-request-id": "req_sandbox"}
TOKENS_PER_S: Final = 10


async def serve_transcriptions(exchange: Exchange, means: Means) -> None:
    """One request."""
    try:
        form = await exchange.form()
    except HTTPException as error:
        await minds.turn_down(exchange, wrong(RemoteProtocolError(error.detail, code="body")))
        return
    try:
        pcm, rate_hz = await _recording(form)
        if refusal := _mistake(form, len(pcm) / 2 / rate_hz):
            await minds.turn_down(exchange, refusal)
            return
        await _answer(exchange, means, form, pcm, rate_hz)
    except RemoteProtocolError as error:
        await minds.turn_down(exchange, wrong(error))
    finally:
        await form.close()


async def _answer(
    exchange: Exchange, means: Means, form: FormData, pcm: bytes, rate_hz: int
) -> None:
    file: Any = form["file"]
    heard = await read_upload(means, file.filename or "", pcm, rate_hz)
    seconds = len(pcm) / 2 / rate_hz
    usage = _usage(str(form["model"]), seconds, heard.text)
    tells = heard.language and form["model"] == "gpt-transcribe"
    languages = (wire.Language(heard.language),) if tells else None
    if form.get("stream") == "true" and form["model"] != "whisper-1":
        await exchange.start({**HEADERS, "content-type": "text/event-stream; charset=utf-8"})
        for at, word in enumerate(heard.text.split()):
            await exchange.send(_event(wire.TextDelta(f" {word}" if at else word)))
        await exchange.send(_event(wire.TextDone(heard.text, usage, languages)))
        await exchange.finish()
    elif form.get("response_format") == "text":
        await exchange.answer(f"{heard.text}\n".encode(), "text/plain; charset=utf-8")
    elif form.get("response_format") == "verbose_json":
        body = {"text": heard.text, "duration": seconds, "language": "english", "usage": usage}
        timed = [{"word": w.text, "start": w.start_s, "end": w.end_s} for w in heard.words]
        words = {"words": timed} if "word" in form.getlist("timestamp_granularities[]") else {}
        await exchange.answer(msgspec.json.encode({"task": "transcribe", **body, **words}))
    else:
        await exchange.answer(wire.encode(wire.Transcript(heard.text, usage, languages)).encode())


async def _recording(form: FormData) -> tuple[bytes, int]:
    file: Any = form.get("file")
    if not isinstance(file, UploadFile):
        raise RemoteProtocolError("Missing required parameter: 'file'.", code="file")
    try:
        return from_wav(await file.read())
    except RemoteProtocolError as error:
        why = f"The sandbox reads 16-bit mono WAV: {error}"
        raise RemoteProtocolError(why, code="file") from None


def _mistake(form: FormData, seconds: float) -> Refusal | None:
    model, shape = str(form.get("model", "")), str(form.get("response_format", "json"))
    if model not in MODELS:
        return refuse(404, f"The model '{model}' does not exist")
    if seconds < wire.LEAST_S:
        return _wrong("file", "Audio file is too short. Minimum audio length is 0.1 seconds.")
    if model.startswith("gpt-") and shape != "json":
        return _wrong("response_format", f"response_format '{shape}' is not for {model}.")
    if shape not in ("json", "text", "verbose_json"):
        return _wrong("response_format", "The sandbox answers json, text and verbose_json.")
    if form.getlist("keywords[]") and model != "gpt-transcribe":
        return _wrong("keywords", f"keywords are not for {model}.")
    return None


def _usage(model: str, seconds: float, text: str) -> wire.Usage:
    if model == "whisper-1":
        return wire.Usage("duration", seconds=seconds)
    heard, said = round(seconds * TOKENS_PER_S), len(text.split())
    return wire.Usage("tokens", input_tokens=heard, output_tokens=said, total_tokens=heard + said)


def _event(event: wire.TextDelta | wire.TextDone) -> bytes:
    return sse.encode(sse.Sent(data=wire.encode(event)))


def _wrong(param: str, why: str) -> Refusal:
    return wrong(RemoteProtocolError(why, code=param))
