"""ElevenLabs as the sandbox opens it: keys, parameters, refusals.

The shape of a refusal is unconfirmed, and so are most of its names; the texts are ours.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from antiphon.providers.elevenlabs.wire import speech as wire
from antiphon.sandbox.elevenlabs import desks
from antiphon.sandbox.elevenlabs.account import detail
from antiphon.sandbox.elevenlabs.listen import AUDIO, serve_listen
from antiphon.sandbox.elevenlabs.speak import serve_multi, serve_single
from antiphon.sandbox.elevenlabs.voice import FORMATS, MODELS
from antiphon.sandbox.vendor import Desk, Door, Refusal, Serve

__all__ = ["DESKS", "DOORS"]

BARE: Final = re.compile(r"[a-z]{2,3}\Z")
KEYTERMS: Final = 50
KEYTERM_LETTERS: Final = 20


def _key(connection: HTTPConnection) -> str:
    given = connection.headers.get("xi-api-key", "")
    return given or connection.query_params.get("token", "")


def _speech_mistake(websocket: WebSocket) -> str:
    query = websocket.query_params
    if query.get("model_id", MODELS[0]) not in MODELS:
        return f"model_id must be one of {', '.join(MODELS)}"
    if query.get("output_format", "mp3_44100_128") not in FORMATS:
        return f"the sandbox sends {', '.join(FORMATS)} only: give output_format"
    idle = query.get("inactivity_timeout", "20")
    if not idle.isdecimal() or not 1 <= int(idle) <= wire.IDLE_MOST_S:
        return f"inactivity_timeout must be 1 to {wire.IDLE_MOST_S}"
    return ""


def _listen_mistake(websocket: WebSocket) -> str:
    query = websocket.query_params
    if "realtime" not in query.get("model_id", ""):
        return "model_id must be a realtime model"
    if query.get("audio_format", "pcm_16000") not in AUDIO:
        return f"audio_format must be one of {', '.join(AUDIO)}"
    if query.get("commit_strategy", "manual") not in ("manual", "vad"):
        return "commit_strategy must be manual or vad"
    if not BARE.match(query.get("language_code", "en")):
        return "language_code must be a bare ISO 639 code"
    for name in ("include_timestamps", "include_language_detection"):
        if query.get(name, "false") not in ("true", "false"):
            return f"{name} must be true or false"
    terms = query.getlist("keyterms")
    if len(terms) > KEYTERMS or any(len(term) > KEYTERM_LETTERS for term in terms):
        return f"at most {KEYTERMS} keyterms of {KEYTERM_LETTERS} letters"
    return ""


def _headers() -> Mapping[str, str]:
    return {}


def _door(path: str, mistake: Callable[[WebSocket], str], serve: Serve) -> Door:
    return Door(path=path, key=_key, refuse=refuse, mistake=mistake, headers=_headers, serve=serve)


def refuse(status: int, why: str) -> Refusal:
    """The vendor's way to say no."""
    return Refusal(status, {}, detail(status, why))


DOORS: Final = (
    _door("/v1/text-to-speech/{voice}/multi-stream-input", _speech_mistake, serve_multi),
    _door("/v1/text-to-speech/{voice}/stream-input", _speech_mistake, serve_single),
    _door("/v1/speech-to-text/realtime", _listen_mistake, serve_listen),
)
DESKS: Final = tuple(
    Desk(path=path, key=_key, refuse=refuse, serve=serve, methods=methods)
    for path, serve, methods in desks.SERVED
)
