"""OpenAI as a `Recogniser`, twice: realtime sessions, and recordings."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from antiphon.net.child_job import Urgency
from antiphon.net.readings import RequestRecognition
from antiphon.net.socket import Socket
from antiphon.net.start import trial
from antiphon.net.utterances import Cadence
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.openai.account import http, peer
from antiphon.providers.openai.settings_speech import RealtimeSettings, TranscribeSettings
from antiphon.providers.openai.stt_files import read
from antiphon.providers.openai.stt_realtime import RealtimeRecognition, greet, realtime_url

__all__ = ["RealtimeRecogniser", "TranscribeRecogniser"]

TRIAL_S: Final = 0.5
"""Of silence, read at start."""


class RealtimeRecogniser:
    """See `antiphon.ports.stt.Recogniser`. Each call has a connection of its own, opened when
    its ear runs."""

    name = "openai/realtime-transcription"
    rates_hz: tuple[int, ...] = ()

    def __init__(self, settings: RealtimeSettings) -> None:
        self._settings = settings
        self._peer = peer(self.name, settings.account)

    async def start(self) -> None:
        """Open a session once. Raises `Rejected` for a key or a setting the vendor refuses; a
        vendor that is away for the moment does not keep the process from starting."""

        async def ask(socket: Socket) -> None:
            await greet(socket, self._peer, self._settings)

        await self._peer.knock(realtime_url(self._settings), greet=ask)

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> RealtimeRecognition:
        return RealtimeRecognition(self._peer, self._settings, hearing, tell)

    async def aclose(self) -> None:
        """Nothing is kept between calls."""


class TranscribeRecogniser:
    """See `antiphon.ports.stt.Recogniser`. All calls share warm connections."""

    name = "openai/transcribe"
    rates_hz: tuple[int, ...] = ()

    def __init__(self, settings: TranscribeSettings) -> None:
        self._settings = settings
        self._http = http(self.name, settings.account, settings.answer_within_s)

    async def start(self) -> None:
        """Have half a second of silence read. Raises `Rejected` for a key or a setting the vendor
        refuses; a vendor that is away for the moment does not keep the process from starting."""
        hearing = Hearing()
        silence = bytes(2 * round(TRIAL_S * hearing.rate_hz))
        with trial():
            await read(self._http, self._settings, hearing, silence, "start.wav")

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> RequestRecognition:
        cadence = Cadence(
            first_partial_s=self._settings.first_partial_s,
            partial_every_s=self._settings.partial_every_s,
        )
        call = secrets.token_hex(4)

        async def ask(fields: Mapping[str, Any], pcm: bytes, urgency: Urgency) -> Mapping[str, Any]:
            # The name is for whoever looks for an utterance in the vendor's log.
            name = f"{call}-{fields['segment']}.wav"
            told = await read(self._http, self._settings, hearing, pcm, name)
            return {"text": told.text, "language": told.language, "confidence": 1.0, "words": ()}

        return RequestRecognition(self.name, ask, hearing, tell, cadence)

    async def aclose(self) -> None:
        await self._http.aclose()
