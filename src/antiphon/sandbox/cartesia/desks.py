"""Cartesia's HTTP requests from the vendor's end: speech in one go, and the voices.

Which voices an account has is remembered for as long as the sandbox runs; speech sounds the same
in all of them. What is wrong with a recording is not looked at, beyond there being one.
"""

import uuid
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import msgspec

from antiphon.errors import ProviderError, RemoteProtocolError
from antiphon.net import frames, sse
from antiphon.providers.cartesia import voice_wire, wire
from antiphon.sandbox.cartesia import access
from antiphon.sandbox.cartesia.speak import ENCODE, mistake, timestamps
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.mouth import speech
from antiphon.sandbox.vendor import Desk, Means

__all__ = ["DESKS"]

LIBRARY: Final = (
    voice_wire.Voice(
        id="a0e99841-438c-4a64-b679-ae501e7d6091",
        name="Sandbox",
        language="en",
        tagline="Hums",
        description="What the sandbox has for a voice.",
        access="public",
        visibility="all",
        created_at="2026-01-01T00:00:00Z",
        is_owner=False,
        locales=(voice_wire.Locale("en-US", is_native=True),),
    ),
)
LARGEST: Final = 100
"""Voices on a page."""
Voices: TypeAlias = dict[str, voice_wire.Voice]
_generate: Final = msgspec.json.Decoder(wire.Generate)


async def _refuse(exchange: Exchange, status: int, why: str) -> None:
    body = msgspec.json.encode(access.refuse(status, why).body)
    await exchange.answer(body, status=status)


def _voices(means: Means) -> Voices:
    kept: Voices = means.kept.setdefault("cartesia", {voice.id: voice for voice in LIBRARY})
    return kept


# --- speech ----------------------------------------------------------------------------------


def _asked(body: Mapping[str, Any]) -> wire.Generate:
    """A request by HTTP is one by WebSocket without its context. Raises `RemoteProtocolError`."""
    whole = {"context_id": str(uuid.uuid4()), **body}
    return frames.decode_as(_generate, msgspec.json.encode(whole))


async def _speech(exchange: Exchange, means: Means) -> None:
    try:
        asked = _asked(await exchange.json())
    except (RemoteProtocolError, ValueError, TypeError) as error:
        await _refuse(exchange, 400, str(error))
        return
    why = access.version_missing(exchange.headers, exchange.query) or mistake(asked)[1]
    if why:
        await _refuse(exchange, 400, why)
    elif exchange.request.path.endswith("/sse"):
        await _events(exchange, means, asked)
    else:
        await _bytes(exchange, means, asked)


async def _bytes(exchange: Exchange, means: Means, asked: wire.Generate) -> None:
    encode = ENCODE[asked.output_format.encoding]
    speed = (asked.generation_config or wire.GenerationConfig()).speed or 1.0
    await exchange.start({"content-type": "audio/pcm"})
    try:
        async for piece in speech(means, asked.transcript, asked.output_format.sample_rate, speed):
            if piece.pcm:
                await exchange.send(encode(piece.pcm))
    except ProviderError:
        exchange.vanish()
        return
    await exchange.finish()


async def _events(exchange: Exchange, means: Means, asked: wire.Generate) -> None:
    encode = ENCODE[asked.output_format.encoding]
    speed = (asked.generation_config or wire.GenerationConfig()).speed or 1.0
    await exchange.start({"content-type": "text/event-stream"})
    try:
        async for piece in speech(means, asked.transcript, asked.output_format.sample_rate, speed):
            chunk = wire.Chunk(context_id=asked.context_id, data=encode(piece.pcm))
            await exchange.send(_event("chunk", chunk))
            if piece.words and asked.add_timestamps:
                told = timestamps(asked.context_id, piece, 0.0, None)
                await exchange.send(_event("timestamps", told))
    except ProviderError:
        exchange.vanish()
        return
    await exchange.send(_event("done", wire.Done(context_id=asked.context_id)))
    await exchange.finish()


def _event(name: str, message: msgspec.Struct) -> bytes:
    return sse.encode(sse.Sent(data=wire.encode(message), event=name))


# --- voices ----------------------------------------------------------------------------------


async def _list(exchange: Exchange, means: Means) -> None:
    known = list(_voices(means).values())
    limit = exchange.query.get("limit", "10")
    if not limit.isdecimal() or not 1 <= int(limit) <= LARGEST:
        await _refuse(exchange, 400, f"limit must be 1 to {LARGEST}")
        return
    after = exchange.query.get("starting_after")
    if after is not None:
        at = next((number for number, voice in enumerate(known) if voice.id == after), len(known))
        known = known[at + 1 :]
    page = voice_wire.Page(tuple(known[: int(limit)]), len(known) > int(limit))
    await exchange.answer(voice_wire.encode(page))


async def _clone(exchange: Exchange, means: Means) -> None:
    form = await exchange.form()
    clip = form.get("clip")
    data = b"" if clip is None or isinstance(clip, str) else await clip.read()
    if not data or not form.get("name") or not form.get("language"):
        await _refuse(exchange, 400, "clip, name and language are wanted")
        return
    made = voice_wire.Voice(
        id=str(uuid.uuid4()),
        name=str(form["name"]),
        language=str(form["language"]),
        tagline="",
        description=str(form.get("description", "")),
        access="private",
        visibility="owner",
        created_at="2026-01-01T00:00:00Z",
        is_owner=True,
        user_id="sandbox",
        locales=(),
    )
    _voices(means)[made.id] = made
    await exchange.answer(voice_wire.encode(made))


async def _one(exchange: Exchange, means: Means) -> None:
    voices, voice_id = _voices(means), exchange.path["voice"]
    voice = voices.get(voice_id)
    if voice is None:
        await _refuse(exchange, 404, f"no voice {voice_id}")
    elif exchange.method != "DELETE":
        await exchange.answer(voice_wire.encode(voice))
    elif not voice.is_owner:
        await _refuse(exchange, 403, "the voice is another's")
    else:
        del voices[voice_id]
        await exchange.start({}, 204)
        await exchange.finish()


DESKS: Final = (
    Desk(path="/tts/bytes", key=access.key, refuse=access.refuse, serve=_speech),
    Desk(path="/tts/sse", key=access.key, refuse=access.refuse, serve=_speech),
    Desk(path="/voices", key=access.key, refuse=access.refuse, serve=_list, methods=("GET",)),
    Desk(path="/voices/clone", key=access.key, refuse=access.refuse, serve=_clone),
    Desk(
        path="/voices/{voice}",
        key=access.key,
        refuse=access.refuse,
        serve=_one,
        methods=("GET", "DELETE"),
    ),
)
