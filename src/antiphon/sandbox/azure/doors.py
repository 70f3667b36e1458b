"""Azure's voice over REST, as the sandbox opens it.

What the service says in the body of a refusal is not documented: the statuses are, the texts are
ours.
"""

from typing import Final

from starlette.requests import HTTPConnection

from antiphon.errors import ProviderError, RemoteProtocolError
from antiphon.providers.azure import wire
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.mouth import ENCODERS, speech
from antiphon.sandbox.vendor import Desk, Means, Refusal

__all__ = ["DESKS"]

RATES: Final = {name: rate_hz for rate_hz, name in wire.FORMATS.items()}
VOICES: Final = (
    b'[{"Name":"Microsoft Server Speech Text to Speech Voice (en-US, AvaNeural)",'
    b'"DisplayName":"Ava","LocalName":"Ava","ShortName":"en-US-AvaNeural","Gender":"Female",'
    b'"Locale":"en-US","LocaleName":"English (United States)","SampleRateHertz":"24000",'
    b'"VoiceType":"Neural","Status":"GA"}]'
)


def _key(connection: HTTPConnection) -> str:
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    # Azure's own SDK sends a bearer without a token beside the key.
    if kind.lower() == "bearer" and token.strip():
        return token.strip()
    return connection.headers.get("ocp-apim-subscription-key", "")


def _refuse(status: int, why: str) -> Refusal:
    return Refusal(status, {}, {"error": {"code": str(status), "message": why}})


async def _speech(exchange: Exchange, means: Means) -> None:
    headers = exchange.headers
    if not headers.get("content-type", "").startswith("application/ssml+xml"):
        await exchange.answer(b"", "text/plain", 415)
        return
    asked = headers.get("x-microsoft-outputformat", "")
    rate_hz = 8000 if asked == wire.MULAW_FORMAT else RATES.get(asked)
    if rate_hz is None or not headers.get("user-agent"):
        await exchange.answer(b"no such output format, or no user agent", "text/plain", 400)
        return
    try:
        said = wire.decode(await exchange.body())
    except RemoteProtocolError as error:
        await exchange.answer(str(error).encode(), "text/plain", 400)
        return
    encode = ENCODERS["mulaw" if asked == wire.MULAW_FORMAT else "linear16"]
    await exchange.start({"content-type": "audio/basic"})
    try:
        async for piece in speech(means, said.text, rate_hz, said.speed):
            await exchange.send(encode(piece.pcm))
    except ProviderError:
        exchange.vanish()
        return
    await exchange.finish()


async def _voices(exchange: Exchange, means: Means) -> None:
    await exchange.answer(VOICES)


DESKS: Final = (
    Desk(path=wire.SPEECH_PATH, key=_key, refuse=_refuse, serve=_speech),
    Desk(path=wire.VOICES_PATH, key=_key, refuse=_refuse, serve=_voices, methods=("GET",)),
)
