"""An Azure voice as a `Synthesiser`: a request for each clause, its answer read as it comes.

The vendor's REST interface has no memory from one request to the next, so the clauses of a reply
may differ in tone; its SDK's interface has word times, this one has none.
"""

from collections.abc import AsyncGenerator
from functools import partial
from typing import Final

from antiphon.audio import g711
from antiphon.errors import ConfigError
from antiphon.net.http import Http
from antiphon.net.spoken_http import HttpUtterance
from antiphon.ports.tts import Speaking
from antiphon.providers.azure import wire
from antiphon.providers.azure.settings import SPEECH, SpeechSettings

__all__ = ["SpeechSynthesiser"]

MULAW_HZ: Final = 8000
LOWEST: Final = -12.0
HIGHEST: Final = 7.0
"""Semitones: half the voice's pitch, and one and a half times, as the vendor has it."""
STRESSING: Final = frozenset({"en-US-GuyNeural", "en-US-DavisNeural", "en-US-JaneNeural"})
"""The only voices that can, the vendor says."""


class SpeechSynthesiser:
    """See `antiphon.ports.tts.Synthesiser`."""

    name = "azure/speech"

    def __init__(self, settings: SpeechSettings) -> None:
        if settings.encoding == "mulaw" and settings.rate_hz != MULAW_HZ:
            raise ConfigError(f"providers: {self.name}: mulaw is for rate_hz: {MULAW_HZ} only")
        self._settings = settings
        mulaw = settings.encoding == "mulaw"
        self._format = wire.MULAW_FORMAT if mulaw else wire.FORMATS[settings.rate_hz]
        headers = {
            "Ocp-Apim-Subscription-Key": settings.account.api_key.get_secret_value(),
            "User-Agent": "antiphon",  # the vendor demands one
        }
        silent_s = settings.audio_within_s
        self._http = Http(self.name, settings.account, headers, silent_s=silent_s)
        self.rate_hz: int = settings.rate_hz
        self.fingerprint = f"azure {settings.voice} {self._format}"

    async def start(self) -> None:
        """Ask for the list of voices. Raises `Rejected` for a key the vendor refuses; a vendor
        that is away for the moment does not keep the process from starting."""
        await self._http.knock(wire.VOICES_PATH)

    def utter(self, speaking: Speaking) -> HttpUtterance:
        sound = partial(self._sound, speaking)
        return HttpUtterance(sound, provider=self.name, stressed=sound)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _sound(
        self, speaking: Speaking, text: str, stress: tuple[int, ...] = ()
    ) -> AsyncGenerator[bytes, None]:
        body = wire.encode(self._said(speaking, text, stress))
        headers = {
            "Content-Type": "application/ssml+xml",
            "X-Microsoft-OutputFormat": self._format,
        }
        async with self._http.ask(
            "POST", wire.SPEECH_PATH, content=body, headers=headers
        ) as answer:
            async for chunk in answer.chunks():
                yield g711.decode_mulaw(chunk) if self._settings.encoding == "mulaw" else chunk

    def _said(self, speaking: Speaking, text: str, stress: tuple[int, ...]) -> wire.Said:
        slowest, fastest = SPEECH.speed or (1.0, 1.0)
        voice = speaking.voice or self._settings.voice
        own = wire.locale(voice)
        # A bare language ("en") is no locale and says nothing of how to speak it.
        other = "-" in speaking.language and speaking.language != own
        return wire.Said(
            text=text,
            voice=voice,
            speed=min(max(speaking.speed, slowest), fastest),
            language=speaking.language if other else "",
            style=speaking.style,
            pitch_semitones=min(max(speaking.pitch_semitones, LOWEST), HIGHEST),
            stress=stress if voice in STRESSING else (),
        )
