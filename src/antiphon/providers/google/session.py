"""One ``StreamingRecognize`` stream: audio in, results out.

The first request has the configuration and no audio, all others only audio, at most 15 KB of it
(the SDK's own reference). How results become pieces is here and nowhere else.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from antiphon.errors import TimedOut
from antiphon.events import Word
from antiphon.net.locales import locale
from antiphon.net.sessions import Told
from antiphon.net.streamed import Piece
from antiphon.ports.stt import Encoding, Hearing
from antiphon.providers.google.sdk import Call, Client, Request, Sdk, translated
from antiphon.providers.google.settings import SpeechSettings

__all__ = ["MOST_BYTES", "SpeechSession", "opening"]

MOST_BYTES: Final = 15 * 1024
WAITING: Final = 8
"""Messages that wait for the network; then the sender does."""
ENCODINGS: Final[Mapping[Encoding, str]] = {
    "pcm16": "LINEAR16",
    "mulaw": "MULAW",
    "alaw": "ALAW",
}


def opening(settings: SpeechSettings, project: str, hearing: Hearing) -> Request:
    """The first request."""
    config: dict[str, Any] = {
        "explicit_decoding_config": {
            "encoding": ENCODINGS[hearing.encoding],
            "sample_rate_hertz": hearing.rate_hz,
            "audio_channel_count": 1,
        },
        "language_codes": _languages(settings, hearing),
        "model": settings.model,
        "features": {"enable_automatic_punctuation": True, "enable_word_time_offsets": True},
    }
    if hearing.keyterms:
        phrases = [{"value": term, "boost": settings.boost} for term in hearing.keyterms]
        config["adaptation"] = {"phrase_sets": [{"inline_phrase_set": {"phrases": phrases}}]}
    return {
        "recognizer": f"projects/{project}/locations/{settings.location}/recognizers/_",
        "streaming_config": {
            "config": config,
            "streaming_features": {"interim_results": True},
        },
    }


def _languages(settings: SpeechSettings, hearing: Hearing) -> list[str]:
    """Of several the vendor hears the most likely."""
    if settings.language:
        return [settings.language]
    return [locale(one) for one in hearing.detect or (hearing.language,)]


class SpeechSession:
    """See `antiphon.net.sessions.Session`. Open it with `begin`."""

    def __init__(self, sdk: Sdk, provider: str, *, detects: bool = False) -> None:
        """``detects``: several languages were asked for, and which one it was is worth telling."""
        self._sdk, self._provider, self._detects = sdk, provider, detects
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING)
        self._call: Call | None = None
        self._closed_s = 0.0
        """Of the stream, in its own seconds, what is not told again."""

    async def begin(self, client: Client, first: Request, within_s: float) -> None:
        """Open the stream. Raises a `ProviderError`."""
        try:
            async with asyncio.timeout(within_s):
                self._call = await client.stream(self._requests(first))
        except TimeoutError:
            what = f"no connection within {within_s:g} s"
            raise TimedOut(what, provider=self._provider) from None
        except self._sdk.errors as error:
            raise translated(error, self._provider) from None

    async def send(self, audio: bytes) -> None:
        for at in range(0, len(audio), MOST_BYTES):
            await self._waiting.put(audio[at : at + MOST_BYTES])

    async def finish(self) -> None:
        await self._waiting.put(None)

    async def told(self) -> AsyncIterator[Told]:
        assert self._call is not None
        try:
            async for response in self._call:
                for told in self._heard(response.results):
                    yield told
        except self._sdk.errors as error:
            raise translated(error, self._provider) from None

    async def aclose(self) -> None:
        if self._call is not None:
            self._call.cancel()

    async def _requests(self, first: Request) -> AsyncIterator[Request]:
        yield first
        while (audio := await self._waiting.get()) is not None:
            yield {"audio": audio}

    def _heard(self, results: Any) -> list[Told]:
        """At most one closed piece, and after it what is still open as one."""
        told: list[Told] = []
        open_: list[Any] = []
        for result in results:
            if result.is_final:
                told.append(Told(piece=self._piece([result]), closed=True))
                self._closed_s = told[-1].piece.end_s
            elif result.alternatives:
                open_.append(result)
        if open_:
            told.append(Told(piece=self._piece(open_), closed=False))
        return told

    def _piece(self, results: list[Any]) -> Piece:
        best = [result.alternatives[0] for result in results if result.alternatives]
        words = tuple(_word(word) for each in best for word in each.words)
        timed = all(word.end_s > 0 for word in words)
        ends = [result.result_end_offset.total_seconds() for result in results]
        start_s = words[0].start_s if words and timed else self._closed_s
        return Piece(
            start_s=start_s,
            end_s=max([start_s, *ends]),
            text=" ".join("".join(each.transcript for each in best).split()),
            words=words if timed else (),
            confidence=min((each.confidence or 1.0 for each in best), default=1.0),
            language=results[-1].language_code if self._detects else "",
        )


def _word(word: Any) -> Word:
    return Word(
        text=word.word,
        start_s=word.start_offset.total_seconds(),
        end_s=word.end_offset.total_seconds(),
        confidence=word.confidence or 1.0,  # 0 is how the vendor says nothing of it
    )
