"""Google Cloud's speech services, pretended in place of their SDKs.

What the service checks of a request is checked here: the order of the messages, their fields, and
how much audio one may hold. `antiphon.providers.google.sdk` says what is pretended.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from types import SimpleNamespace
from typing import Any, Final, TypeAlias

from antiphon.ports.tts import Speaking, Synthesiser
from antiphon.providers.google.sdk import Call, Key, Request, Sdk, Streaming
from antiphon.testing.clouds import Cloud, HumEar, Reading, Trouble

__all__ = ["FakeApiError", "GoogleCloud", "Status"]

MOST_BYTES: Final = 15 * 1024
MOST_LETTERS: Final = 5000
PROJECT: Final = "a-project"

Method: TypeAlias = Callable[[AsyncIterator[Request]], AsyncGenerator[Any, None]]


class Status(Enum):
    """Those of gRPC's that are used."""

    INVALID_ARGUMENT = 3
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


class FakeApiError(Exception):
    """As ``GoogleAPICallError``."""

    def __init__(self, status: Status, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.grpc_status_code, self.message = status, message
        delay = SimpleNamespace(seconds=retry_after_s, nanos=0)
        known = retry_after_s is not None
        self.details = [SimpleNamespace(retry_delay=delay)] if known else []


REFUSALS: Final = {
    403: Status.PERMISSION_DENIED,
    429: Status.RESOURCE_EXHAUSTED,
    503: Status.UNAVAILABLE,
}


@dataclass(kw_only=True)
class GoogleCloud(Cloud):
    """Hears humming, and speaks with ``voice``. The key is a credentials file's path."""

    voice: Synthesiser | None = None
    clients: int = field(default=0, init=False)
    """Open ones."""

    def speech_sdk(self) -> Sdk:
        """In place of google-cloud-speech."""
        return self._sdk(self._recognise)

    def voice_sdk(self) -> Sdk:
        """In place of google-cloud-texttospeech."""
        return self._sdk(self._synthesise)

    def _sdk(self, stream: Method) -> Sdk:
        def client(credentials: Any, host: str) -> _Client:
            self.clients += 1

            async def begin(requests: AsyncIterator[Request]) -> Call:
                trouble = self.befalls()
                self._check(credentials, trouble)
                return _Call(self, trouble, stream(requests))

            return _Client(self, begin)

        return Sdk(
            key=lambda path: Key(credentials=path, project=PROJECT),
            client=client,
            errors=(FakeApiError,),
        )

    def _check(self, credentials: Any, trouble: Trouble) -> None:
        if credentials != self.key:
            raise FakeApiError(Status.UNAUTHENTICATED, "Request had invalid credentials.")
        if trouble.refuse:
            status = REFUSALS[trouble.refuse]
            raise FakeApiError(status, "refused by request", trouble.retry_after_s)

    async def _recognise(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Any, None]:
        first = await anext(requests)
        self.asked.append(first)
        if "audio" in first or not str(first.get("recognizer", "")).startswith("projects/"):
            raise FakeApiError(Status.INVALID_ARGUMENT, "the first message configures")
        config = first["streaming_config"]["config"]
        decoding, languages = config["explicit_decoding_config"], config["language_codes"]
        language = self.language or languages[0]
        if not languages or language not in languages:
            raise FakeApiError(Status.INVALID_ARGUMENT, "no such language was asked for")
        ear = HumEar(self, decoding["sample_rate_hertz"], decoding["encoding"])
        async for request in requests:
            audio = request["audio"]
            if len(audio) > MOST_BYTES:
                raise FakeApiError(Status.INVALID_ARGUMENT, "too much audio in one message")
            for reading in ear.feed(audio):
                yield _results(reading, language)
        for reading in ear.finish():
            yield _results(reading, language)

    async def _synthesise(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Any, None]:
        config = (await anext(requests))["streaming_config"]
        text = (await anext(requests))["input"]["text"]
        self.asked.append((config, text))
        audio = config["streaming_audio_config"]
        if len(text) > MOST_LETTERS or audio["audio_encoding"] != "PCM":
            raise FakeApiError(Status.INVALID_ARGUMENT, "not so")
        assert self.voice is not None
        assert audio["sample_rate_hertz"] == self.voice.rate_hz
        utterance = self.voice.utter(Speaking(speed=audio["speaking_rate"]))
        utterance.say(text)
        utterance.end()
        async for piece in utterance.audio():
            if piece.pcm:
                yield SimpleNamespace(audio_content=piece.pcm)


@dataclass(frozen=True, slots=True)
class _Client:
    cloud: GoogleCloud
    stream: Streaming

    async def aclose(self) -> None:
        self.cloud.clients -= 1


class _Call:
    """One stream's answers, and its trouble."""

    def __init__(
        self, cloud: GoogleCloud, trouble: Trouble, answers: AsyncGenerator[Any, None]
    ) -> None:
        self._cloud, self._trouble, self._answers = cloud, trouble, answers
        self._lost = False
        cloud.open.append(self)

    def lose(self) -> None:
        self._lost = True

    def cancel(self) -> bool:
        self._lost = True
        if self in self._cloud.open:
            self._cloud.open.remove(self)
        return True

    async def __aiter__(self) -> AsyncIterator[Any]:
        left = self._trouble.after
        troubled = self._trouble.vanish or self._trouble.stall
        async with aclosing(self._answers) as answers:
            async for answer in answers:
                if troubled and not left:
                    await self._go_wrong()
                if self._lost:
                    raise FakeApiError(Status.UNAVAILABLE, "Connection reset by peer")
                left -= 1
                yield answer
        if troubled:
            await self._go_wrong()
        if self._lost:
            raise FakeApiError(Status.UNAVAILABLE, "Connection reset by peer")

    async def _go_wrong(self) -> None:
        if self._trouble.stall:
            await asyncio.get_running_loop().create_future()
        self._lost = True


def _results(reading: Reading, language: str) -> Any:
    """A ``StreamingRecognizeResponse``. Only finals have word times; every word but the first
    result's begins with its space."""
    words = [
        SimpleNamespace(
            word=word.text,
            start_offset=timedelta(seconds=word.start_s),
            end_offset=timedelta(seconds=word.end_s),
            confidence=0.0,
        )
        for word in (reading.words if reading.closed else ())
    ]
    best = SimpleNamespace(
        transcript=f" {reading.text}", confidence=0.9 if reading.closed else 0.0, words=words
    )
    result = SimpleNamespace(
        alternatives=[best],
        is_final=reading.closed,
        result_end_offset=timedelta(seconds=reading.end_s),
        language_code=language,
    )
    return SimpleNamespace(results=[result])
