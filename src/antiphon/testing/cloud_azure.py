"""Azure's recogniser, pretended in place of its SDK: one that calls back on threads of its own.

`antiphon.providers.azure.recognition_sdk` says what is pretended. Events come on a thread for each
recogniser, as the real ones do; stopping blocks; a wrong key is told by an event and not raised.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from types import SimpleNamespace
from typing import Any, Final, cast

from antiphon.providers.azure.recognition_sdk import SpeechSdk
from antiphon.testing.clouds import Cloud, HumEar, Reading

__all__ = ["AzureCloud", "FakeRecognizer"]

TICKS: Final = 10_000_000


class _PropertyId(Enum):
    SpeechServiceConnection_LanguageIdMode = 3205
    Speech_SegmentationSilenceTimeoutMs = 9002


class _OutputFormat(Enum):
    Simple = 0
    Detailed = 1


class _ResultReason(Enum):
    NoMatch = 0
    Canceled = 1
    RecognizingSpeech = 2
    RecognizedSpeech = 3


class _CancellationReason(Enum):
    Error = 1
    EndOfStream = 2


class _CancellationErrorCode(Enum):
    NoError = 0
    AuthenticationFailure = 1
    TooManyRequests = 3
    Forbidden = 4
    ConnectionFailure = 5
    ServiceUnavailable = 8


class _WaveFormat(Enum):
    PCM = 1
    ALAW = 6
    MULAW = 7


_ENCODINGS: Final = {
    (_WaveFormat.PCM, 16): "LINEAR16",
    (_WaveFormat.MULAW, 8): "MULAW",
    (_WaveFormat.ALAW, 8): "ALAW",
}
_REFUSALS: Final = {
    403: _CancellationErrorCode.Forbidden,
    429: _CancellationErrorCode.TooManyRequests,
    503: _CancellationErrorCode.ServiceUnavailable,
}


@dataclass(kw_only=True)
class AzureCloud(Cloud):
    """Hears humming."""

    def sdk(self) -> SpeechSdk:
        """In place of the module ``azure.cognitiveservices.speech``."""
        audio = SimpleNamespace(
            AudioStreamWaveFormat=_WaveFormat,
            AudioStreamFormat=_format,
            PushAudioInputStream=_Push,
            AudioConfig=_audio_config,
        )

        def recognizer(
            *,
            speech_config: "_Config",
            audio_config: "_Push",
            language: str = "",
            auto_detect_source_language_config: tuple[str, ...] = (),
        ) -> Any:
            several = auto_detect_source_language_config
            if bool(language) == bool(several):
                raise ValueError("give language or auto_detect_source_language_config, not both")
            return FakeRecognizer(self, speech_config, audio_config, language, several)

        module = SimpleNamespace(
            audio=audio,
            PropertyId=_PropertyId,
            OutputFormat=_OutputFormat,
            ResultReason=_ResultReason,
            CancellationReason=_CancellationReason,
            PhraseListGrammar=_Phrases,
            SpeechConfig=_Config,
            SpeechRecognizer=recognizer,
            AutoDetectSourceLanguageResult=_heard_language,
            languageconfig=SimpleNamespace(AutoDetectSourceLanguageConfig=_several),
        )
        return cast(SpeechSdk, module)


class _Config:
    def __init__(
        self, *, subscription: str, region: str | None = None, endpoint: str | None = None
    ) -> None:
        if (region is None) == (endpoint is None):
            raise ValueError("either region or endpoint must be given along with a key")
        self.subscription, self.region, self.endpoint = subscription, region, endpoint
        self.output_format = _OutputFormat.Simple
        self.word_times = False
        self.properties: dict[_PropertyId, str] = {}

    def request_word_level_timestamps(self) -> None:
        self.word_times = True

    def set_property(self, property_id: _PropertyId, value: str) -> None:
        self.properties[property_id] = value


def _several(*, languages: list[str]) -> tuple[str, ...]:
    if len({language.partition("-")[0] for language in languages}) < len(languages):
        raise ValueError("one region of each language")
    return tuple(languages)


def _heard_language(result: Any) -> Any:
    return SimpleNamespace(language=result.heard_language)


def _format(
    *,
    samples_per_second: int,
    bits_per_sample: int,
    channels: int,
    wave_stream_format: _WaveFormat,
) -> tuple[int, str]:
    assert channels == 1
    return samples_per_second, _ENCODINGS[wave_stream_format, bits_per_sample]


class _Push:
    """What is written goes to whoever reads it, or waits for them."""

    def __init__(self, stream_format: tuple[int, str]) -> None:
        self.rate_hz, self.encoding = stream_format
        self._waiting: list[bytes | None] = []
        self._reader: Callable[[bytes | None], None] | None = None

    def write(self, buffer: bytes) -> None:
        self._pass(bytes(buffer))

    def close(self) -> None:
        self._pass(None)

    def read_by(self, reader: Callable[[bytes | None], None]) -> None:
        self._reader = reader
        for data in self._waiting:
            reader(data)

    def _pass(self, data: bytes | None) -> None:
        if self._reader is None:
            self._waiting.append(data)
        else:
            self._reader(data)


def _audio_config(*, stream: _Push) -> _Push:
    return stream


class _Signal:
    def __init__(self) -> None:
        self._callbacks: list[Callable[[Any], None]] = []

    def connect(self, callback: Callable[[Any], None]) -> None:
        self._callbacks.append(callback)

    def disconnect_all(self) -> None:
        self._callbacks.clear()

    def signal(self, event: Any) -> None:
        for callback in list(self._callbacks):
            callback(event)


class _Phrases:
    def __init__(self, recognizer: "FakeRecognizer") -> None:
        self._recognizer = recognizer

    @classmethod
    def from_recognizer(cls, recognizer: "FakeRecognizer") -> "_Phrases":
        return cls(recognizer)

    def addPhrase(self, phrase: str) -> None:  # noqa: N802
        self._recognizer.phrases.append(phrase)


class FakeRecognizer:
    """A ``SpeechRecognizer``; `Cloud.asked` has all of them."""

    def __init__(
        self,
        cloud: AzureCloud,
        config: _Config,
        push: _Push,
        language: str,
        languages: tuple[str, ...] = (),
    ) -> None:
        self.config, self.push = config, push
        self.language, self.languages = language, languages
        self.phrases: list[str] = []
        self.recognizing, self.recognized = _Signal(), _Signal()
        self.canceled, self.session_stopped = _Signal(), _Signal()
        self._cloud, self._trouble = cloud, cloud.befalls()
        self._left = self._trouble.after
        self._over = False
        self._ear: HumEar | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sdk")
        cloud.asked.append(self)

    def start_continuous_recognition(self) -> None:
        cloud = self._cloud
        self._ear = HumEar(cloud, self.push.rate_hz, self.push.encoding)
        cloud.open.append(self)
        if self.config.subscription != cloud.key:
            said = f"WebSocket upgrade failed: {self.config.subscription}: 401"
            self._thread.submit(self._fail, _CancellationErrorCode.AuthenticationFailure, said)
        elif self._trouble.refuse:
            code = _REFUSALS[self._trouble.refuse]
            self._thread.submit(self._fail, code, "WebSocket upgrade failed")
        else:
            self.push.read_by(self._pass_on)

    def stop_continuous_recognition(self) -> None:
        self._over = True
        if self in self._cloud.open:
            self._cloud.open.remove(self)
        self.push.read_by(lambda data: None)
        self._thread.shutdown(wait=True, cancel_futures=True)

    def lose(self) -> None:
        self._thread.submit(
            self._fail, _CancellationErrorCode.ConnectionFailure, "Connection was closed"
        )

    def _pass_on(self, data: bytes | None) -> None:
        self._thread.submit(self._read, data)

    # --- on its thread -----------------------------------------------------------------------

    def _read(self, data: bytes | None) -> None:
        assert self._ear is not None
        if self._over:
            return
        for reading in self._ear.finish() if data is None else self._ear.feed(data):
            self._tell(reading)
        if data is None and not self._over:
            self._cancel(_CancellationReason.EndOfStream, _CancellationErrorCode.NoError, "")

    def _tell(self, reading: Reading) -> None:
        if not self._left and self._trouble.stall:
            self._over = True
        if not self._left and self._trouble.vanish and not self._over:
            self._fail(_CancellationErrorCode.ConnectionFailure, "Connection was closed")
        if self._over:
            return
        self._left -= 1
        signal = self.recognized if reading.closed else self.recognizing
        signal.signal(SimpleNamespace(result=self._result(reading)))

    def _result(self, reading: Reading) -> Any:
        reasons = _ResultReason.RecognizingSpeech, _ResultReason.RecognizedSpeech
        words = [
            {
                "Word": word.text,
                "Offset": round(word.start_s * TICKS),
                "Duration": round((word.end_s - word.start_s) * TICKS),
            }
            for word in reading.words
        ]
        best = {"Confidence": 0.9, "Display": reading.text, "DisplayWords": words}
        detailed = reading.closed and self.config.output_format is _OutputFormat.Detailed
        return SimpleNamespace(
            reason=reasons[reading.closed],
            text=reading.text,
            heard_language=(self._cloud.language or self.languages[0]) if self.languages else None,
            offset=round(reading.start_s * TICKS),
            duration=round((reading.end_s - reading.start_s) * TICKS),
            json=json.dumps({"NBest": [best]} if detailed and self.config.word_times else {}),
        )

    def _fail(self, code: _CancellationErrorCode, details: str) -> None:
        if not self._over:
            self._cancel(_CancellationReason.Error, code, details)

    def _cancel(
        self, reason: _CancellationReason, code: _CancellationErrorCode, details: str
    ) -> None:
        self._over = True
        about = SimpleNamespace(reason=reason, code=code, error_details=details)
        self.canceled.signal(SimpleNamespace(cancellation_details=about))
        self.session_stopped.signal(SimpleNamespace(session_id="sandbox"))
