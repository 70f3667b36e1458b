"""ElevenLabs by HTTP as a `Synthesiser`: a request for each clause, its answer as it is made.

What was said before goes with each request, so that the voice does not begin anew with every
clause.
"""

from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from antiphon.errors import Rejected, RemoteProtocolError, Unavailable
from antiphon.net.spoken_http import HttpUtterance
from antiphon.ports.tts import Speaking, SpokenWord
from antiphon.providers.elevenlabs.account import http
from antiphon.providers.elevenlabs.passage import Clock, Passage
from antiphon.providers.elevenlabs.settings import HttpSettings
from antiphon.providers.elevenlabs.wire import timed as wire

__all__ = ["StreamedSynthesiser"]

BEFORE_LETTERS: Final = 500
"""Of what was said before; more makes requests larger and nothing better."""
PARTIAL: Final = "missing_permissions"
"""A good key that may not list voices; it may speak all the same (the name is unconfirmed)."""


class StreamedSynthesiser:
    """See `antiphon.ports.tts.Synthesiser`."""

    name = "elevenlabs/http"

    def __init__(self, settings: HttpSettings) -> None:
        self._settings = settings
        self._http = http(self.name, settings.account, settings.audio_within_s)
        self.rate_hz: int = settings.sound.rate_hz
        self.fingerprint: str = f"http {settings.fingerprint}"

    async def start(self) -> None:
        """Ask for the account's voices once, which costs nothing. Raises `Rejected` for a key the
        vendor refuses; a vendor that is away for the moment does not keep the process from
        starting."""
        try:
            await self._http.knock("/v1/voices")
        except Rejected as refused:
            if PARTIAL not in str(refused):
                raise

    def utter(self, speaking: Speaking) -> HttpUtterance:
        return HttpUtterance(_Telling(self, speaking), provider=self.name)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def sound(
        self, speaking: Speaking, before: str, text: str
    ) -> AsyncGenerator[bytes | tuple[SpokenWord, ...], None]:
        """A text's speech, after another. Raises a `ProviderError`."""
        settings = self._settings
        voice = quote(speaking.voice or settings.voice, safe="")
        request = wire.Request(
            text=text,
            model_id=settings.model_id,
            language_code=settings.language_code(speaking.language),
            voice_settings=settings.voice_settings(speaking.speed),
            previous_text=before or None,
            apply_text_normalization=settings.apply_text_normalization,
        )
        query = {
            "output_format": settings.output_format,
            "enable_logging": str(settings.enable_logging).lower(),
        }
        reading = _Reading(text, settings)
        async with self._http.ask(
            "POST",
            f"/v1/text-to-speech/{voice}/stream/with-timestamps",
            query,
            content=wire.encode(request).encode(),
            headers={"content-type": "application/json"},
        ) as answer:
            async for line in answer.lines():
                if line.strip():
                    pcm, words = self._read(reading, line)
                    if words:
                        yield words
                    if pcm:
                        yield pcm
        if late := reading.rest():
            yield late
        if not reading.spoke:
            raise Unavailable("answered without speaking", provider=self.name)

    def _read(self, reading: "_Reading", line: str) -> tuple[bytes, tuple[SpokenWord, ...]]:
        try:
            return reading.read(wire.decode_chunk(line))
        except RemoteProtocolError as error:
            said = f"sent what cannot be read: {error}"
            raise Unavailable(said, provider=self.name) from None


class _Telling:
    """The sound of one utterance's clauses, each after those before it."""

    def __init__(self, voice: StreamedSynthesiser, speaking: Speaking) -> None:
        self._voice, self._speaking = voice, speaking
        self._before = ""

    def __call__(self, text: str) -> AsyncGenerator[bytes | tuple[SpokenWord, ...], None]:
        before = self._before
        self._before = f"{before} {text}".strip()[-BEFORE_LETTERS:]
        return self._voice.sound(self._speaking, before, text)


class _Reading:
    """One answer: its audio decoded, its words found."""

    def __init__(self, text: str, settings: HttpSettings) -> None:
        self._sound, self._passage = settings.sound, Passage(text)
        self._clock = Clock(settings.sound.rate_hz)
        self._words: deque[SpokenWord] = deque()
        self._rest = b""

    @property
    def spoke(self) -> bool:
        return bool(self._clock.made)

    def read(self, chunk: wire.Chunk) -> tuple[bytes, tuple[SpokenWord, ...]]:
        """PCM16, and the words that end in it, in samples of the answer."""
        data = self._rest + chunk.audio_base64
        whole = len(data) // self._sound.width * self._sound.width
        pcm, self._rest = self._sound.decode(data[:whole]), data[whole:]
        alignment = chunk.alignment or chunk.normalized_alignment
        if alignment is not None:
            words, _ = self._passage.hear(self._clock.place(alignment.times_s))
            self._words += words
        self._clock.made += len(pcm) // 2
        return pcm, self._heard(self._clock.made)

    def rest(self) -> tuple[SpokenWord, ...]:
        """Words that were to end after all audio did."""
        words, self._words, made = tuple(self._words), deque(), self._clock.made
        return tuple(replace(word, start=min(word.start, made), end=made) for word in words)

    def _heard(self, made: int) -> tuple[SpokenWord, ...]:
        heard: list[SpokenWord] = []
        while self._words and self._words[0].end <= made:
            heard.append(self._words.popleft())
        return tuple(heard)
