"""OpenAI's WebSocket and requests as the sandbox serves them: keys, parameters, refusals.

A wrong key is refused before a WebSocket is open; third parties saw the service open it, tell an
error and close with 3000. Which it does today is not known.
"""

from collections.abc import Mapping
from typing import Final

from starlette.websockets import WebSocket

from antiphon.sandbox.openai.chat import key, refuse
from antiphon.sandbox.openai.realtime import serve_transcription
from antiphon.sandbox.openai.speech import serve_speech
from antiphon.sandbox.openai.transcribe import serve_transcriptions
from antiphon.sandbox.vendor import Desk, Door

__all__ = ["DESKS", "DOORS"]


def _realtime_mistake(websocket: WebSocket) -> str:
    """With a model in it, the address is that of a conversation, whatever the intent (vendor's
    guide)."""
    query = websocket.query_params
    if query.get("intent") != "transcription" or "model" in query:
        return "the sandbox has transcription sessions only: ?intent=transcription, and no model"
    return ""


def _headers() -> Mapping[str, str]:
    return {"x-request-id": "req_sandbox"}


DOORS: Final[tuple[Door, ...]] = (
    Door(
        path="/v1/realtime",
        key=key,
        refuse=refuse,
        mistake=_realtime_mistake,
        headers=_headers,
        serve=serve_transcription,
    ),
)
DESKS: Final[tuple[Desk, ...]] = (
    Desk(path="/v1/audio/speech", key=key, refuse=refuse, serve=serve_speech),
    Desk(path="/v1/audio/transcriptions", key=key, refuse=refuse, serve=serve_transcriptions),
)
