"""OpenAI's voice as a `Synthesiser`: a request for each clause, the next one made while the one
before is spoken.

The vendor has no memory from one request to the next, so the clauses of a reply may differ in
tone; ``instructions`` hold them together.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import Final

from antiphon.errors import ConfigError, RemoteProtocolError, Unavailable
from antiphon.net import sse
from antiphon.net.frames import Unknown
from antiphon.net.http import Answer
from antiphon.net.spoken_http import HttpUtterance
from antiphon.net.start import trial
from antiphon.ports.tts import Speaking
from antiphon.providers.openai.account import finish, http
from antiphon.providers.openai.settings_speech import SPEECH, SpeechSettings
from antiphon.providers.openai.wire import speech as wire

__all__ = ["SpeechSynthesiser"]

TRIAL: Final = "Hello."
"""Said at start, to nobody."""


class SpeechSynthesiser:
    """See `antiphon.ports.tts.Synthesiser`."""

    name = "openai/speech"
    rate_hz: int = wire.RATE_HZ

    def __init__(self, settings: SpeechSettings) -> None:
        """Raises `ConfigError` for what the model cannot do."""
        first_generation = settings.model.startswith("tts-1")
        if first_generation and settings.instructions:
            raise ConfigError(f"providers: {self.name}: {settings.model} takes no instructions")
        if first_generation and settings.events:
            raise ConfigError(f"providers: {self.name}: {settings.model} sends no events")
        self._settings = settings
        self._events = not first_generation if settings.events is None else settings.events
        self._http = http(self.name, settings.account, settings.audio_within_s)
        self.fingerprint = f"openai {settings.model} {settings.voice} {settings.instructions or ''}"

    async def start(self) -> None:
        """Have a word spoken, which leaves a warm connection. Raises `Rejected` for a key, a model
        or a voice the vendor refuses; a vendor that is away for the moment does not keep the
        process from starting."""
        with trial():
            async with aclosing(self._sound(Speaking(), TRIAL)) as sound:
                async for _ in sound:
                    pass

    def utter(self, speaking: Speaking) -> HttpUtterance:
        return HttpUtterance(partial(self._sound, speaking), provider=self.name)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _sound(self, speaking: Speaking, text: str) -> AsyncGenerator[bytes, None]:
        body = wire.encode(self._request(speaking, text))
        headers = {"Content-Type": "application/json"}
        async with self._http.ask("POST", "/audio/speech", content=body, headers=headers) as answer:
            chunks = self._unwrapped(answer) if self._events else answer.chunks()
            async for chunk in chunks:
                yield chunk

    async def _unwrapped(self, answer: Answer) -> AsyncGenerator[bytes, None]:
        try:
            events = sse.events(answer.lines())
            async for sent in events:
                match wire.decode_event(sent.data):
                    case wire.AudioDelta(audio=audio):
                        yield audio
                    case wire.AudioDone():
                        await finish(events)
                        return
                    case Unknown(type="error"):
                        raise Unavailable("gave up in the middle of a clause", provider=self.name)
                    case _:
                        pass
        except RemoteProtocolError as error:
            what = f"sent what cannot be read: {error}"
            raise Unavailable(what, provider=self.name) from None
        raise Unavailable("ended a clause without its last word", provider=self.name)

    def _instructions(self, speaking: Speaking) -> str | None:
        """The first models take none."""
        own = self._settings.instructions
        if not speaking.style or self._settings.model.startswith("tts-1"):
            return own
        return " ".join(filter(None, (own, f"Speak in this style: {speaking.style}.")))

    def _request(self, speaking: Speaking, text: str) -> wire.SpeechRequest:
        settings = self._settings
        slowest, fastest = SPEECH.speed or (1.0, 1.0)
        voice = speaking.voice or settings.voice
        return wire.SpeechRequest(
            model=settings.model,
            input=text,
            voice={"id": voice} if voice.startswith("voice_") else voice,
            instructions=self._instructions(speaking),
            response_format="pcm",
            speed=min(max(speaking.speed, slowest), fastest),
            stream_format="sse" if self._events else "audio",
        )
