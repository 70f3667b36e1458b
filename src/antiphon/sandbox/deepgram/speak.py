"""``/v1/speak`` from the vendor's end.

Text is spoken at a `Flush` and not before; the service may begin earlier. How ``sequence_id``
counts is a guess: one for every `Flushed` and `Cleared`.
"""

import asyncio
import uuid
from collections import deque
from typing import Final

from starlette.websockets import WebSocket

from antiphon.errors import ProviderError, RemoteProtocolError
from antiphon.net.socket import together
from antiphon.providers.deepgram.wire import aura as wire
from antiphon.providers.deepgram.wire.codec import Unknown
from antiphon.sandbox.line import Line
from antiphon.sandbox.mouth import ENCODERS, speech
from antiphon.sandbox.vendor import Means

__all__ = ["serve_speak"]

MINUTE_S: Final = 60.0


async def serve_speak(line: Line, websocket: WebSocket, means: Means) -> None:
    """One connection, to its end."""
    session = _Session(line, websocket, means)
    await together(session.listen(), session.speak())


class _Session:
    def __init__(self, line: Line, websocket: WebSocket, means: Means) -> None:
        query = websocket.query_params
        self._line, self._means = line, means
        self._model = query.get("model", "aura-2-thalia-en")
        self._rate_hz = int(query.get("sample_rate", "24000"))
        self._encode = ENCODERS[query.get("encoding", "linear16")]
        self._speed = float(query.get("speed", "1"))
        self._text: list[str] = []
        self._jobs: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
        self._epoch = 0
        """Counts Clear: what was asked for in an earlier one is not spoken any more."""
        self._flushes: deque[float] = deque()
        self._sequence = 0
        self._turn = asyncio.Lock()
        """A Clear is answered between two pieces of audio, and none of the old come after it."""

    async def listen(self) -> None:
        """The client's messages."""
        identity = str(uuid.uuid4())
        metadata = wire.Metadata(identity, self._model, "sandbox", identity)
        await self._line.send(wire.encode(metadata))
        while True:
            frame = await self._line.receive()
            if isinstance(frame, bytes):
                await self._warn("DATA-0000", "audio was sent to a voice")
                continue
            try:
                message = wire.decode_client(frame)
            except RemoteProtocolError as error:
                await self._warn("MESSAGE-0000", str(error))
                continue
            await self._act(message)

    async def _act(self, message: wire.ClientMessage | Unknown) -> None:
        match message:
            case wire.Speak(text=text):
                if len(text) > wire.TEXT_LETTERS:
                    await self._warn("DATA-0001", f"more than {wire.TEXT_LETTERS} letters")
                else:
                    self._text.append(text)
            case wire.Flush():
                await self._flush()
            case wire.Clear():
                self._epoch += 1
                self._text.clear()
                async with self._turn:
                    await self._line.send(wire.encode(wire.Cleared(self._next())))
            case wire.Close():
                await self._line.close(1000)
            case _:
                await self._warn("MESSAGE-0000", f"unknown type {message.type!r}")

    async def _flush(self) -> None:
        now = self._means.clock.now()
        while self._flushes and now - self._flushes[0] > MINUTE_S:
            self._flushes.popleft()
        if len(self._flushes) >= wire.FLUSHES_PER_MINUTE:
            await self._warn("TOO_MANY_FLUSHES", "no more can be done until a minute is over")
            return
        self._flushes.append(now)
        self._jobs.put_nowait((self._epoch, "".join(self._text)))
        self._text.clear()

    async def speak(self) -> None:
        """What was flushed, in order."""
        while True:
            epoch, text = await self._jobs.get()
            if epoch == self._epoch:
                try:
                    await self._say(epoch, text)
                except ProviderError as error:
                    await self._warn("SANDBOX", str(error))
            await self._send(epoch, None)

    async def _say(self, epoch: int, text: str) -> None:
        async for piece in speech(self._means, text, self._rate_hz, self._speed):
            if epoch != self._epoch:
                return
            await self._send(epoch, piece.pcm)

    async def _send(self, epoch: int, pcm: bytes | None) -> None:
        """Audio, or that there is no more of this flush."""
        async with self._turn:
            if epoch != self._epoch:
                return
            if pcm is None:
                await self._line.send(wire.encode(wire.Flushed(self._next())))
            elif pcm:
                await self._line.send(self._encode(pcm))

    async def _warn(self, code: str, why: str) -> None:
        await self._line.send(wire.encode(wire.Warning(code, why)))

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence - 1
