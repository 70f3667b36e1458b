"""A recording and its text: one request to the service that reads whole recordings.

Which recordings are read when is `antiphon.net.readings`.
"""

from dataclasses import dataclass

from antiphon.errors import RemoteProtocolError, Unavailable
from antiphon.net import sse
from antiphon.net.frames import Unknown
from antiphon.net.http import Answer, Http
from antiphon.net.wav import to_wav
from antiphon.ports.stt import Hearing
from antiphon.providers.openai.account import finish
from antiphon.providers.openai.hints import hints
from antiphon.providers.openai.settings_speech import TranscribeSettings
from antiphon.providers.openai.wire import transcribe as wire

__all__ = ["Read", "read"]


@dataclass(frozen=True, slots=True)
class Read:
    """What is said in a recording."""

    text: str
    language: str = ""
    """Empty where the vendor does not tell."""


async def read(
    http: Http, settings: TranscribeSettings, hearing: Hearing, pcm: bytes, name: str
) -> Read:
    """``name`` is the recording's file's. Raises a `ProviderError`."""
    if len(pcm) / 2 / hearing.rate_hz < wire.LEAST_S:
        return Read("")  # no word is that short
    model = settings.model
    help_ = hints(model, hearing, language=settings.language, prompt=settings.prompt)
    streams = not model.startswith("whisper")
    form = wire.fields(
        {
            "model": model,
            "language": help_.language,
            "languages": help_.languages,
            "keywords": help_.keywords,
            "prompt": help_.prompt,
            "response_format": "json",
            "stream": "true" if streams else None,
        }
    )
    file = (name, to_wav(pcm, hearing.rate_hz), "audio/wav")
    try:
        async with http.ask(
            "POST", "/audio/transcriptions", data=form, files={"file": file}
        ) as answer:
            if streams:
                return await _streamed(answer, http.provider)
            return _read(wire.decode_answer(await answer.body()))
    except RemoteProtocolError as error:
        what = f"sent what cannot be read: {error}"
        raise Unavailable(what, provider=http.provider) from None


def _read(told: wire.Transcript | wire.TextDone) -> Read:
    return Read(told.text.strip(), told.languages[0].code if told.languages else "")


async def _streamed(answer: Answer, provider: str) -> Read:
    events = sse.events(answer.lines())
    async for sent in events:
        if sent.data == "[DONE]":
            break
        match wire.decode_event(sent.data):
            case wire.TextDone() as done:
                await finish(events)
                return _read(done)
            case Unknown(type="error"):
                raise Unavailable("gave up in the middle of a reading", provider=provider)
            case _:
                pass  # more of the text; it comes again, whole
    raise Unavailable("ended a reading without its last word", provider=provider)
