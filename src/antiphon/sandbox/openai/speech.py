"""``/audio/speech`` from the vendor's end, as raw PCM or WAV: the sandbox has no other codec.

Also a server of somebody's own that takes the same requests: any model and any voice, no events,
and files whose heads do not know how long they will be.
"""

from collections.abc import Callable
from typing import Final

from antiphon.errors import ProviderError, RemoteProtocolError
from antiphon.net import sse
from antiphon.net.wav import to_wav
from antiphon.providers.openai.wire import speech as wire
from antiphon.providers.openai.wire import speech_voices
from antiphon.sandbox import minds, mouth
from antiphon.sandbox.exchange import Exchange
from antiphon.sandbox.openai.chat import refuse, wrong
from antiphon.sandbox.vendor import Means, Refusal

__all__ = ["serve_any_speech", "serve_speech", "serve_voices"]

MODELS: Final = ("gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15", "tts-1", "tts-1-hd")
VOICES: Final = "alloy ash ballad coral echo fable onyx nova sage shimmer verse marin cedar".split()
TOKENS_PER_S: Final = 20
"""Of speech."""
HEADERS: Final = {"x-request-id": "req_sandbox"}


async def serve_speech(exchange: Exchange, means: Means) -> None:
    """One request."""
    request = await _asked(exchange, _mistake)
    if request is None:
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


async def serve_any_speech(exchange: Exchange, means: Means) -> None:
    """One request to somebody's own server."""
    request = await _asked(exchange, _malformed)
    if request is None:
        return
    try:
        await exchange.start({"content-type": f"audio/{request.response_format}"})
        if request.response_format == "wav":
            await exchange.send(to_wav(b"", wire.RATE_HZ)[:-4] + b"\xff\xff\xff\xff")
        async for piece in mouth.speech(means, request.input, wire.RATE_HZ, request.speed):
            await exchange.send(piece.pcm)
    except ProviderError:
        exchange.vanish()
        return
    await exchange.finish()


async def serve_voices(exchange: Exchange, means: Means) -> None:
    """What that server says it has."""
    found = tuple(speech_voices.Voice(name, name) for name in VOICES)
    await exchange.answer(speech_voices.encode(speech_voices.Voices(found)).encode())


async def _asked(
    exchange: Exchange, mistake: Callable[[wire.SpeechRequest], Refusal | None]
) -> wire.SpeechRequest | None:
    """What is to be spoken; None where it was refused."""
    try:
        request = wire.decode_request(await exchange.body())
    except RemoteProtocolError as error:
        await minds.turn_down(exchange, wrong(RemoteProtocolError(str(error), code="body")))
        return None
    if refusal := mistake(request):
        await minds.turn_down(exchange, refusal)
        return None
    return request


def _event(event: wire.AudioDelta | wire.AudioDone) -> bytes:
    return sse.encode(sse.Sent(data=wire.encode(event)))


def _usage(text: str, samples: int) -> wire.Usage:
    read, made = len(text.split()), round(samples / wire.RATE_HZ * TOKENS_PER_S)
    return wire.Usage(read, made, read + made)


def _malformed(request: wire.SpeechRequest) -> Refusal | None:
    """What nobody takes."""
    if not request.input:
        return _wrong("input", "Input must not be empty.")
    if len(request.input) > wire.INPUT_LETTERS:
        return _wrong("input", f"Input is longer than {wire.INPUT_LETTERS} characters.")
    if not 0.25 <= request.speed <= 4.0:
        return _wrong("speed", "Speed must be from 0.25 to 4.0.")
    if request.response_format not in ("pcm", "wav"):
        return _wrong("response_format", "The sandbox makes pcm and wav only.")
    return None


def _mistake(request: wire.SpeechRequest) -> Refusal | None:
    """The same, and what OpenAI does not take."""
    voice = request.voice
    if request.model not in MODELS:
        return refuse(404, f"The model '{request.model}' does not exist")
    if isinstance(voice, str) and voice not in VOICES:
        return _wrong("voice", f"Input should be one of {', '.join(VOICES)}.")
    if isinstance(voice, dict) and not voice.get("id"):
        return _wrong("voice", "A custom voice needs its id.")
    if request.stream_format not in ("audio", "sse"):
        return _wrong("stream_format", "Stream format must be audio or sse.")
    if request.model.startswith("tts-1") and request.stream_format == "sse":
        return _wrong("stream_format", f"sse is not supported for {request.model}.")
    return _malformed(request)


def _wrong(param: str, why: str) -> Refusal:
    return wrong(RemoteProtocolError(why, code=param))
