"""Murmur as a `Synthesiser`: it moves bytes and decides nothing."""

from collections.abc import AsyncGenerator
from functools import partial

from antiphon.net.http import Http
from antiphon.net.spoken_http import HttpUtterance
from antiphon.ports.tts import Speaking
from murmur import wire
from murmur.settings import MurmurSettings


class MurmurSynthesiser:
    """See `antiphon.ports.tts.Synthesiser`."""

    name = "murmur/whisper"
    rate_hz: int = wire.RATE_HZ

    def __init__(self, settings: MurmurSettings) -> None:
        self._settings, account = settings, settings.account
        headers = {"authorization": f"Bearer {account.api_key.get_secret_value()}"}
        self._http = Http(self.name, account, headers, silent_s=settings.audio_within_s)
        self.fingerprint = f"murmur whisper {settings.voice}"

    async def start(self) -> None:
        """Raises `Rejected` for a wrong key."""
        await self._http.knock(wire.VOICES_PATH)

    def utter(self, speaking: Speaking) -> HttpUtterance:
        return HttpUtterance(partial(self._sound, speaking), provider=self.name)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _sound(self, speaking: Speaking, text: str) -> AsyncGenerator[bytes, None]:
        speed = min(max(speaking.speed, 0.5), 2.0)
        voice = speaking.voice or self._settings.voice
        body = wire.encode(wire.Said(text=text, voice=voice, speed=speed))
        headers = {"content-type": "application/json"}
        async with self._http.ask("POST", wire.SPEECH_PATH, content=body, headers=headers) as it:
            async for chunk in it.chunks():
                yield chunk
