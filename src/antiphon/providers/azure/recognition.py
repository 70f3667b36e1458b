"""One continuous recognition of Azure's SDK: audio pushed in, events back from its threads.

The SDK calls us on threads of its own. What an event says is read there, for its objects live no
longer, and handed to the loop; nothing else here runs outside the loop but starting and
stopping, which block and have threads of ours.
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeAlias

from antiphon.errors import AtCapacity, ProviderError, Rejected, TimedOut, Unavailable
from antiphon.events import Word
from antiphon.net.locales import locale
from antiphon.net.refusal import washed
from antiphon.net.sessions import Told
from antiphon.net.streamed import Piece
from antiphon.ports.stt import Hearing
from antiphon.providers.azure.recognition_sdk import SpeechSdk
from antiphon.providers.azure.settings_stt import RecognitionSettings

__all__ = ["HOME", "RecognitionSession"]

HOME: Final = "https://eastus.stt.speech.microsoft.com"
TICKS: Final = 10_000_000
"""In a second."""
LANGUAGES: Final = 10
"""The most that can be told apart (the vendor's documentation)."""
REJECTED: Final = ("AuthenticationFailure", "BadRequest", "Forbidden")
"""Forbidden is a free account whose quota is used up."""

_Event: TypeAlias = Told | ProviderError | None
"""None: everything is told."""


class RecognitionSession:
    """See `antiphon.net.sessions.Session`. Open it with `begin`."""

    def __init__(self, sdk: SpeechSdk, settings: RecognitionSettings, provider: str) -> None:
        self._sdk, self._settings, self._provider = sdk, settings, provider
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[_Event] = asyncio.Queue()
        self._recognizer: Any = None
        self._push: Any = None
        self._phrases: Any = None
        self._detects = False

    async def begin(self, hearing: Hearing) -> None:
        """Let the SDK connect. Raises a `ProviderError` where it will not even try; a refusal by
        the vendor is told by `told`."""
        within_s = self._settings.connect_within_s
        try:
            self._prepare(hearing)
            async with asyncio.timeout(within_s):
                await self._started()
        except TimeoutError:
            raise TimedOut(
                f"did not begin within {within_s:g} s", provider=self._provider
            ) from None
        except (RuntimeError, ValueError) as error:  # all that the SDK raises
            raise Rejected(self._washed(str(error)), provider=self._provider) from None

    async def send(self, audio: bytes) -> None:
        if self._push is None:
            return  # it was left already
        try:
            self._push.write(audio)
        except RuntimeError as error:
            raise Unavailable(self._washed(str(error)), provider=self._provider) from None

    async def finish(self) -> None:
        """The end of its audio makes the vendor tell the rest."""
        if self._push is not None:
            with suppress(RuntimeError):  # what is wrong with it is told by an event
                self._push.close()

    async def told(self) -> AsyncIterator[Told]:
        while (event := await self._events.get()) is not None:
            if isinstance(event, ProviderError):
                raise event
            yield event

    async def aclose(self) -> None:
        """Stopping blocks until the vendor has answered, and letting go of a recogniser for up to
        20 s where nobody does (seen with 1.53): it is done aside, and whatever holds on to this
        session holds nothing that blocks."""
        await self.finish()
        recognizer, self._recognizer = self._recognizer, None
        push, self._push = self._push, None
        phrases, self._phrases = self._phrases, None
        if recognizer is not None:
            _aside(partial(_stop, recognizer, push, phrases))

    # --- making it ---------------------------------------------------------------------------

    def _prepare(self, hearing: Hearing) -> None:
        sdk, settings = self._sdk, self._settings
        key, address = settings.account.api_key.get_secret_value(), settings.account.base_url
        where = {"region": settings.region} if address == HOME else {"endpoint": address}
        config = sdk.SpeechConfig(subscription=key, **where)
        config.output_format = sdk.OutputFormat.Detailed
        config.request_word_level_timestamps()
        if settings.endpointing_ms is not None:
            name = sdk.PropertyId.Speech_SegmentationSilenceTimeoutMs
            config.set_property(name, str(settings.endpointing_ms))
        formats = sdk.audio.AudioStreamWaveFormat
        plain = hearing.encoding == "pcm16"
        wave = formats.PCM if plain else getattr(formats, hearing.encoding.upper())
        self._push = sdk.audio.PushAudioInputStream(
            sdk.audio.AudioStreamFormat(
                samples_per_second=hearing.rate_hz,
                bits_per_sample=16 if plain else 8,
                channels=1,
                wave_stream_format=wave,
            )
        )
        self._recognizer = sdk.SpeechRecognizer(
            speech_config=config,
            audio_config=sdk.audio.AudioConfig(stream=self._push),
            **self._languages(config, hearing),
        )
        if hearing.keyterms:
            self._phrases = sdk.PhraseListGrammar.from_recognizer(self._recognizer)
            for term in hearing.keyterms:
                self._phrases.addPhrase(term)
        self._recognizer.recognizing.connect(self._on_partial)
        self._recognizer.recognized.connect(self._on_final)
        self._recognizer.canceled.connect(self._on_canceled)
        self._recognizer.session_stopped.connect(self._on_stopped)

    def _languages(self, config: Any, hearing: Hearing) -> dict[str, Any]:
        """One, or several to choose from."""
        sdk, language = self._sdk, self._settings.language
        self._detects = bool(hearing.detect) and not language
        if not self._detects:
            return {"language": language or locale(hearing.language)}
        offered = [locale(one) for one in hearing.detect][:LANGUAGES]
        config.set_property(sdk.PropertyId.SpeechServiceConnection_LanguageIdMode, "Continuous")
        several = sdk.languageconfig.AutoDetectSourceLanguageConfig
        return {"auto_detect_source_language_config": several(languages=offered)}

    async def _started(self) -> None:
        """Begin, which blocks. Raises what the SDK does."""
        done: asyncio.Future[None] = self._loop.create_future()

        def settle(error: Exception | None) -> None:
            if not done.done():
                done.set_exception(error) if error else done.set_result(None)

        def start() -> None:
            error: Exception | None = None
            try:
                # Held by this thread alone: see `aclose`.
                if (recognizer := self._recognizer) is not None:
                    recognizer.start_continuous_recognition()
            except (RuntimeError, ValueError) as trouble:
                error = trouble
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(settle, error)

        _aside(start)
        await done

    # --- on the SDK's threads ----------------------------------------------------------------

    def _on_partial(self, event: Any) -> None:
        self._hand_over(Told(piece=self._piece(event.result), closed=False))

    def _on_final(self, event: Any) -> None:
        if event.result.reason == self._sdk.ResultReason.RecognizedSpeech:
            self._hand_over(Told(piece=self._piece(event.result), closed=True))

    def _piece(self, result: Any) -> Piece:
        if not self._detects:
            return _piece(result)
        heard = self._sdk.AutoDetectSourceLanguageResult(result).language
        return replace(_piece(result), language=heard or "")

    def _on_canceled(self, event: Any) -> None:
        details = event.cancellation_details
        if details.reason == self._sdk.CancellationReason.Error:
            self._hand_over(self._error(details.code.name, details.error_details))
        else:
            self._hand_over(None)  # the end of the audio

    def _on_stopped(self, event: Any) -> None:
        self._hand_over(None)

    def _hand_over(self, event: _Event) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._events.put_nowait, event)

    def _error(self, code: str, details: str) -> ProviderError:
        said = self._washed(f"{code}: {details}")
        if code in REJECTED:
            return Rejected(said, provider=self._provider)
        if code == "TooManyRequests":
            return AtCapacity(said, provider=self._provider)
        if code == "ServiceTimeout":
            return TimedOut(said, provider=self._provider)
        return Unavailable(said, provider=self._provider)

    def _washed(self, said: str) -> str:
        return washed(said, [self._settings.account.api_key.get_secret_value()])


