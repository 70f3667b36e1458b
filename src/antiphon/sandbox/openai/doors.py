"""OpenAI's WebSocket and requests as the sandbox serves them: keys, parameters, refusals.

A wrong key is refused before a WebSocket is open; third parties saw the service open it, tell an
error and close with 3000. Which it does today is not known.
"""

from collections.abc import Mapping
from typing import Final

from starlette.websockets import WebSocket

from antiphon.sandbox.line import Line
from antiphon.sandbox.openai.chat import key, refuse
from antiphon.sandbox.openai.realtime import serve_transcription
from antiphon.sandbox.openai.speech import serve_any_speech, serve_speech, serve_voices
from antiphon.sandbox.openai.transcribe import serve_transcriptions
from antiphon.sandbox.vendor import Desk, Door, Means, Serve

__all__ = ["DESKS", "DOORS"]


SESSIONS: Final[Mapping[str, Serve]] = {"transcription": serve_transcription}
"""Who serves which kind; one that talks back would be a ``conversation``."""


def _kind(websocket: WebSocket) -> str:
    """With a model in it, the address is that of a conversation, whatever the intent (vendor's
    guide)."""
    query = websocket.query_params
    return "conversation" if "model" in query else query.get("intent", "conversation")


def _mistake(websocket: WebSocket) -> str:
    kind = _kind(websocket)
    known = ", ".join(SESSIONS)
    return "" if kind in SESSIONS else f"the sandbox has no {kind} sessions, only {known}"


async def _realtime(line: Line, websocket: WebSocket, means: Means) -> None:
    await SESSIONS[_kind(websocket)](line, websocket, means)


def _headers() -> Mapping[str, str]:
    return {"x-request-id": "req_sandbox"}


DOORS: Final[tuple[Door, ...]] = (
    Door(
        path="/v1/realtime",
        key=key,
        refuse=refuse,
        mistake=_mistake,
        headers=_headers,
        serve=_realtime,
    ),
)
DESKS: Final[tuple[Desk, ...]] = (
    Desk(path="/v1/audio/speech", key=key, refuse=refuse, serve=serve_speech),
    Desk(path="/compatible/v1/audio/speech", key=None, refuse=refuse, serve=serve_any_speech),
    Desk(
        path="/compatible/v1/audio/voices",
        key=None,
        refuse=refuse,
        serve=serve_voices,
        methods=("GET",),
    ),
    Desk(path="/v1/audio/transcriptions", key=key, refuse=refuse, serve=serve_transcriptions),
)
