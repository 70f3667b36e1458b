"""A voice behind any server that takes OpenAI's speech requests: Kokoro, XTTS, Orpheus, Piper and
whatever else people run themselves. A request for each clause.

Such servers differ in what they send back: bare sound, a file, or a kind of file that was not asked
for, which is refused before anybody hears it as noise.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import Final

from antiphon.errors import Rejected, RemoteProtocolError, Unavailable
from antiphon.net.cloning import KnownVoice
from antiphon.net.http import Answer
from antiphon.net.spoken_http import HttpUtterance
from antiphon.net.start import trial
from antiphon.net.wav_stream import Sound
from antiphon.ports.tts import Speaking
from antiphon.providers.openai.account import http
from antiphon.providers.openai.settings_compatible import SPEAKS, CompatibleSpeechSettings
from antiphon.providers.openai.wire import speech as wire
from antiphon.providers.openai.wire import speech_voices

__all__ = ["CompatibleSynthesiser", "CompatibleVoices"]

TRIAL: Final = "Hello."
"""Said at start, to nobody."""
PACKED: Final = frozenset("mpeg mp3 ogg opus aac flac webm mp4".split())
"""Kinds of sound that nothing here can unpack."""


class CompatibleSynthesiser:
    """See `antiphon.ports.tts.Synthesiser`."""

    def __init__(self, name: str, settings: CompatibleSpeechSettings) -> None:
        self.name = name
        self.rate_hz = settings.rate_hz
        self._settings = settings
        self._http = http(name, settings.account, settings.audio_within_s)
        self.fingerprint = (
            f"{name} {settings.account.base_url} {settings.voice} {settings.rate_hz}"
            f" {settings.instructions or ''}"
        )

    async def start(self) -> None:
        """Have a word spoken, which leaves a warm connection. Raises `Rejected` for a key, a model,
        a voice or a format the server refuses; a server that is away for the moment does not keep
        the process from starting."""
        with trial():
            async with aclosing(self._sound(Speaking(), TRIAL)) as sound:
                async for _ in sound:
                    pass

    def utter(self, speaking: Speaking) -> HttpUtterance:
        sound = partial(self._sound, speaking)
        return HttpUtterance(sound, provider=self.name, ahead=self._settings.ahead)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _sound(self, speaking: Speaking, text: str) -> AsyncGenerator[bytes, None]:
        body = wire.encode(self._request(speaking, text))
        headers = {"Content-Type": "application/json"}
        async with self._http.ask("POST", "/audio/speech", content=body, headers=headers) as answer:
            self._check(answer)
            sound, any_ = Sound(), False
            try:
                async for chunk in answer.chunks():
                    pcm = sound.feed(chunk)
                    self._check_rate(sound)
                    any_ = any_ or bool(pcm)
                    yield pcm
                rest = sound.finish()
            except RemoteProtocolError as error:
                raise Rejected(f"sent what is no speech: {error}", provider=self.name) from None
        if not (any_ or rest):
            raise Unavailable("answered without a sound", provider=self.name)
        yield rest

    def _check(self, answer: Answer) -> None:
        kind, _, packed = answer.headers.get("content-type", "").partition(";")[0].partition("/")
        if packed.removeprefix("x-").lower() in PACKED or kind == "text":
            raise Rejected(
                f"sends {kind}/{packed} where {self._settings.response_format} was asked for: try"
                " the other response_format, or another server",
                provider=self.name,
            )
        if packed == "json":
            raise Unavailable("answered with words instead of speech", provider=self.name)

    def _check_rate(self, sound: Sound) -> None:
        if sound.rate_hz not in (None, self.rate_hz):
            raise Rejected(
                f"speaks at {sound.rate_hz} Hz, not {self.rate_hz}: set rate_hz to that",
                provider=self.name,
            )

    def _request(self, speaking: Speaking, text: str) -> wire.SpeechRequest:
        settings = self._settings
        slowest, fastest = SPEAKS.speed or (1.0, 1.0)
        return wire.SpeechRequest(
            model=settings.model,
            input=text,
            voice=speaking.voice or settings.voice,
            instructions=settings.instructions,
            response_format=settings.response_format,
            speed=min(max(speaking.speed, slowest), fastest),
        )


class CompatibleVoices:
    """See `antiphon.net.cloning.VoiceList`. Servers without a list refuse to be asked."""

    def __init__(self, name: str, settings: CompatibleSpeechSettings) -> None:
        self.name = name
        self._http = http(name, settings.account, settings.audio_within_s)

    async def list(self) -> tuple[KnownVoice, ...]:
        async with self._http.ask("GET", "/audio/voices") as answer:
            body = await answer.body()
        try:
            found = speech_voices.decode(body)
        except RemoteProtocolError as error:
            said = f"sent what cannot be read: {error}"
            raise Unavailable(said, provider=self.name) from None
        return tuple(KnownVoice(id=voice.id, name=voice.name or voice.id) for voice in found)

    async def aclose(self) -> None:
        await self._http.aclose()
