"""What is used of Azure's Speech SDK, which is a native library with threads of its own.

`SpeechSdk` is the part of the module ``azure.cognitiveservices.speech`` that the recogniser
touches; `load` gives the real one, a test gives another. Its errors become ours in
`recognition`. Must not live here: what is asked of it.
"""

import importlib
from collections.abc import Callable
from typing import Any, Protocol, cast

__all__ = ["AudioSdk", "Push", "Recognizer", "Signal", "SpeechSdk", "load"]


class Signal(Protocol):
    """``EventSignal``. Whoever is connected is called on a thread of the SDK's."""

    def connect(self, callback: Callable[[Any], None]) -> None: ...
    def disconnect_all(self) -> None: ...


class Recognizer(Protocol):
    """``SpeechRecognizer``."""

    @property
    def recognizing(self) -> Signal: ...
    @property
    def recognized(self) -> Signal: ...
    @property
    def canceled(self) -> Signal: ...
    @property
    def session_stopped(self) -> Signal: ...

    def start_continuous_recognition(self) -> None:
        """Blocks."""
        ...

    def stop_continuous_recognition(self) -> None:
        """Blocks until everything is told."""
        ...


class Push(Protocol):
    """``PushAudioInputStream``. It copies what it is given, and never waits."""

    def write(self, buffer: bytes) -> None: ...
    def close(self) -> None: ...


class AudioSdk(Protocol):
    """``azure.cognitiveservices.speech.audio``."""

    AudioStreamWaveFormat: Any
    """An enumeration: PCM, MULAW, ALAW."""

    def AudioStreamFormat(  # noqa: N802
        self,
        *,
        samples_per_second: int,
        bits_per_sample: int,
        channels: int,
        wave_stream_format: Any,
    ) -> Any: ...
    def PushAudioInputStream(self, stream_format: Any) -> Push: ...  # noqa: N802
    def AudioConfig(self, *, stream: Push) -> Any: ...  # noqa: N802


class SpeechSdk(Protocol):
    """``azure.cognitiveservices.speech``."""

    audio: AudioSdk
    PropertyId: Any
    OutputFormat: Any
    ResultReason: Any
    CancellationReason: Any
    PhraseListGrammar: Any
    languageconfig: Any
    """A module; of it, ``AutoDetectSourceLanguageConfig``."""

    def SpeechConfig(self, **given: str) -> Any:  # noqa: N802
        """Of ``subscription``, and ``region`` or ``endpoint``."""
        ...

    def SpeechRecognizer(  # noqa: N802
        self, *, speech_config: Any, audio_config: Any, **languages: Any
    ) -> Recognizer:
        """``languages``: a ``language``, or an ``auto_detect_source_language_config``."""
        ...

    def AutoDetectSourceLanguageResult(self, result: Any) -> Any:  # noqa: N802
        """Has the ``language`` that was heard, or None."""
        ...


def load() -> SpeechSdk:
    """azure-cognitiveservices-speech; loads a native library."""
    return cast(SpeechSdk, importlib.import_module("azure.cognitiveservices.speech"))