def _stop(recognizer: Any, *held: Any) -> None:
    signals = (recognizer.recognizing, recognizer.recognized)
    for signal in (*signals, recognizer.canceled, recognizer.session_stopped):
        signal.disconnect_all()
    with suppress(RuntimeError):
        recognizer.stop_continuous_recognition()


def _aside(work: Callable[[], None]) -> None:
    """In a thread that does not keep the process from ending; pools are waited for at its end."""
    threading.Thread(target=work, daemon=True).start()


def _piece(result: Any) -> Piece:
    start_s, end_s = result.offset / TICKS, (result.offset + result.duration) / TICKS
    confidence, words = _detail(result.json)
    return Piece(
        start_s=start_s, end_s=end_s, text=result.text.strip(), words=words, confidence=confidence
    )


def _detail(said: str) -> tuple[float, tuple[Word, ...]]:
    """Confidence and word times, from the JSON beside a result. Partials have none, and what
    cannot be read is as good as none."""
    try:
        best = json.loads(said or "{}").get("NBest", [{}])[0]
        # DisplayWords have their punctuation, Words are as they were spoken.
        words = tuple(
            Word(
                text=word.get("DisplayText") or word["Word"],
                start_s=word["Offset"] / TICKS,
                end_s=(word["Offset"] + word["Duration"]) / TICKS,
            )
            for word in best.get("DisplayWords") or best.get("Words") or ()
        )
        return float(best.get("Confidence", 1.0)), words
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return 1.0, ()
