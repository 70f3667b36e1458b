"""``/stt/websocket`` from the vendor's end.

How often it tells of audio that nobody asked to be finalised is a guess.
"""

import asyncio
import uuid
from typing import Final

from starlette.websockets import WebSocket

from antiphon.errors import ProviderError
from antiphon.events import TranscriptChanged
from antiphon.net.socket import together
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.cartesia import stt_wire as wire
from antiphon.sandbox.ears import Listener
from antiphon.sandbox.line import Line
from antiphon.sandbox.vendor import Means

__all__ = ["listen_mistake", "serve_listen"]

TELL_EVERY_S: Final = 0.25
ENCODINGS: Final = {"pcm_s16le": "linear16", "pcm_mulaw": "mulaw", "pcm_alaw": "alaw"}
"""What the sandbox reads; the vendor knows more."""


def listen_mistake(websocket: WebSocket) -> str:
    """What is wrong with a request's parameters; empty where nothing is."""
    query = websocket.query_params
    if not query.get("model", "").startswith("ink"):
        return "model must be one of Ink's"
    if query.get("encoding") not in ENCODINGS:
        return f"encoding must be one of {', '.join(ENCODINGS)}"
    if not query.get("sample_rate", "").isdecimal() or int(query["sample_rate"]) <= 0:
        return "sample_rate is missing"
    return ""


async def serve_listen(line: Line, websocket: WebSocket, means: Means) -> None:
    """One connection, to its end."""
    session = _Session(line, websocket, means)
    await together(session.serve(), session.hear())


class _Session:
    def __init__(self, line: Line, websocket: WebSocket, means: Means) -> None:
        query = websocket.query_params
        hearing = Hearing(
            rate_hz=int(query["sample_rate"]),
            language=query.get("language", "en"),
            keyterms=tuple(query.getlist("keyterm")),
        )
        self._line = line
        self._id = str(uuid.uuid4())
        self._listener = Listener(means.ears, hearing, ENCODINGS[query["encoding"]], self._tell)
        self._latest: TranscriptChanged | None = None
        self._finals: asyncio.Queue[TranscriptChanged] = asyncio.Queue()
        self._told_s = self._base_s = 0.0
        self._more = False
        """Something final was told: what follows begins with a space."""

    async def hear(self) -> None:
        try:
            await self._listener.recognition.run()
        except ProviderError as error:
            await self._fail(500, str(error))
            await self._line.close(1011)
        await asyncio.get_running_loop().create_future()

    def _tell(self, heard: Heard) -> None:
        if isinstance(heard, TranscriptChanged):
            self._latest = heard
            if heard.final:
                self._finals.put_nowait(heard)

    async def serve(self) -> None:
        while True:
            frame = await self._line.receive()
            if isinstance(frame, bytes):
                await self._audio(frame)
            elif frame == wire.FINALIZE:
                await self._finalise()
                await self._line.send(wire.encode(wire.FlushDone(self._id)))
            elif frame == wire.CLOSE:
                await self._finalise()
                await self._line.send(wire.encode(wire.Done(self._id)))
                await self._line.close(1000)
            else:
                await self._fail(400, f"unknown command {frame[:40]!r}")

    async def _audio(self, data: bytes) -> None:
        self._listener.feed(data)
        heard_s = self._listener.heard_s
        if heard_s - self._told_s >= TELL_EVERY_S:
            self._told_s = heard_s
            if self._latest and self._latest.text:
                await self._transcript(self._latest, is_final=False)

    async def _finalise(self) -> None:
        until_s = self._listener.heard_s
        while not self._finals.empty():
            self._finals.get_nowait()
        self._listener.recognition.finalise(until_s)
        final = await self._finals.get()
        self._listener.recognition.forget(until_s)
        self._latest = None
        if final.text:
            await self._transcript(final, is_final=True)
        self._base_s = until_s

    async def _transcript(self, heard: TranscriptChanged, *, is_final: bool) -> None:
        told = wire.Transcript(
            request_id=self._id,
            text=f" {heard.text}" if self._more else heard.text,
            is_final=is_final,
            duration=self._listener.heard_s - self._base_s,
            language="en",
            words=tuple(wire.Word(word.text, word.start_s, word.end_s) for word in heard.words),
        )
        self._more = self._more or is_final
        await self._line.send(wire.encode(told))

    async def _fail(self, status: int, why: str) -> None:
        title = "Invalid request" if status < 500 else "Internal error"
        error = wire.Error(title=title, message=why, status_code=status, request_id=self._id)
        await self._line.send(wire.encode(error))
