"""A Google voice as a `Synthesiser`: a stream for each clause, the next opened ahead.

The vendor would take all clauses in one stream, but does not say where in the sound one ends; a
stream for each does. They share one HTTP/2 connection, so opening one costs nothing but the way.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from functools import partial
from typing import TypeVar

from antiphon.errors import Rejected, TimedOut
from antiphon.net.spoken_http import HttpUtterance
from antiphon.ports.tts import Speaking
from antiphon.providers.google.account import key_of, knock
from antiphon.providers.google.sdk import Client, Request, Sdk, load_voice, translated
from antiphon.providers.google.settings import VOICE, VoiceSettings

__all__ = ["VoiceSynthesiser"]

T = TypeVar("T")


class VoiceSynthesiser:
    """See `antiphon.ports.tts.Synthesiser`."""

    name = "google/tts"

    def __init__(self, settings: VoiceSettings, sdk: Callable[[], Sdk] = load_voice) -> None:
        self._settings, self._load = settings, sdk
        self._sdk: Sdk | None = None
        self._client: Client | None = None
        self.rate_hz: int = settings.rate_hz
        self.fingerprint = f"google {settings.voice} pcm {settings.rate_hz}"

    async def start(self) -> None:
        """Read the credentials and open a stream. Raises `Rejected` where they are none, or the
        vendor refuses them or a setting; a vendor that is away for the moment does not keep the
        process from starting."""
        sdk = await asyncio.to_thread(self._load)
        key = await key_of(sdk, self._settings.account, self.name)
        where = self._settings.location
        host = "" if where == "global" else f"{where}-texttospeech.googleapis.com"
        self._sdk, self._client = sdk, sdk.client(key.credentials, host)
        first = self._opening(Speaking())
        await knock(self._client, first, sdk, self.name, self._settings.knock_s)

    def utter(self, speaking: Speaking) -> HttpUtterance:
        return HttpUtterance(partial(self._sound, speaking), provider=self.name)

    async def aclose(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _sound(self, speaking: Speaking, text: str) -> AsyncGenerator[bytes, None]:
        if self._sdk is None or self._client is None:
            raise Rejected("was not started", provider=self.name)
        settings, requests = self._settings, _requests(self._opening(speaking), text)
        call = await self._in_time(self._client.stream(requests), settings.connect_within_s)
        try:
            answers = aiter(call)
            while answer := await self._in_time(anext(answers, None), settings.audio_within_s):
                yield bytes(answer.audio_content)
        finally:
            call.cancel()

    async def _in_time(self, owed: Awaitable[T], within_s: float) -> T:
        assert self._sdk is not None
        try:
            async with asyncio.timeout(within_s):
                return await owed
        except TimeoutError:
            raise TimedOut(f"nothing came within {within_s:g} s", provider=self.name) from None
        except self._sdk.errors as error:
            raise translated(error, self.name) from None

    def _opening(self, speaking: Speaking) -> Request:
        voice = speaking.voice or self._settings.voice
        slowest, fastest = VOICE.speed or (1.0, 1.0)
        return {
            "streaming_config": {
                "voice": {"language_code": "-".join(voice.split("-")[:2]), "name": voice},
                "streaming_audio_config": {
                    "audio_encoding": "PCM",
                    "sample_rate_hertz": self.rate_hz,
                    "speaking_rate": min(max(speaking.speed, slowest), fastest),
                },
            }
        }


async def _requests(first: Request, text: str) -> AsyncIterator[Request]:
    yield first
    yield {"input": {"text": text}}
