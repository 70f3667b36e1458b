"""Amazon Transcribe and Polly, pretended in place of their SDKs.

`antiphon.providers.aws.sdk` says what is pretended. Errors are named as the SDKs name theirs:
it is by their names that they are known.
"""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from types import SimpleNamespace
from typing import Any, Final
from xml.etree import ElementTree as ET

from antiphon.ports.tts import Speaking, Synthesiser
from antiphon.providers.aws.account import Login
from antiphon.providers.aws.sdk import Polly, PollySdk, Stream, Transcribe, TranscribeSdk
from antiphon.testing.clouds import Cloud, HumEar, Reading, Trouble

__all__ = ["AmazonCloud", "ClientError", "ReadTimeoutError", "TranscribeError"]

MOST_BYTES: Final = 32 * 1024
MOST_LETTERS: Final = 3000


class TranscribeError(Exception):
    """As ``amazon_transcribe.exceptions.SDKError``."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadRequestException(TranscribeError):
    """A parameter is wrong."""


class LimitExceededException(TranscribeError):
    """Too many streams."""


class _Later(TranscribeError):
    """Try later."""


class _Unknown(TranscribeError):
    """Whatever the SDK has no class for; a wrong key is among it."""

    def __init__(self, status_code: int, error_code: str, message: str) -> None:
        super().__init__(message)
        self.status_code, self.error_code = status_code, error_code


# What the SDK calls them: adapters go by the names.
_Later.__name__ = "ServiceUnavailableException"
_Unknown.__name__ = "UnknownServiceException"


class ClientError(Exception):
    """As ``botocore.exceptions.ClientError``."""

    def __init__(self, status: int, code: str, headers: Mapping[str, str]) -> None:
        super().__init__(f"An error occurred ({code}) when calling SynthesizeSpeech")
        about = {"HTTPStatusCode": status, "HTTPHeaders": dict(headers)}
        self.response = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": about}


class ReadTimeoutError(Exception):
    """As ``botocore.exceptions.ReadTimeoutError``."""


class ConnectionClosedError(Exception):
    """As ``botocore.exceptions.ConnectionClosedError``."""


@dataclass(kw_only=True)
class AmazonCloud(Cloud):
    """Hears humming, and speaks with ``voice``. The key is the access key's id; whatever secret
    comes with it is right. Polly's threads are answered by the loop this is made in."""

    voice: Synthesiser | None = None
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    logins: list[Login] = field(default_factory=list)

    def transcribe_sdk(self) -> TranscribeSdk:
        """In place of amazon-transcribe."""

        def client(login: Login) -> Transcribe:
            self.logins.append(login)
            return _Transcribe(self, login)

        return TranscribeSdk(client=client, errors=(TranscribeError, OSError))

    def polly_sdk(self) -> PollySdk:
        """In place of boto3."""

        def client(login: Login, connect_s: float, silent_s: float) -> Polly:
            self.logins.append(login)
            return _Polly(self, login, silent_s)

        return PollySdk(
            client=client,
            errors=(ClientError, ReadTimeoutError, ConnectionClosedError),
            slow=(ReadTimeoutError,),
            wrong=(),
        )


# --- Transcribe ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Transcribe:
    cloud: AmazonCloud
    login: Login

    async def start_stream_transcription(self, **asked: Any) -> Stream:
        cloud = self.cloud
        trouble = cloud.befalls()
        cloud.asked.append(asked)
        if self.login.key_id != cloud.key:
            said = f"The security token {self.login.key_id} is invalid."
            raise _Unknown(403, "UnrecognizedClientException", said)
        match trouble.refuse:
            case 403:
                raise _Unknown(403, "AccessDeniedException", "not allowed")
            case 429:
                raise LimitExceededException("too many streams")
            case 503:
                raise _Later("try later")
            case _:
                pass
        options: list[str] = asked.get("language_options") or []
        one, several = asked["language_code"], len(options) > 1
        if (one is None) != bool(asked.get("identify_language") and several):
            raise BadRequestException("either a language, or two and more to identify it from")
        if several and (asked.get("vocabulary_name") or asked["preferred_language"] not in options):
            raise BadRequestException("not for languages that are to be identified")
        language = one or cloud.language or options[0]
        if asked["media_encoding"] != "pcm" or "-" not in language:
            raise BadRequestException("not so")
        ear = HumEar(cloud, asked["media_sample_rate_hz"], "LINEAR16")
        voice = "0" if asked.get("show_speaker_label") else None
        return _Stream(cloud, ear, trouble, language if several else None, voice)


class _Stream:
    """Both halves of a ``StartStreamTranscriptionEventStream``."""

    def __init__(
        self,
        cloud: AmazonCloud,
        ear: HumEar,
        trouble: Trouble,
        language: str | None,
        voice: str | None,
    ) -> None:
        self._cloud, self._ear, self._trouble = cloud, ear, trouble
        self._language, self._voice = language, voice
        self._told: asyncio.Queue[Any] = asyncio.Queue()
        self._left = trouble.after
        self._ended = self._stalled = False
        cloud.open.append(self)

    @property
    def input_stream(self) -> "_Stream":
        return self

    @property
    def output_stream(self) -> AsyncIterator[Any]:
        return self._events()

    async def send_audio_event(self, audio_chunk: bytes) -> None:
        if self._ended:
            raise OSError("Stream is completed and doesn't support further writes.")
        if len(audio_chunk) > MOST_BYTES:
            raise BadRequestException("too much audio in one event")
        self._tell(self._ear.feed(audio_chunk))

    async def end_stream(self) -> None:
        if not self._ended:
            self._tell(self._ear.finish())
            self._end()

    def lose(self) -> None:
        """The SDK's stream ends, and says no more."""
        self._ended = True
        self._told.put_nowait(None)

    def _end(self) -> None:
        self._ended = True
        if self in self._cloud.open:
            self._cloud.open.remove(self)
        if not self._stalled:
            self._told.put_nowait(None)

    def _tell(self, readings: list[Reading]) -> None:
        for reading in readings:
            if not self._left and self._trouble.vanish:
                self.lose()
            self._stalled |= not self._left and self._trouble.stall
            if self._ended or self._stalled:
                return
            self._left -= 1
            self._told.put_nowait(_event(reading, self._language, self._voice))

    async def _events(self) -> AsyncIterator[Any]:
        yield None  # an event the SDK does not know
        while (event := await self._told.get()) is not None:
            yield event


