"""``multi-stream-input`` and ``stream-input`` from the vendor's end.

Each context is spoken by a task of its own. What is told when a context idles out, what becomes of
text that was not flushed when it is closed, and how large the pieces of audio are is our guess;
that a flush is not answered and a close is, third parties saw live.
"""

import asyncio
from typing import Final

from starlette.websockets import WebSocket

from antiphon.errors import ProviderError, RemoteProtocolError
from antiphon.providers.elevenlabs.wire import speech as wire
from antiphon.sandbox.elevenlabs.alignment import as_message
from antiphon.sandbox.elevenlabs.voice import Sounding, spoken
from antiphon.sandbox.line import Line
from antiphon.sandbox.vendor import Means

__all__ = ["serve_multi", "serve_single"]

SCHEDULE: Final = (120, 160, 250, 290)
"""Letters that are waited for before the first, second, ... audio (the vendor's client)."""
REFUSED: Final = 1008
TOO_MANY: Final = (
    f"Maximum simultaneous contexts per WebSocket connection exceeded ({wire.CONTEXTS}). "
    "Please close an existing context before opening a new one."
)


class _Speech:
    """One context: text comes, audio goes, in order."""

    def __init__(
        self, line: Line, websocket: WebSocket, means: Means, name: str, first: wire.Asked
    ) -> None:
        query = websocket.query_params
        self._line, self._means, self._name = line, means, name
        self._format = query.get("output_format", "mp3_44100_128")
        self._idle_s = float(query.get("inactivity_timeout", wire.IDLE_S))
        self._synced = query.get("sync_alignment") == "true"
        self._auto = query.get("auto_mode") == "true"
        settings = first.voice_settings or wire.VoiceSettings()
        self._speed = settings.speed or 1.0
        config = first.generation_config or wire.GenerationConfig()
        self._schedule = list(config.chunk_length_schedule or SCHEDULE)
        self._text = ""
        self._jobs: asyncio.Queue[str | None] = asyncio.Queue()
        self.closing = False

    def hear(self, asked: wire.Asked) -> None:
        """More text, or what else is wanted."""
        self._text += asked.text or ""
        least = 1 if self._auto and self._text.rstrip().endswith((".", "!", "?")) else None
        if asked.flush or len(self._text.strip()) >= (least or self._schedule[0]):
            self.flush()
        else:
            self._jobs.put_nowait("")  # it is alive

    def flush(self) -> None:
        text, self._text = self._text.lstrip(), ""
        self._jobs.put_nowait(text)
        if text.strip() and len(self._schedule) > 1:
            self._schedule.pop(0)

    def close(self) -> None:
        """What was flushed is spoken, what was not is forgotten."""
        self.closing = True
        self._jobs.put_nowait(None)

    async def run(self) -> bool:
        """Until it is closed; False where nothing was said to it for too long."""
        while True:
            try:
                async with asyncio.timeout(self._idle_s):
                    text = await self._jobs.get()
            except TimeoutError:
                return False
            if text is None:
                return True
            first = True
            async for piece in spoken(self._means, text, self._format, self._speed):
                await self._line.send(wire.encode(self._told(piece, first=first)))
                first = False

    def _told(self, piece: Sounding, *, first: bool) -> wire.Told:
        chars = piece.chars if self._synced or first else []
        shown = as_message(chars, piece.from_s)
        spoken_as = None
        if shown is not None:
            spoken_as = wire.Alignment(
                chars=(" ", *shown.chars) if first else shown.chars,
                starts_ms=(shown.starts_ms[0], *shown.starts_ms) if first else shown.starts_ms,
                durations_ms=(0, *shown.durations_ms) if first else shown.durations_ms,
            )
        return wire.Told(
            audio=piece.audio,
            alignment=shown,
            normalized=spoken_as,
            context_id=self._name or None,
        )


async def _asked(line: Line) -> wire.Asked:
    """The client's next message; what cannot be read ends the connection."""
    frame = await line.receive()
    try:
        return wire.decode_client(frame if isinstance(frame, str) else "")
    except RemoteProtocolError as error:
        return await _refuse(line, "invalid_message", str(error))


async def _refuse(line: Line, error: str, message: str) -> wire.Asked:
    """Say what is wrong and close. Does not return."""
    await line.send(wire.encode(wire.Told(message=message, error=error, code=REFUSED)))
    await line.close(REFUSED, message[:120])
    return wire.Asked(close_socket=True)


# --- several contexts ------------------------------------------------------------------------


async def serve_multi(line: Line, websocket: WebSocket, means: Means) -> None:
    """One connection, to its end."""
    async with asyncio.TaskGroup() as group:
        await _Contexts(line, websocket, means, group).listen()


class _Contexts:
    def __init__(
        self, line: Line, websocket: WebSocket, means: Means, group: asyncio.TaskGroup
    ) -> None:
        self._line, self._websocket, self._means = line, websocket, means
        self._group = group
        self._open: dict[str, _Speech] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        while not (asked := await _asked(self._line)).close_socket:
            speech = self._open.get(asked.context)
            if asked.close_context:
                if speech is not None and not speech.closing:
                    speech.close()
                continue
            if speech is None or speech.closing:
                speech = await self._begin(asked)
            speech.hear(asked)
        for speech in self._open.values():
            speech.flush()
            speech.close()
        if self._running:
            await asyncio.wait(self._running)
        await self._line.close(1000)

    async def _begin(self, asked: wire.Asked) -> _Speech:
        if len(self._running) >= wire.CONTEXTS:
            await _refuse(self._line, wire.TOO_MANY, TOO_MANY)
        name = asked.context
        speech = _Speech(self._line, self._websocket, self._means, name, asked)
        self._open[name] = speech
        task = self._group.create_task(self._run(name, speech))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return speech

    async def _run(self, name: str, speech: _Speech) -> None:
        try:
            await speech.run()
        except ProviderError as error:
            await _refuse(self._line, "system_busy", str(error))
        if self._open.get(name) is speech:
            del self._open[name]
        await self._line.send(wire.encode(wire.Told(is_final=True, context_id=name or None)))


# --- one -------------------------------------------------------------------------------------


async def serve_single(line: Line, websocket: WebSocket, means: Means) -> None:
    """One connection, to its end: the end of the text is the end of it."""
    first = await _asked(line)
    speech = _Speech(line, websocket, means, "", first)
    async with asyncio.TaskGroup() as group:
        group.create_task(_take(line, speech, first))
        try:
            ended = await speech.run()
        except ProviderError as error:
            await _refuse(line, "system_busy", str(error))
        if not ended:
            said = "Have not received a new text input within the timeout."
            await _refuse(line, "input_timeout_exceeded", said)
        await line.send(wire.encode(wire.Told(is_final=True)))
        await line.close(1000)


async def _take(line: Line, speech: _Speech, asked: wire.Asked) -> None:
    while asked.text != "" and not asked.close_socket:
        speech.hear(asked)
        asked = await _asked(line)
    speech.flush()
    speech.close()
