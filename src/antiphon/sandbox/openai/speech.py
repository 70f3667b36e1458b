"""``/audio/speech`` from the vendor's end, as raw PCM or WAV: the sandbox has no other codec."""

from typing import Final

from antiphon.errors import ProviderError, RemoteProtocolError
from antiphon.net import sse
from antiphon.net.wav import to_wav
from antiphon.providers.openai.wire import speech as wire
from antiphon.sandbox import minds, mouth
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.openai.chat import refuse, wrong
from antiphon.sandbox.vendor import Means, Refusal

__all__ = ["serve_speech"]

MODELS: Final = ("gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15", "tts-1", "tts-1-hd")
VOICES: Final = "alloy ash ballad coral echo fable onyx nova sage shimmer verse marin cedar".split()
TOKENS_PER_S: Final = 20
"""Of speech."""
HEADERS: Final = {"x-request-id": "req_sandbox"}


async def serve_speech(exchange: Exchange, means: Means) -> None:
    """One request."""
    try:
        request = wire.decode_request(await exchange.body())
        if refusal := _mistake(request):
            await minds.turn_down(exchange, refusal)
            return
    except RemoteProtocolError as error:
        await minds.turn_down(exchange, wrong(RemoteProtocolError(str(error), code="body")))
        return
    speech = mouth.speech(means, request.input, wire.RATE_HZ, request.speed)
    try:
        if request.stream_format == "sse":
            await exchange.start({**HEADERS, "content-type": "text/event-stream; charset=utf-8"})
            samples = 0
            async for piece in speech:
                samples += len(piece.pcm) // 2
                await exchange.send(_event(wire.AudioDelta(piece.pcm)))
            await exchange.send(_event(wire.AudioDone(_usage(request.input, samples))))
        elif request.response_format == "pcm":
            await exchange.start({**HEADERS, "content-type": "audio/pcm"})
            async for piece in speech:
                await exchange.send(piece.pcm)
        else:
            pcm = b"".join([piece.pcm async for piece in speech])
            await exchange.start({**HEADERS, "content-type": "audio/wav"})
            await exchange.send(to_wav(pcm, wire.RATE_HZ))
    except ProviderError:
        exchange.vanish()
        return
    await exchange.finish()


def _event(event: wire.AudioDelta | wire.AudioDone) -> bytes:
    return sse.encode(sse.Sent(data=wire.encode(event)))


def _usage(text: str, samples: int) -> wire.Usage:
    read, made = len(text.split()), round(samples / wire.RATE_HZ * TOKENS_PER_S)
    return wire.Usage(read, made, read + made)


def _mistake(request: wire.SpeechRequest) -> Refusal | None:
    voice = request.voice
    if request.model not in MODELS:
        return refuse(404, f"The model '{request.model}' does not exist")
    if not request.input:
        return _wrong("input", "Input must not be empty.")
    if len(request.input) > wire.INPUT_LETTERS:
        return _wrong("input", f"Input is longer than {wire.INPUT_LETTERS} characters.")
    if isinstance(voice, str) and voice not in VOICES:
        return _wrong("voice", f"Input should be one of {', '.join(VOICES)}.")
    if isinstance(voice, dict) and not voice.get("id"):
        return _wrong("voice", "A custom voice needs its id.")
    if not 0.25 <= request.speed <= 4.0:
        return _wrong("speed", "Speed must be from 0.25 to 4.0.")
    if request.stream_format not in ("audio", "sse"):
        return _wrong("stream_format", "Stream format must be audio or sse.")
    if request.model.startswith("tts-1") and request.stream_format == "sse":
        return _wrong("stream_format", f"sse is not supported for {request.model}.")
    if request.response_format not in ("pcm", "wav"):
        return _wrong("response_format", "The sandbox makes pcm and wav only.")
    return None


def _wrong(param: str, why: str) -> Refusal:
    return wrong(RemoteProtocolError(why, code=param))
