"""The XTTS streaming server, as the sandbox opens it: no key, and no mercy for wrong shapes.

Speech sounds the same in all voices; what is made of a recording depends on its bytes alone.
"""

import hashlib
from typing import Final

import msgspec

from antiphon.errors import ProviderError, RemoteProtocolError
from antiphon.providers.xtts import wire
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.mouth import speech
from antiphon.sandbox.vendor import Desk, Means, Refusal

__all__ = ["DESKS"]

EMBEDDING_NUMBERS: Final = 512
LATENT_ROWS: Final = 32
LANGUAGES: Final = (
    "en es fr de it pt pl tr ru nl cs ar zh-cn hu ko ja hi".split()
)  # those of the published model
WAV_HEADER: Final = (
    b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\xc0\x5d\x00\x00"
    b"\x80\xbb\x00\x00\x02\x00\x10\x00data\x00\x00\x00\x00"
)


def _speaker(seed: float) -> wire.Speaker:
    row = (seed, *([0.0] * (wire.LATENT_WIDTH - 1)))
    return wire.Speaker((seed,) * EMBEDDING_NUMBERS, (row,) * LATENT_ROWS)


STUDIO: Final = wire.encode_speakers(
    {"Asya Anara": _speaker(0.5), "Claribel Dervla": _speaker(0.25)}
)


def _refuse(status: int, why: str) -> Refusal:
    return Refusal(status, {}, {"detail": why})


async def _wrong(exchange: Exchange, why: str) -> None:
    detail = [{"type": "value_error", "loc": ["body"], "msg": why}]
    await exchange.answer(msgspec.json.encode({"detail": detail}), status=422)


async def _stream(exchange: Exchange, means: Means) -> None:
    try:
        asked = wire.decode_stream(await exchange.body())
    except RemoteProtocolError as error:
        await _wrong(exchange, str(error))
        return
    numbers = sum(map(len, asked.gpt_cond_latent))
    if numbers % wire.LATENT_WIDTH or not numbers or asked.language not in LANGUAGES:
        # The published server looks at neither, and breaks.
        await exchange.answer(b"Internal Server Error", "text/plain", 500)
        return
    await exchange.start({"content-type": "audio/wav"})
    if asked.add_wav_header:
        await exchange.send(WAV_HEADER)
    try:
        async for piece in speech(means, asked.text, wire.RATE_HZ):
            if piece.pcm:
                await exchange.send(piece.pcm)
    except ProviderError:
        exchange.vanish()
        return
    await exchange.finish()


async def _clone(exchange: Exchange, means: Means) -> None:
    form = await exchange.form()
    file = form.get("wav_file")
    data = b"" if file is None or isinstance(file, str) else await file.read()
    if not data:
        await _wrong(exchange, "wav_file is missing")
        return
    seed = hashlib.sha256(data).digest()[0] / 256
    await exchange.answer(wire.encode(_speaker(seed)))


async def _studio(exchange: Exchange, means: Means) -> None:
    await exchange.answer(STUDIO)


async def _languages(exchange: Exchange, means: Means) -> None:
    await exchange.answer(msgspec.json.encode(LANGUAGES))


DESKS: Final = (
    Desk(path="/tts_stream", key=None, refuse=_refuse, serve=_stream),
    Desk(path="/clone_speaker", key=None, refuse=_refuse, serve=_clone),
    Desk(path="/studio_speakers", key=None, refuse=_refuse, serve=_studio, methods=("GET",)),
    Desk(path="/languages", key=None, refuse=_refuse, serve=_languages, methods=("GET",)),
)
