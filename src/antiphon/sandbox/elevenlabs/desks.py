"""ElevenLabs' requests from the vendor's end: speech by HTTP, and the voices of an account.

Any voice that was not deleted speaks, for agent files name voices the sandbox never saw. An
account's own are kept from one request to the next.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from starlette.datastructures import UploadFile

from antiphon.errors import ProviderError, RemoteProtocolError
from antiphon.providers.elevenlabs.wire import timed, voices
from antiphon.sandbox.elevenlabs.alignment import as_chunk
from antiphon.sandbox.elevenlabs.voice import FORMATS, MODELS, spoken
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.vendor import Means

__all__ = ["SERVED", "detail"]

NAMES: Final = {
    400: "invalid_request",
    401: "invalid_api_key",
    403: "forbidden",
    404: "voice_not_found",
    422: "invalid_parameters",
    429: "too_many_concurrent_requests",
}
PREMADE: Final = (
    voices.Voice(
        voice_id="JBFqnCBsd6RMkjVDRZzb",
        name="George",
        category="premade",
        labels={"language": "en", "accent": "british"},
    ),
    voices.Voice(
        voice_id="21m00Tcm4TlvDq8ikWAM",
        name="Rachel",
        category="premade",
        labels={"language": "en", "accent": "american"},
    ),
)


@dataclass(slots=True)
class _Account:
    known: dict[str, voices.Voice] = field(
        default_factory=lambda: {voice.voice_id: voice for voice in PREMADE}
    )
    gone: set[str] = field(default_factory=set)


def _account(means: Means) -> _Account:
    account: _Account = means.kept.setdefault("elevenlabs", _Account())
    return account


def detail(status: int, why: str) -> Mapping[str, Any]:
    """The body of a refusal."""
    return {"detail": {"status": NAMES.get(status, "error"), "message": why}}


async def _refuse(exchange: Exchange, status: int, why: str) -> None:
    await exchange.answer(msgspec.json.encode(detail(status, why)), status=status)


# --- speech ----------------------------------------------------------------------------------


async def _asked(exchange: Exchange, means: Means) -> timed.Request | None:
    """What is to be spoken; None where it was refused."""
    try:
        asked = timed.decode_request(await exchange.body())
    except RemoteProtocolError as error:
        await _refuse(exchange, 422, str(error))
        return None
    mistake = ""
    if exchange.path["voice"] in _account(means).gone:
        await _refuse(exchange, 404, "A voice with this id was not found.")
        return None
    if not asked.text.strip():
        mistake = "text is empty"
    elif asked.model_id not in MODELS:
        mistake = f"model_id must be one of {', '.join(MODELS)}"
    elif exchange.query.get("output_format", "mp3_44100_128") not in FORMATS:
        mistake = f"the sandbox sends {', '.join(FORMATS)} only: give output_format"
    if mistake:
        await _refuse(exchange, 400, mistake)
        return None
    return asked


async def _timed(exchange: Exchange, means: Means) -> None:
    asked = await _asked(exchange, means)
    if asked is None:
        return
    await exchange.start({"content-type": "application/json"})
    try:
        async for piece in _speech(exchange, means, asked):
            shown = as_chunk(piece.chars)
            chunk = timed.Chunk(
                audio_base64=piece.audio, alignment=shown, normalized_alignment=shown
            )
            await exchange.send(timed.encode(chunk).encode() + b"\n")
    except ProviderError:
        exchange.vanish()
        return
    await exchange.finish()


async def _raw(exchange: Exchange, means: Means) -> None:
    asked = await _asked(exchange, means)
    if asked is None:
        return
    await exchange.start({"content-type": "audio/pcm"})
    try:
        async for piece in _speech(exchange, means, asked):
            await exchange.send(piece.audio)
    except ProviderError:
        exchange.vanish()
        return
    await exchange.finish()


def _speech(exchange: Exchange, means: Means, asked: timed.Request) -> Any:
    settings = asked.voice_settings
    speed = (settings.speed if settings else None) or 1.0
    return spoken(means, asked.text, exchange.query["output_format"], speed)


# --- voices ----------------------------------------------------------------------------------


async def _list(exchange: Exchange, means: Means) -> None:
    found = tuple(_account(means).known.values())
    await exchange.answer(voices.encode(voices.Voices(found)).encode())


async def _add(exchange: Exchange, means: Means) -> None:
    form = await exchange.form()
    files = [each for each in form.getlist("files") if isinstance(each, UploadFile)]
    name = form.get("name")
    if not name or not files or not all(each.size for each in files):
        await _refuse(exchange, 422, "a name and at least one recording are needed")
        return
    labels = msgspec.json.decode(form.get("labels") or "{}", type=dict[str, str] | None)
    voice = voices.Voice(
        voice_id=secrets.token_hex(10),
        name=name,
        category="cloned",
        labels=labels or {},
        description=form.get("description"),
    )
    _account(means).known[voice.voice_id] = voice
    await exchange.answer(voices.encode(voices.Added(voice.voice_id)).encode())


async def _one(exchange: Exchange, means: Means) -> None:
    account, voice_id = _account(means), exchange.path["voice"]
    voice = account.known.get(voice_id)
    if voice is None:
        await _refuse(exchange, 404, "A voice with this id was not found.")
    elif exchange.method == "GET":
        await exchange.answer(voices.encode(voice).encode())
    else:
        del account.known[voice_id]
        account.gone.add(voice_id)
        await exchange.answer(voices.encode(voices.Deleted()).encode())


SPEECH: Final = "/v1/text-to-speech/{voice}"
SERVED: Final = (
    (SPEECH + "/stream/with-timestamps", _timed, ("POST",)),
    (SPEECH + "/stream", _raw, ("POST",)),
    (SPEECH, _raw, ("POST",)),
    ("/v1/voices", _list, ("GET",)),
    ("/v1/voices/add", _add, ("POST",)),
    ("/v1/voices/{voice}", _one, ("GET", "DELETE")),
)
