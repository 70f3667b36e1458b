"""Google Speech-to-Text v2 as a `Recogniser`."""

import asyncio
from collections.abc import Callable
from functools import partial

from antiphon.errors import Missing, Rejected
from antiphon.net.sessions import CHUNKS, Rhythm, SessionRecognition
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.google.account import key_of, knock
from antiphon.providers.google.sdk import Client, Sdk, load_speech
from antiphon.providers.google.session import SpeechSession, opening
from antiphon.providers.google.settings import SpeechSettings

__all__ = ["SpeechRecogniser"]


class SpeechRecogniser:
    """See `antiphon.ports.stt.Recogniser`. All calls share one HTTP/2 connection."""

    name = "google/speech-v2"
    rates_hz: tuple[int, ...] = ()

    def __init__(self, settings: SpeechSettings, sdk: Callable[[], Sdk] = load_speech) -> None:
        self._settings, self._load = settings, sdk
        self._sdk: Sdk | None = None
        self._client: Client | None = None
        self._project = settings.project

    async def start(self) -> None:
        """Read the credentials and open a stream. Raises `Rejected` where they are none, or the
        vendor refuses them or a setting; `Missing` where nobody says which project pays. A vendor
        that is away for the moment does not keep the process from starting."""
        sdk = await asyncio.to_thread(self._load)
        key = await key_of(sdk, self._settings.account, self.name)
        self._project = self._settings.project or key.project
        if not self._project:
            raise Missing(
                f"{self.name} needs a project: the credentials name none",
                fix=f"set project under providers: {self.name}:",
            )
        where = self._settings.location
        host = "" if where == "global" else f"{where}-speech.googleapis.com"
        self._sdk, self._client = sdk, sdk.client(key.credentials, host)
        first = opening(self._settings, self._project, Hearing())
        await knock(self._client, first, sdk, self.name, self._settings.knock_s)

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> SessionRecognition:
        settings = self._settings
        rhythm = Rhythm(
            finalise_within_s=settings.finalise_within_s,
            silence_after_s=settings.silence_after_s,
            pause_after_s=settings.pause_after_s,
            most_s=settings.most_s,
            chunk_s=CHUNKS.seconds(settings.chunk_ms, hearing),
        )
        return SessionRecognition(self.name, partial(self._begin, hearing), rhythm, hearing, tell)

    async def aclose(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _begin(self, hearing: Hearing) -> SpeechSession:
        if self._sdk is None or self._client is None:
            raise Rejected("was not started", provider=self.name)
        session = SpeechSession(self._sdk, self.name, detects=bool(hearing.detect))
        first = opening(self._settings, self._project, hearing)
        await session.begin(self._client, first, self._settings.connect_within_s)
        return session
