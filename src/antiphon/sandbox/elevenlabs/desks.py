"""ElevenLabs' requests from the vendor's end: speech by HTTP, and the voices of an account. How
they are designed and trained is in `making`.

Any voice that was not deleted speaks, for agent files name voices the sandbox never saw. An
account's own are kept from one request to the next.
"""

import secrets
from typing import Any, Final

import msgspec

from antiphon.errors import ProviderError, RemoteProtocolError
from antiphon.providers.elevenlabs.wire import timed, voices
from antiphon.sandbox.elevenlabs import making
from antiphon.sandbox.elevenlabs.account import account, recordings, refuse
from antiphon.sandbox.elevenlabs.alignment import as_chunk
from antiphon.sandbox.elevenlabs.voice import FORMATS, MODELS, spoken
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.vendor import Means

__all__ = ["SERVED"]

# --- speech ----------------------------------------------------------------------------------


async def _asked(exchange: Exchange, means: Means) -> timed.Request | None:
    """What is to be spoken; None where it was refused."""
    try:
        asked = timed.decode_request(await exchange.body())
    except RemoteProtocolError as error:
        await refuse(exchange, 422, str(error))
        return None
    mistake = ""
    if exchange.path["voice"] in account(means).gone:
        await refuse(exchange, 404, "A voice with this id was not found.")
        return None
    if not asked.text.strip():
        mistake = "text is empty"
    elif asked.model_id not in MODELS:
        mistake = f"model_id must be one of {', '.join(MODELS)}"
    elif exchange.query.get("output_format", "mp3_44100_128") not in FORMATS:
        mistake = f"the sandbox sends {', '.join(FORMATS)} only: give output_format"
    if mistake:
        await refuse(exchange, 400, mistake)
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
    found = tuple(account(means).known.values())
    await exchange.answer(voices.encode(voices.Voices(found)).encode())


async def _add(exchange: Exchange, means: Means) -> None:
    form = await exchange.form()
    name = form.get("name")
    if not name or not recordings(form, "files"):
        await refuse(exchange, 422, "a name and at least one recording are needed")
        return
    labels = msgspec.json.decode(form.get("labels") or "{}", type=dict[str, str] | None)
    voice = voices.Voice(
        voice_id=secrets.token_hex(10),
        name=name,
        category="cloned",
        labels=labels or {},
        description=form.get("description"),
    )
    account(means).known[voice.voice_id] = voice
    await exchange.answer(voices.encode(voices.Added(voice.voice_id)).encode())


async def _one(exchange: Exchange, means: Means) -> None:
    whose, voice_id = account(means), exchange.path["voice"]
    voice = whose.known.get(voice_id)
    if voice is None:
        await refuse(exchange, 404, "A voice with this id was not found.")
    elif exchange.method == "GET":
        await exchange.answer(voices.encode(voice).encode())
        whose.known[voice_id] = making.further(voice)
    else:
        del whose.known[voice_id]
        whose.gone.add(voice_id)
        await exchange.answer(voices.encode(voices.Deleted()).encode())


SPEECH: Final = "/v1/text-to-speech/{voice}"
SERVED: Final = (
    (SPEECH + "/stream/with-timestamps", _timed, ("POST",)),
    (SPEECH + "/stream", _raw, ("POST",)),
    (SPEECH, _raw, ("POST",)),
    ("/v1/voices", _list, ("GET",)),
    ("/v1/voices/add", _add, ("POST",)),
    *making.SERVED,
    ("/v1/voices/{voice}", _one, ("GET", "DELETE")),
)
