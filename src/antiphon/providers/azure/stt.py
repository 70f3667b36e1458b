"""Azure Speech as a `Recogniser`, through the vendor's SDK."""

import asyncio
from collections.abc import Callable
from functools import partial

from antiphon.errors import Rejected
from antiphon.net.sessions import CHUNKS, Rhythm, SessionRecognition
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.azure.recognition import RecognitionSession
from antiphon.providers.azure.recognition_sdk import SpeechSdk, load
from antiphon.providers.azure.settings_stt import RECOGNITION, RecognitionSettings

__all__ = ["AzureRecogniser"]


class AzureRecogniser:
    """See `antiphon.ports.stt.Recogniser`. Each stretch of talk has a connection of its own."""

    name = "azure/recognition"
    rates_hz: tuple[int, ...] = RECOGNITION.rates_hz

    def __init__(self, settings: RecognitionSettings, sdk: Callable[[], SpeechSdk] = load) -> None:
        self._settings, self._load = settings, sdk
        self._sdk: SpeechSdk | None = None

    async def start(self) -> None:
        """Load the SDK. The vendor itself is met by the first call."""
        self._sdk = await asyncio.to_thread(self._load)

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
        """Recognitions that are still being stopped are not waited for."""

    async def _begin(self, hearing: Hearing) -> RecognitionSession:
        if self._sdk is None:
            raise Rejected("was not started", provider=self.name)
        session = RecognitionSession(self._sdk, self._settings, self.name)
        try:
            await session.begin(hearing)
        except BaseException:
            await session.aclose()
            raise
        return session
