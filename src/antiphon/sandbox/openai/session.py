"""What a transcription session may be set to, as the vendor's end sees it.

Which combinations the service refuses is known from its guide and from third parties; what is not
known to be refused is taken.
"""

from typing import Any, Final

import msgspec
from msgspec import UNSET

from antiphon.providers.openai.wire import realtime as wire

__all__ = [
    "DEFAULT",
    "ENCODINGS",
    "MODELS",
    "Refused",
    "rate_hz",
    "streams",
    "told",
    "updated",
    "usage",
]

DEFAULT: Final = wire.AudioInput(
    format=wire.AudioFormat("audio/pcm", wire.PCM_RATE_HZ),
    transcription=None,
    noise_reduction=None,
    turn_detection=None,
)
ENCODINGS: Final = {"audio/pcm": "linear16", "audio/pcmu": "mulaw", "audio/pcma": "alaw"}
TELEPHONE_HZ: Final = 8000
STREAMING: Final = ("gpt-live-transcribe", "gpt-realtime-whisper")
MODELS: Final = (
    *STREAMING,
    "gpt-transcribe",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
    "gpt-4o-transcribe-diarize",
    "whisper-1",
)
TOKENS_PER_S: Final = 10
"""Of audio."""


class Refused(Exception):
    """An update that is not made."""

    def __init__(self, why: str, param: str, code: str = "invalid_value") -> None:
        super().__init__(why)
        self.why, self.param, self.code = why, param, code


def updated(now: wire.AudioInput, session: wire.Session) -> wire.AudioInput:
    """The session's input after an update. Raises `Refused`."""
    if session.type != "transcription":
        why = f"Passing a {session.type} session update event to a transcription session."
        raise Refused(why, "session.type")
    audio = session.audio if session.audio is not UNSET else wire.SessionAudio()
    given = audio.input if audio.input is not UNSET else wire.AudioInput()
    after = wire.AudioInput(
        format=now.format if given.format is UNSET else given.format,
        transcription=_chosen(given.transcription, now.transcription),
        noise_reduction=_chosen(given.noise_reduction, now.noise_reduction),
        turn_detection=_chosen(given.turn_detection, now.turn_detection),
    )
    _check(after)
    return after


def streams(input_: wire.AudioInput) -> bool:
    """Words come before a piece is committed."""
    read = input_.transcription
    return bool(read and read.model in STREAMING)


def rate_hz(format_: wire.AudioFormat) -> int:
    """Of the audio that is appended."""
    return wire.PCM_RATE_HZ if format_.type == "audio/pcm" else TELEPHONE_HZ


def usage(input_: wire.AudioInput, seconds: float, text: str) -> dict[str, Any]:
    """What an item costs: the newest models by the second, the others by the token."""
    if streams(input_) or (input_.transcription and input_.transcription.model == "whisper-1"):
        return {"type": "duration", "seconds": round(seconds, 2)}
    heard, said = round(seconds * TOKENS_PER_S), len(text.split())
    details = {"audio_tokens": heard, "text_tokens": 0}
    return {
        "type": "tokens",
        "input_tokens": heard,
        "input_token_details": details,
        "output_tokens": said,
        "total_tokens": heard + said,
    }


def _chosen(given: Any, now: Any) -> Any:
    return now if given is UNSET else given


def _check(after: wire.AudioInput) -> None:
    at = "session.audio.input"
    form = after.format
    if isinstance(form, wire.AudioFormat):
        if form.type not in ENCODINGS:
            raise Refused(f"Invalid value: '{form.type}'.", f"{at}.format.type")
        if form.type == "audio/pcm" and form.rate not in (None, wire.PCM_RATE_HZ):
            raise Refused("Only a 24kHz sample rate is supported.", f"{at}.format.rate")
    if not isinstance(after.transcription, wire.Transcription):
        return
    model = after.transcription.model
    if model not in MODELS:
        raise Refused(f"Invalid value: '{model}'.", f"{at}.transcription.model")
    if streams(after) and isinstance(after.turn_detection, wire.TurnDetection):
        why = "Turn detection is not supported for this transcription model."
        raise Refused(why, f"{at}.turn_detection")
    if model == "gpt-realtime-whisper" and after.transcription.prompt:
        raise Refused("Prompt is not supported with this model.", f"{at}.transcription.prompt")
    if after.transcription.keywords and model not in ("gpt-transcribe", "gpt-live-transcribe"):
        why = "Keywords are not supported with this model."
        raise Refused(why, f"{at}.transcription.keywords")


def told(session_id: str, expires_at: int, input_: wire.AudioInput) -> dict[str, Any]:
    """The session as its events show it."""
    audio = msgspec.to_builtins(wire.SessionAudio(input_))
    return {
        "id": session_id,
        "object": "realtime.transcription_session",
        "type": "transcription",
        "expires_at": expires_at,
        "audio": audio,
        "include": None,
    }
