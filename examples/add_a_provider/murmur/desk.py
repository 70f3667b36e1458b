"""Murmur pretended: it speaks with whatever voice the sandbox has."""

from functools import partial
from typing import Final

import msgspec
from starlette.requests import HTTPConnection

from antiphon.errors import RemoteProtocolError
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.mouth import speech
from antiphon.sandbox.vendor import Desk, Means, Refusal
from murmur import wire

VOICES: Final = ("hush", "breeze")


def _key(connection: HTTPConnection) -> str:
    return connection.headers.get("authorization", "").removeprefix("Bearer ")


def _refuse(status: int, why: str) -> Refusal:
    return Refusal(status, {}, {"error": why})


async def _speech(exchange: Exchange, means: Means) -> None:
    try:
        said = wire.decode(await exchange.body())
        if said.voice not in VOICES:
            raise RemoteProtocolError(f"no voice {said.voice}")
    except RemoteProtocolError as error:
        await exchange.answer(msgspec.json.encode({"error": str(error)}), status=400)
        return
    await exchange.start({"content-type": "audio/pcm"})
    async for piece in speech(means, said.text, wire.RATE_HZ, said.speed):
        await exchange.send(piece.pcm)
    await exchange.finish()


async def _voices(exchange: Exchange, means: Means) -> None:
    await exchange.answer(msgspec.json.encode(VOICES))


_desk = partial(Desk, key=_key, refuse=_refuse)
DESKS: Final = (
    _desk(path="/murmur" + wire.SPEECH_PATH, serve=_speech),
    _desk(path="/murmur" + wire.VOICES_PATH, serve=_voices, methods=("GET",)),
)
