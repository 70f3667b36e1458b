"""AssemblyAI's WebSocket as the sandbox opens it: keys, parameters, refusals.

The vendor lets every client in and then says no: an `Error` message, and a close with its code
(vendor's documentation). That a wrong parameter ends with 3006, and the words of it, is our guess.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.websockets import WebSocket

from antiphon.sandbox.assemblyai.session import ENCODINGS, serve_session
from antiphon.sandbox.vendor import Door, Refusal

__all__ = ["DOORS"]

MODELS: Final = (
    "universal-streaming-english",
    "universal-streaming-multilingual",
    "u3-pro",
    "u3-rt-pro",
    "u3-rt-pro-beta-1",
    "universal-3-5-pro",
    "universal-3-6",
    "universal-3-6-pro",
    "whisper-rt",
)
LISTS: Final = ("keyterms_prompt", "language_codes")
FLAGS: Final = ("format_turns", "language_detection", "speaker_labels", "session_heartbeat")
IN_BAND: Final = {
    400: (3006, "Invalid Connection Parameters"),
    401: (1008, "Unauthorized Connection"),
    403: (1008, "Unauthorized Connection"),
}
RATES_HZ: Final = range(8000, 96_001)
IDLE_S: Final = range(5, 3601)


def _key(websocket: WebSocket) -> str:
    given: str = websocket.headers.get("authorization", "")
    return given or str(websocket.query_params.get("token", ""))


def _refuse(status: int, why: str) -> Refusal:
    if status not in IN_BAND:
        return Refusal(status, {}, {"error": why})
    code, what = IN_BAND[status]
    said = f"{what}: {why}"
    body: dict[str, Any] = {"type": "Error", "error_code": code, "error": said}
    return Refusal(status, {"reason": said[:123]}, body, close=code)


def _headers() -> Mapping[str, str]:
    return {}


def _mistake(websocket: WebSocket) -> str:
    query = websocket.query_params
    if query.get("speech_model") not in MODELS:
        return f"speech_model must be one of {', '.join(MODELS)}"
    if query.get("encoding", "pcm_s16le") not in ENCODINGS:
        return f"the sandbox reads {' and '.join(ENCODINGS)} only"
    for name, allowed in (("sample_rate", RATES_HZ), ("inactivity_timeout", IDLE_S)):
        value = query.get(name, "" if name == "sample_rate" else "5")
        if not (value.isdecimal() and int(value) in allowed):
            return f"{name} must be {allowed.start} to {allowed.stop - 1}"
    if not query.get("min_turn_silence", "0").isdecimal():
        return "min_turn_silence must be milliseconds"
    for name in FLAGS:
        if query.get(name, "false").lower() not in ("true", "false"):
            return f"{name} must be true or false"
    for name in LISTS:
        try:
            msgspec.json.decode(query.get(name, "[]"), type=tuple[str, ...])
        except msgspec.DecodeError:
            return f"{name} must be a JSON list of strings"
    return ""


DOORS = (
    Door(
        path="/v3/ws",
        key=_key,
        refuse=_refuse,
        mistake=_mistake,
        headers=_headers,
        serve=serve_session,
    ),
)