def _event(reading: Reading, language: str | None, voice: str | None) -> Any:
    """A ``TranscriptEvent``. Punctuation is an item of its own."""
    items = []
    for word in reading.words:
        text = word.text.rstrip(".,!?")
        items.append(_item("pronunciation", text, word.start_s, word.end_s, 0.9, voice))
        if mark := word.text[len(text) :]:
            items.append(_item("punctuation", mark, word.end_s, word.end_s, None))
    best = SimpleNamespace(transcript=reading.text, items=items, entities=None)
    result = SimpleNamespace(
        start_time=reading.start_s,
        end_time=reading.end_s,
        is_partial=not reading.closed,
        alternatives=[best],
        language_code=language,
    )
    return SimpleNamespace(transcript=SimpleNamespace(results=[result]))


def _item(
    kind: str, text: str, start_s: float, end_s: float, sure: float | None, by: str | None = None
) -> Any:
    return SimpleNamespace(
        item_type=kind,
        content=text,
        start_time=start_s,
        end_time=end_s,
        confidence=sure,
        speaker=by,
    )


# --- Polly -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Polly:
    cloud: AmazonCloud
    login: Login
    silent_s: float

    def synthesize_speech(self, **request: str) -> Mapping[str, Any]:
        cloud = self.cloud
        assert threading.current_thread() is not threading.main_thread(), "this blocks"
        trouble = cloud.befalls()
        cloud.asked.append(request)
        if self.login.key_id != cloud.key:
            raise ClientError(403, "UnrecognizedClientException", {})
        if trouble.refuse:
            headers = {"retry-after": str(trouble.retry_after_s)} if trouble.retry_after_s else {}
            codes = {403: "AccessDeniedException", 429: "ThrottlingException"}
            code = codes.get(trouble.refuse, "ServiceUnavailableException")
            # Throttling is a bad request to Amazon; only its code tells.
            raise ClientError(400 if trouble.refuse == 429 else trouble.refuse, code, headers)
        text, speed = request["Text"], 1.0
        if request["TextType"] == "ssml":
            try:
                speak = ET.fromstring(text)
            except ET.ParseError:
                raise ClientError(400, "InvalidSsmlException", {}) from None
            if request["Engine"] != "standard" and not _NEURAL.issuperset(_marks(speak)):
                raise ClientError(400, "InvalidSsmlException", {})
            prosody = speak.find("prosody")
            told = "100%" if prosody is None else prosody.get("rate", "100%")
            rate = re.fullmatch(r"(\d+)%", told)
            assert rate is not None
            text, speed = "".join(speak.itertext()), int(rate[1]) / 100
        if len(text) > MOST_LETTERS:
            raise ClientError(400, "TextLengthExceededException", {})
        body = _Body(cloud, trouble, self.silent_s)
        body.begin(text, speed)
        return {"AudioStream": body, "ContentType": "audio/pcm"}

    def close(self) -> None:
        """Nothing is kept."""


_NEURAL: Final = frozenset({"speak", "prosody", "prosody rate", "prosody volume"})
"""What engines other than the standard one know of what is used here, by the vendor's table."""


def _marks(speak: ET.Element) -> Iterator[str]:
    for element in speak.iter():
        yield element.tag
        yield from (f"{element.tag} {name}" for name in element.attrib)


class _Body:
    """A ``StreamingBody``."""

    def __init__(self, cloud: AmazonCloud, trouble: Trouble, silent_s: float) -> None:
        self._cloud, self._trouble, self._silent_s = cloud, trouble, silent_s
        self._made: SimpleQueue[bytes | None] = SimpleQueue()
        self._rest = b""
        self._over = self._lost = False
        self._left = trouble.after
        cloud.open.append(self)

    def begin(self, text: str, speed: float) -> None:
        self._work = asyncio.run_coroutine_threadsafe(self._speak(text, speed), self._cloud.loop)

    async def _speak(self, text: str, speed: float) -> None:
        assert self._cloud.voice is not None
        utterance = self._cloud.voice.utter(Speaking(speed=speed))
        utterance.say(text)
        utterance.end()
        async for piece in utterance.audio():
            self._made.put(piece.pcm)
        self._made.put(None)

    def read(self, amt: int) -> bytes:
        while len(self._rest) < amt and not self._over:
            if self._lost or (self._trouble.vanish and not self._left):
                raise ConnectionClosedError("Connection was closed")
            if self._trouble.stall and not self._left:
                raise ReadTimeoutError("Read timeout on endpoint URL")
            try:
                piece = self._made.get(timeout=self._silent_s)
            except Empty:
                raise ReadTimeoutError("Read timeout on endpoint URL") from None
            self._left -= 1
            self._over = piece is None
            self._rest += piece or b""
        chunk, self._rest = self._rest[:amt], self._rest[amt:]
        return chunk

    def lose(self) -> None:
        self._lost = True

    def close(self) -> None:
        self._work.cancel()
        self._made.put(None)
        if self in self._cloud.open:
            self._cloud.open.remove(self)
