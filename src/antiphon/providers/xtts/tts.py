"""An XTTS server as a `Synthesiser`: a request for each clause, its answer read as it comes.

The published server stands one request at a time, so those of all calls wait for each other; a
clause is read to its end as fast as it is made, whether its caller listens or not.
"""

import asyncio
from collections.abc import AsyncGenerator
from functools import partial
from typing import Final

from antiphon.errors import Rejected
from antiphon.net.http import Http
from antiphon.net.spoken_http import HttpUtterance
from antiphon.net.start import trial
from antiphon.ports.tts import Speaking
from antiphon.providers.xtts import voices, wire
from antiphon.providers.xtts.settings import XttsSettings

__all__ = ["XttsSynthesiser"]


PIECE_LETTERS: Final = 400
"""About half a minute: so long may others have to wait."""


class XttsSynthesiser:
    """See `antiphon.ports.tts.Synthesiser`."""

    name = "xtts/server"
    rate_hz: int = wire.RATE_HZ

    def __init__(self, settings: XttsSettings) -> None:
        self._settings = settings
        self._http = Http(self.name, settings.account, {}, silent_s=settings.audio_within_s)
        self._free = asyncio.Semaphore(settings.at_once)
        self._speakers: dict[str, bytes] = {}
        """Voices by name, encoded."""
        self.fingerprint = f"xtts {settings.voice} {settings.chunk_size}"

    async def start(self) -> None:
        """Ask for the server's speakers. A server that is away for the moment does not keep the
        process from starting."""
        with trial():
            await self._learn()

    def utter(self, speaking: Speaking) -> HttpUtterance:
        sound = partial(self._sound, speaking)
        return HttpUtterance(sound, provider=self.name, letters=PIECE_LETTERS)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _sound(self, speaking: Speaking, text: str) -> AsyncGenerator[bytes, None]:
        speaker = await self._speaker(speaking.voice or self._settings.voice)
        body = wire.stream(speaker, text, _language(speaking.language), self._settings.chunk_size)
        headers = {"content-type": "application/json"}
        async with (
            self._free,
            self._http.ask("POST", "/tts_stream", content=body, headers=headers) as answer,
        ):
            async for chunk in answer.chunks():
                yield chunk

    async def _speaker(self, name: str) -> bytes:
        """A voice, encoded. Raises `Rejected` where there is none of the name."""
        own = await asyncio.to_thread(voices.kept, self._settings.voices, name, self.name)
        if own is not None:
            return own
        if name not in self._speakers:
            await self._learn()
        if name not in self._speakers:
            raise Rejected(f"has no voice {name!r}", provider=self.name)
        return self._speakers[name]

    async def _learn(self) -> None:
        theirs = await voices.studio(self._http)
        self._speakers = {name: wire.encode(speaker) for name, speaker in theirs.items()}


def _language(language: str) -> str:
    """As the model calls it: bare, but for Chinese."""
    bare = language.partition("-")[0].lower()
    return "zh-cn" if bare == "zh" else bare
