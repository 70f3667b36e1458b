"""Deepgram's four WebSockets as the sandbox opens them: keys, parameters, refusals.

What the vendor's service answers to a wrong parameter is known for one case only (``keywords``
with nova-3: a bare 400, third party); the other texts are ours.
"""

import secrets
import uuid
from collections.abc import Callable, Mapping

from starlette.websockets import WebSocket

from antiphon.sandbox.deepgram.flux import serve_flux
from antiphon.sandbox.deepgram.listen import serve_listen
from antiphon.sandbox.deepgram.speak import serve_speak
from antiphon.sandbox.deepgram.speak_v2 import serve_speak_v2, speed_mistake
from antiphon.sandbox.ears import ENCODINGS
from antiphon.sandbox.vendor import Door, Refusal, Serve

__all__ = ["DOORS"]

CODES = {401: "INVALID_AUTH", 403: "FORBIDDEN", 429: "TOO_MANY_REQUESTS", 400: "Bad Request"}
AURA_RATES = ("8000", "16000", "24000", "32000", "48000")
FLUX_RATES = ("8000", "16000", "24000", "32000", "44100", "48000")


def _key(websocket: WebSocket) -> str:
    kind, _, value = websocket.headers.get("authorization", "").partition(" ")
    if kind.lower() in ("token", "bearer"):
        return value.strip()
    offered: list[str] = websocket.scope.get("subprotocols", [])
    return offered[1] if len(offered) > 1 and offered[0] in ("token", "bearer") else ""


def _refuse(status: int, why: str) -> Refusal:
    request = str(uuid.uuid4())
    body = {"err_code": CODES.get(status, "ERROR"), "err_msg": why, "request_id": request}
    return Refusal(status, {"dg-error": why, "dg-request-id": request}, body)


def _headers() -> Mapping[str, str]:
    return {"dg-request-id": str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))}


def _listen_mistake(websocket: WebSocket) -> str:
    query = websocket.query_params
    if not query.get("model"):
        return "model is missing"
    if query["model"].startswith("nova-3") and "keywords" in query:
        return "keywords are not for nova-3: use keyterm"
    if query.get("diarize_model", "latest") not in ("latest", "v1"):
        return "diarize_model must be latest or v1 for a stream"
    for name in ("smart_format", "filler_words", "diarize"):
        if query.get(name, "false") not in ("true", "false"):
            return f"{name} must be true or false"
    if "utterance_end_ms" in query and query.get("interim_results") != "true":
        return "utterance_end_ms needs interim_results"
    return _audio_mistake(websocket)


def _flux_mistake(websocket: WebSocket) -> str:
    if not websocket.query_params.get("model", "").startswith("flux-"):
        return "this is where flux models are"
    several = websocket.query_params["model"] == "flux-general-multi"
    if "language_hint" in websocket.query_params and not several:
        return "language_hint is for flux-general-multi only"
    if websocket.query_params.get("numerals", "false") not in ("true", "false"):
        return "numerals must be true or false"
    for name, least in (("eager_eot_threshold", 0.3), ("eot_threshold", 0.5)):
        value = websocket.query_params.get(name)
        if value is not None and not (_number(value) and least <= float(value) <= 0.9):
            return f"{name} must be {least:g} to 0.9"
    return _audio_mistake(websocket)


def _speak_mistake(websocket: WebSocket) -> str:
    query = websocket.query_params
    if not query.get("model", "aura-").startswith("aura-"):
        return "no such voice"
    if query.get("encoding", "linear16") not in ENCODINGS:
        return "no such encoding for a stream"
    if query.get("sample_rate", "24000") not in AURA_RATES:
        return f"sample_rate must be one of {', '.join(AURA_RATES)}"
    return "" if _number(query.get("speed", "1")) else "speed is not a number"


def _speak_v2_mistake(websocket: WebSocket) -> str:
    query = websocket.query_params
    if not query.get("model", "").startswith("flux-"):
        return "this is where flux voices are: give model"
    encoding = query.get("encoding", "linear16")
    if encoding not in ENCODINGS:
        return "no such encoding for a stream"
    rates = FLUX_RATES if encoding == "linear16" else FLUX_RATES[:2]
    if query.get("sample_rate", rates[0]) not in rates:
        return f"sample_rate must be one of {', '.join(rates)}"
    speed = query.get("speed", "1")
    return speed_mistake(float(speed))[1] if _number(speed) else "speed is not a number"


def _audio_mistake(websocket: WebSocket) -> str:
    query = websocket.query_params
    if query.get("encoding") not in ENCODINGS:
        return f"the sandbox reads raw audio only, as {', '.join(ENCODINGS)}: give encoding"
    rate = query.get("sample_rate", "")
    if not rate.isdecimal() or not 4000 <= int(rate) <= 192_000:
        return "sample_rate is missing or out of range"
    return ""


def _number(value: str) -> bool:
    return value.replace(".", "", 1).isdecimal()


def _door(path: str, mistake: Callable[[WebSocket], str], serve: Serve) -> Door:
    return Door(path=path, key=_key, refuse=_refuse, mistake=mistake, headers=_headers, serve=serve)


DOORS = (
    _door("/v1/listen", _listen_mistake, serve_listen),
    _door("/v2/listen", _flux_mistake, serve_flux),
    _door("/v1/speak", _speak_mistake, serve_speak),
    _door("/v2/speak", _speak_v2_mistake, serve_speak_v2),
)
