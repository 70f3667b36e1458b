"""Amazon Transcribe as a `Recogniser`: a stream for each stretch of talk, ended for its final."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final

from antiphon.errors import Rejected, TimedOut, Unavailable
from antiphon.events import Word
from antiphon.net.locales import locale
from antiphon.net.sessions import Rhythm, SessionRecognition, Told
from antiphon.net.streamed import Piece
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.aws.account import Login
from antiphon.providers.aws.errors import of_transcribe
from antiphon.providers.aws.sdk import Stream, Transcribe, TranscribeSdk, load_transcribe
from antiphon.providers.aws.settings import CHUNKS, TranscribeSettings

__all__ = ["HOME", "TranscribeRecogniser", "TranscribeSession"]

HOME: Final = "https://transcribestreaming.us-east-1.amazonaws.com"
LEAVE_WITHIN_S: Final = 0.02
"""Saying that no more audio comes; whoever cancels must be free within 50 ms."""


class TranscribeRecogniser:
    """See `antiphon.ports.stt.Recogniser`. All calls share one HTTP/2 connection."""

    name = "aws/transcribe"
    rates_hz: tuple[int, ...] = ()

    def __init__(
        self,
        settings: TranscribeSettings,
        sdk: Callable[[], TranscribeSdk] = load_transcribe,
    ) -> None:
        self._settings, self._load = settings, sdk
        self._sdk: TranscribeSdk | None = None
        self._client: Transcribe | None = None
        self._login: Login | None = None

    async def start(self) -> None:
        """The vendor is met by the first call."""
        settings = self._settings
        self._login = Login.with_(settings.account, settings.secrets, settings.region, HOME)
        self._sdk = await asyncio.to_thread(self._load)
        self._client = self._sdk.client(self._login)

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> SessionRecognition:
        settings = self._settings
        rhythm = Rhythm(
            finalise_within_s=settings.finalise_within_s,
            silence_after_s=settings.silence_after_s,
            pause_after_s=settings.pause_after_s,
            most_s=settings.most_s,
            chunk_s=CHUNKS.seconds(settings.chunk_ms, hearing),
        )
        plain = replace(hearing, encoding="pcm16")  # G.711 is not read
        return SessionRecognition(self.name, partial(self._begin, plain), rhythm, plain, tell)

    async def aclose(self) -> None:
        """The SDK has no way to close its connection; it goes with the client."""
        self._client = None

    async def _begin(self, hearing: Hearing) -> "TranscribeSession":
        if self._sdk is None or self._client is None or self._login is None:
            raise Rejected("was not started", provider=self.name)
        settings = self._settings
        try:
            async with asyncio.timeout(settings.connect_within_s):
                stream = await self._client.start_stream_transcription(
                    **_wishes(settings, hearing),
                    media_sample_rate_hz=hearing.rate_hz,
                    media_encoding="pcm",
                    enable_partial_results_stabilization=settings.stability is not None,
                    partial_results_stability=settings.stability,
                )
        except TimeoutError:
            what = f"no connection within {settings.connect_within_s:g} s"
            raise TimedOut(what, provider=self.name) from None
        except self._sdk.errors as error:
            raise of_transcribe(error, self._login, self.name) from None
        return TranscribeSession(stream, self._sdk, self._login, self.name)


def _wishes(settings: TranscribeSettings, hearing: Hearing) -> dict[str, Any]:
    """One language, or several to choose from; whether speakers are told apart."""
    speakers = {"show_speaker_label": True} if hearing.speakers else {}
    if settings.language or not hearing.detect:
        language = settings.language or locale(hearing.language)
        return {"language_code": language, "vocabulary_name": settings.vocabulary, **speakers}
    return {
        **speakers,
        "language_code": None,
        "identify_language": True,
        "language_options": [locale(one) for one in hearing.detect],
        "preferred_language": locale(hearing.language),
        "vocabulary_names": [settings.vocabulary] if settings.vocabulary else None,
    }


class TranscribeSession:
    """See `antiphon.net.sessions.Session`."""

    def __init__(self, stream: Stream, sdk: TranscribeSdk, login: Login, provider: str) -> None:
        self._stream, self._sdk = stream, sdk
        self._login, self._provider = login, provider
        self._finished = False

    async def send(self, audio: bytes) -> None:
        try:
            await self._stream.input_stream.send_audio_event(audio_chunk=audio)
        except self._sdk.errors as error:
            raise of_transcribe(error, self._login, self._provider) from None

    async def finish(self) -> None:
        self._finished = True
        try:
            await self._stream.input_stream.end_stream()
        except self._sdk.errors as error:
            raise of_transcribe(error, self._login, self._provider) from None

    async def told(self) -> AsyncIterator[Told]:
        undecided = False
        try:
            async for event in self._stream.output_stream:
                for result in event.transcript.results if event is not None else ():
                    if result.alternatives:
                        undecided = bool(result.is_partial)
                        yield Told(piece=_piece(result), closed=not undecided)
        except self._sdk.errors as error:
            raise of_transcribe(error, self._login, self._provider) from None
        if undecided:  # the SDK says nothing of a lost connection
            raise Unavailable("ended without its last final", provider=self._provider)

    async def aclose(self) -> None:
        if not self._finished:
            self._finished = True
            with suppress(TimeoutError, *self._sdk.errors):
                async with asyncio.timeout(LEAVE_WITHIN_S):
                    await self._stream.input_stream.end_stream()


def _piece(result: Any) -> Piece:
    best = result.alternatives[0]
    words = _words(best.items or ())
    return Piece(
        start_s=result.start_time or 0.0,
        end_s=result.end_time or 0.0,
        text=(best.transcript or "").strip(),
        words=words,
        confidence=min((word.confidence for word in words), default=1.0),
        language=result.language_code or "",
    )


def _words(items: Any) -> tuple[Word, ...]:
    """Punctuation is an item of its own, and belongs to the word before it."""
    words: list[Word] = []
    for item in items:
        if item.item_type == "punctuation":
            if words:
                words[-1] = replace(words[-1], text=words[-1].text + item.content)
            continue
        words.append(
            Word(
                text=item.content,
                start_s=item.start_time or 0.0,
                end_s=item.end_time or 0.0,
                confidence=1.0 if item.confidence is None else item.confidence,
                speaker=_speaker(item.speaker),
            )
        )
    return tuple(words)


def _speaker(label: str | None) -> int | None:
    """``0`` or ``spk_0``: both are about (third party)."""
    number = (label or "").rpartition("_")[2]
    return int(number) if number.isdecimal() else None
