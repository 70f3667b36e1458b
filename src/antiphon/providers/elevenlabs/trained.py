"""Professional voice cloning: begun, recordings sent, read aloud, trained for some hours.

The steps are those of the vendor's guide. Recordings with several people on them, which it can take
apart, and its staff's verification for people who cannot read aloud are done on its site.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from antiphon.errors import ProviderError, RemoteProtocolError, Unavailable
from antiphon.net.account import Account
from antiphon.net.cloning import Clips, KnownVoice, NewVoice, Recording
from antiphon.net.training import Challenge, Progress, Trained
from antiphon.providers.elevenlabs.account import http
from antiphon.providers.elevenlabs.wire import making as wire
from antiphon.providers.elevenlabs.wire import voices

__all__ = ["CLIPS", "MODEL", "ElevenLabsTrainer"]

M = TypeVar("M")

SILENT_S: Final = 300.0
"""Hours of recordings are taken in before the answer comes."""
MODEL: Final = "eleven_multilingual_v2"
"""Trained in the vendor's guide. A voice speaks with the models it was trained for only (third
parties)."""
JSON: Final = {"content-type": "application/json"}
CLIPS: Final = Clips(
    most=100,
    kinds=("wav", "mp3", "m4a", "flac", "ogg", "webm"),
    shortest_s=5.0,
    advice="half an hour at least in all, better two or three, of one person in a quiet room (third"
    " parties; unconfirmed)",
)


class ElevenLabsTrainer:
    """See `antiphon.net.training.Trainer`."""

    name = "elevenlabs"

    def __init__(self, account: Account) -> None:
        self._http = http(self.name, account, SILENT_S)

    async def clone(self, wanted: NewVoice) -> KnownVoice:
        new = wire.NewProfessional(
            name=wanted.name, language=wanted.language, description=wanted.description or None
        )
        body = await self._ask("POST", "/v1/voices/pvc", content=wire.encode(new), headers=JSON)
        voice_id = self._read(wire.decode_begun, body).voice_id
        files = [
            ("files", (recording.filename, recording.data, recording.content_type))
            for recording in wanted.recordings
        ]
        try:
            await self._ask("POST", wire.professional_path(voice_id, "samples"), files=files)
        except ProviderError as error:
            error.add_note(f"the voice {voice_id} was begun and has no recordings: delete it")
            raise
        return KnownVoice(id=voice_id, name=wanted.name, language=wanted.language, cloned=True)

    async def challenge(self, voice_id: str) -> Challenge:
        body = await self._ask("GET", wire.captcha_path(voice_id))
        data, kind = self._read(wire.decode_captcha, body)
        return Challenge(data=data, kind=kind)

    async def verify(self, voice_id: str, reading: Recording) -> None:
        file = (reading.filename, reading.data, reading.content_type)
        await self._ask("POST", wire.captcha_path(voice_id), files={"recording": file})

    async def train(self, voice_id: str, model: str) -> None:
        body = wire.encode(wire.Train(model_id=model))
        path = wire.professional_path(voice_id, "train")
        await self._ask("POST", path, content=body, headers=JSON)

    async def progress(self, voice_id: str) -> Progress:
        body = await self._ask("GET", voices.path(voice_id))
        voice = self._read(voices.decode_voice, body)
        training = voice.fine_tuning or voices.Training()
        known = voice.voice_verification
        accepted = any(attempt.accepted for attempt in training.verification_attempts or ())
        return Progress(
            name=voice.name or voice_id,
            samples=len(voice.samples or ()),
            seconds=training.dataset_duration_seconds,
            # Which of the two the vendor fills in is unconfirmed.
            verified=accepted or (known is not None and known.is_verified),
            failures=training.verification_failures
            or (known.verification_failures if known else ()),
            models=_models(training),
        )

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _ask(self, method: str, path: str, **content: Any) -> bytes:
        async with self._http.ask(method, path, **content) as answer:
            return await answer.body()

    def _read(self, decode: Callable[[bytes], M], body: bytes) -> M:
        try:
            return decode(body)
        except RemoteProtocolError as error:
            said = f"sent what cannot be read: {error}"
            raise Unavailable(said, provider=self.name) from None


def _models(training: voices.Training) -> tuple[Trained, ...]:
    shares, messages = training.progress or {}, training.message or {}
    return tuple(
        Trained(
            model=model, state=state, share=shares.get(model), message=messages.get(model) or ""
        )
        for model, state in (training.state or {}).items()
    )
