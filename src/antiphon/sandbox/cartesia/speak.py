"""``/tts/websocket`` from the vendor's end.

Each context is spoken by a task of its own. How long text waits for more, beside what
``max_buffer_delay_ms`` says, is a guess: a sentence's end is waited for. So is where word times
count from (the beginning of the context's audio), and that a context tells `Done` when it expires.
"""

import asyncio
import uuid
from typing import Final

import numpy as np
from starlette.websockets import WebSocket

from antiphon.audio.resample import to_float
from antiphon.errors import ProviderError, RemoteProtocolError
from antiphon.providers.cartesia import wire
from antiphon.sandbox.line import Line
from antiphon.sandbox.mouth import ENCODERS, Timed, speech
from antiphon.sandbox.vendor import Means

__all__ = ["ENCODE", "mistake", "serve_speak", "timestamps"]

BUFFER_MS: Final = 3000
LONGEST_BUFFER_MS: Final = 5000
SLOWEST, FASTEST = 0.6, 1.5
MOST_CONTEXTS: Final = 100
"""The service's own limit is the plan's."""


def _float32(pcm: bytes) -> bytes:
    return to_float(pcm).astype(np.dtype("<f4")).tobytes()


ENCODE: Final = {
    "pcm_s16le": ENCODERS["linear16"],
    "pcm_mulaw": ENCODERS["mulaw"],
    "pcm_alaw": ENCODERS["alaw"],
    "pcm_f32le": _float32,
}


def mistake(asked: wire.Generate) -> tuple[str, str]:
    """What is wrong with a request, as the code and the words of the answer; empty where nothing
    is."""
    format_ = asked.output_format
    config = asked.generation_config or wire.GenerationConfig()
    voice = asked.voice if isinstance(asked.voice, str) else asked.voice.id
    if not asked.model_id.startswith("sonic"):
        return "model_not_found", "The model is not valid, make sure it is a valid model ID."
    if not voice:
        return "voice_not_found", "The voice is not valid."
    if format_.container != "raw" or format_.sample_rate not in wire.RATES:
        return "invalid_output_format", f"sample_rate must be one of {wire.RATES}"
    if config.speed is not None and not SLOWEST <= config.speed <= FASTEST:
        return "invalid_generation_config", f"speed must be {SLOWEST} to {FASTEST}"
    if not 0 <= (asked.max_buffer_delay_ms or 0) <= LONGEST_BUFFER_MS:
        return "invalid_max_buffer_delay_ms", f"0 to {LONGEST_BUFFER_MS}"
    return "", ""


async def serve_speak(line: Line, _websocket: WebSocket, means: Means) -> None:
    """One connection, to its end."""
    async with asyncio.TaskGroup() as group:
        session = _Session(line, means, group)
        await session.listen()


class _Session:
    def __init__(self, line: Line, means: Means, group: asyncio.TaskGroup) -> None:
        self._line, self._means, self._group = line, means, group
        self._contexts: dict[str, tuple[_Context, asyncio.Task[None]]] = {}
        self._expired: set[str] = set()

    async def listen(self) -> None:
        while True:
            frame = await self._line.receive()
            if isinstance(frame, bytes):
                await self.fail(None, "invalid_request", "only text is understood")
                continue
            try:
                message = wire.decode_client(frame)
            except RemoteProtocolError as error:
                await self.fail(None, "invalid_request", str(error))
                continue
            match message:
                case wire.Cancel(context_id=context_id):
                    if context_id in self._contexts:
                        self._contexts[context_id][1].cancel()
                        self.over(context_id)
                case wire.Generate():
                    await self._generate(message)

    async def _generate(self, asked: wire.Generate) -> None:
        code, why = mistake(asked)
        known = self._contexts.get(asked.context_id)
        if not code and known is None and asked.context_id in self._expired:
            code, why = "context_expired", "The context has expired."
        if not code and known is not None and not known[0].same(asked):
            code, why = "context_mismatch", "Only the transcript may change within a context."
        if code:
            await self.fail(asked.context_id, code, why)
            return
        if known is None:
            if len(self._contexts) >= MOST_CONTEXTS:
                await self.fail(asked.context_id, "concurrency_limited", "too many", status=429)
                return
            context = _Context(self, self._line, self._means, asked)
            known = (context, self._group.create_task(context.run()))
            self._contexts[asked.context_id] = known
        known[0].jobs.put_nowait(asked)

    def over(self, context_id: str) -> None:
        self._contexts.pop(context_id, None)
        self._expired.add(context_id)

    async def fail(self, context_id: str | None, code: str, why: str, *, status: int = 400) -> None:
        error = wire.Error(
            context_id=context_id,
            error_code=code,
            title="Invalid request" if status < 500 else "Internal error",
            message=why,
            status_code=status,
            request_id=str(uuid.uuid4()),
        )
        await self._line.send(wire.encode(error))


class _Context:
    def __init__(self, session: _Session, line: Line, means: Means, first: wire.Generate) -> None:
        self._session, self._line, self._means = session, line, means
        self._first = first
        self.jobs: asyncio.Queue[wire.Generate] = asyncio.Queue()
        self._flush_id = 1
        self._sent_s = 0.0
        self._text = ""

    def same(self, asked: wire.Generate) -> bool:
        """Whether a request differs from the first only in what may differ."""
        first = self._first
        return (asked.model_id, asked.voice, asked.output_format) == (
            first.model_id,
            first.voice,
            first.output_format,
        )

    async def run(self) -> None:
        try:
            await self._speak_all()
        except ProviderError as error:
            await self._session.fail(self._first.context_id, "sandbox", str(error), status=500)
        self._session.over(self._first.context_id)

    async def _speak_all(self) -> None:
        while (job := await self._next()) is not None:
            self._text += job.transcript
            at_once = job.max_buffer_delay_ms == 0 or self._text.rstrip().endswith((".", "!", "?"))
            if job.flush or not job.continue_ or at_once:
                await self._speak()
            if job.flush:
                done = wire.FlushDone(context_id=job.context_id, flush_id=self._flush_id)
                await self._line.send(wire.encode(done))
                self._flush_id += 1
            if not job.continue_:
                break
        await self._line.send(wire.encode(wire.Done(context_id=self._first.context_id)))

    async def _next(self) -> wire.Generate | None:
        """What was asked for next; None when the context has expired."""
        while True:
            delay_ms = self._first.max_buffer_delay_ms
            wait_s = (BUFFER_MS if delay_ms is None else delay_ms) / 1000
            try:
                # One that has not spoken yet does not expire.
                expires = wire.EXPIRE_S if self._sent_s else None
                async with asyncio.timeout(wait_s if self._text else expires):
                    return await self.jobs.get()
            except TimeoutError:
                if not self._text:
                    return None
            await self._speak()

    async def _speak(self) -> None:
        text, self._text = self._text, ""
        first = self._first
        rate_hz = first.output_format.sample_rate
        speed = (first.generation_config or wire.GenerationConfig()).speed or 1.0
        began_s = self._sent_s
        async for piece in speech(self._means, text, rate_hz, speed):
            chunk = wire.Chunk(
                context_id=first.context_id,
                data=ENCODE[first.output_format.encoding](piece.pcm),
                flush_id=self._flush_id,
            )
            if piece.pcm:
                await self._line.send(wire.encode(chunk))
            self._sent_s += len(piece.pcm) / 2 / rate_hz
            if piece.words and first.add_timestamps:
                told = timestamps(first.context_id, piece, began_s, self._flush_id)
                await self._line.send(wire.encode(told))


def timestamps(
    context_id: str, piece: Timed, began_s: float, flush_id: int | None
) -> wire.Timestamps:
    """Where the words of a piece lie, in speech that began so late."""
    return wire.Timestamps(
        context_id=context_id,
        flush_id=flush_id,
        word_timestamps=wire.WordTimestamps(
            tuple(text for text, _, _ in piece.words),
            tuple(round(began_s + start, 4) for _, start, _ in piece.words),
            tuple(round(began_s + end, 4) for _, _, end in piece.words),
        ),
    )
