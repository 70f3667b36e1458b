"""``/v2/speak`` from the vendor's end.

A turn's text is spoken sentence by sentence as it comes, the rest at the `Flush`. How the service
cuts it, that an `Interrupt` drops the turns that wait, and where the words are parted that a client
has heard, are guesses; the messages and their order are the documentation's.
"""

import asyncio
import secrets
import uuid
from dataclasses import dataclass
from typing import Final

from starlette.websockets import WebSocket

from antiphon.errors import ProviderError, RemoteProtocolError
from antiphon.net.clauses import speakable
from antiphon.net.socket import together
from antiphon.providers.deepgram.wire import flux_tts as wire
from antiphon.providers.deepgram.wire.codec import Unknown
from antiphon.sandbox.line import Line
from antiphon.sandbox.mouth import ENCODERS, speech
from antiphon.sandbox.vendor import Means

__all__ = ["serve_speak_v2", "speed_mistake"]

BIG: Final = 64 << 10
"""A longer message ends the session; how long the service's may be is a guess."""


def speed_mistake(speed: float) -> tuple[str, str]:
    """What is wrong with a speed, as code and words; empty where nothing is."""
    if not wire.SLOWEST <= speed <= wire.FASTEST:
        return "SPEED_OUT_OF_RANGE", f"speed must be {wire.SLOWEST} to {wire.FASTEST}"
    if round(speed / wire.SPEED_STEP, 6) % 1:
        return "SPEED_INCREMENT_INVALID", f"speed must be a multiple of {wire.SPEED_STEP}"
    return "", ""


async def serve_speak_v2(line: Line, websocket: WebSocket, means: Means) -> None:
    """One connection, to its end."""
    session = _Session(line, websocket, means)
    await together(session.listen(), session.speak())


@dataclass(slots=True)
class _Turn:
    """One turn, and what it took."""

    speech_id: str
    text: str = ""
    waiting: str = ""
    """Not spoken yet."""
    audio_ms: float = 0.0

    @property
    def took(self) -> wire.TurnMetadata:
        return wire.TurnMetadata(
            speech_id=self.speech_id,
            audio_duration_ms=round(self.audio_ms),
            input_character_count=len(self.text),
            billable_character_count=len(self.text),
        )


class _Session:
    def __init__(self, line: Line, websocket: WebSocket, means: Means) -> None:
        query = websocket.query_params
        self._line, self._means = line, means
        self._model = query["model"]
        self._rate_hz = int(query.get("sample_rate", "24000"))
        self._encode = ENCODERS[query.get("encoding", "linear16")]
        self._speed = float(query.get("speed", "1"))
        self._jobs: asyncio.Queue[tuple[int, str | None]] = asyncio.Queue()
        """Text, and None for a Flush, with the epoch they were asked for in."""
        self._epoch = 0
        """Counts Interrupt: what was asked for in an earlier one is not spoken any more."""
        self._turn: _Turn | None = None
        self._total = wire.SessionMetadata(0, 0, 0)
        self._audio_ms = 0.0
        self._established_ms = 0
        """How far an earlier Interrupt said it was."""
        self._sending = asyncio.Lock()

    async def listen(self) -> None:
        """The client's messages."""
        identity = str(uuid.uuid4())
        connected = wire.Connected(identity, self._model, "sandbox", (identity,))
        await self._line.send(wire.encode(connected))
        while True:
            frame = await self._line.receive()
            if isinstance(frame, bytes):
                await self._fail("DATA-0000", "only text is understood")
                return
            if len(frame) > BIG:
                await self._fail("BIG-0000", f"more than {BIG} bytes")
                return
            try:
                message = wire.decode_client(frame)
            except RemoteProtocolError as error:
                await self._fail("MESSAGE-0000", str(error))
                return
            await self._act(message)

    async def _act(self, message: wire.ClientMessage | Unknown) -> None:
        match message:
            case wire.Speak(text=text):
                self._jobs.put_nowait((self._epoch, text))
            case wire.Flush():
                self._jobs.put_nowait((self._epoch, None))
            case wire.Interrupt(playback_offset=offset):
                await self._interrupt(offset.value if offset else None)
            case wire.Configure(speed=speed):
                await self._configure(speed)
            case wire.Close():
                await self._line.send(wire.encode(self._total))
                await self._line.close(1000)
            case _:
                await self._fail("MESSAGE-0000", f"unknown type {message.type!r}")

    async def _configure(self, speed: float | None) -> None:
        code, why = speed_mistake(speed) if speed is not None else ("", "")
        if code:
            failure = wire.ConfigureFailure(code=code, description=why, field="speed", value=speed)
            await self._line.send(wire.encode(failure))
            return
        self._speed = speed or self._speed
        success = wire.ConfigureSuccess(wire.Applied(speed))
        await self._line.send(wire.encode(success))

    async def _interrupt(self, played_ms: int | None) -> None:
        if not self._audio_ms:
            await self._warn("NO_AUDIO_GENERATED", "there is nothing to interrupt")
            return
        if played_ms is not None and played_ms <= self._established_ms:
            await self._warn("INVALID_INTERRUPT_OFFSET", "it did not advance")
            return
        self._epoch += 1
        async with self._sending:
            turn = self._turn or _Turn(_speech_id())
            self._turn = None
            spoken = remaining = None
            if played_ms is not None:
                before_ms = self._audio_ms - turn.audio_ms
                spoken, remaining = _parted(turn, played_ms - before_ms)
            played = round(self._audio_ms) if played_ms is None else played_ms
            self._established_ms = played
            self._audio_ms = float(played)
            interrupted = wire.SpeechInterrupted(played, turn.took, spoken, remaining)
            self._account(turn)
            await self._line.send(wire.encode(interrupted))

    # --- speaking ----------------------------------------------------------------------------

    async def speak(self) -> None:
        """What was asked for, in order."""
        while True:
            epoch, text = await self._jobs.get()
            if epoch != self._epoch:
                continue
            if text is not None:
                await self._more(epoch, text)
            elif self._turn is None:
                await self._warn("NO_ACTIVE_SPEECH", "there is no turn to flush")
            else:
                await self._finish(epoch, self._turn)

    async def _more(self, epoch: int, text: str) -> None:
        if self._turn is None:
            self._turn = _Turn(_speech_id())
            await self._send(epoch, wire.encode(wire.SpeechStarted(self._turn.speech_id)))
        turn = self._turn
        turn.text += text
        turn.waiting += text
        if turn.waiting.rstrip().endswith((".", "!", "?")):
            await self._say(epoch, turn)

    async def _finish(self, epoch: int, turn: _Turn) -> None:
        if not speakable(turn.text):
            await self._warn("NO_SYNTHESIZABLE_TEXT", "the turn has nothing to be said")
        await self._say(epoch, turn)
        async with self._sending:
            if epoch != self._epoch:
                return
            self._turn = None
            self._account(turn)
            took = turn.took
            complete = wire.SpeechMetadata(
                speech_id=took.speech_id,
                audio_duration_ms=took.audio_duration_ms,
                input_character_count=took.input_character_count,
                billable_character_count=took.billable_character_count,
            )
            await self._line.send(wire.encode(complete))
            await self._line.send(wire.encode(wire.Flushed(turn.speech_id)))

    async def _say(self, epoch: int, turn: _Turn) -> None:
        text, turn.waiting = turn.waiting, ""
        try:
            async for piece in speech(self._means, text, self._rate_hz, self._speed):
                if epoch != self._epoch:
                    return
                if piece.pcm:
                    await self._send(epoch, self._encode(piece.pcm))
                    lasts_ms = len(piece.pcm) / 2 / self._rate_hz * 1000
                    turn.audio_ms += lasts_ms
                    self._audio_ms += lasts_ms
        except ProviderError as error:
            await self._fail("NET-0000", str(error))

    async def _send(self, epoch: int, frame: str | bytes) -> None:
        async with self._sending:
            if epoch == self._epoch:
                await self._line.send(frame)

    def _account(self, turn: _Turn) -> None:
        total = self._total
        self._total = wire.SessionMetadata(
            round(self._audio_ms),
            total.total_input_character_count + len(turn.text),
            total.total_billable_character_count + len(turn.text),
        )

    async def _warn(self, code: str, why: str) -> None:
        await self._line.send(wire.encode(wire.Warning(code, why)))

    async def _fail(self, code: str, why: str) -> None:
        await self._line.send(wire.encode(wire.Error(code, why)))
        await self._line.close(wire.CLOSE_CODES[code], code)


def _speech_id() -> str:
    return f"dg_sp_{secrets.token_hex(6)}"


def _parted(turn: _Turn, played_ms: float) -> tuple[str, str]:
    """The words heard and those not, as many as the time is of the turn's."""
    words = turn.text.split()
    share = min(max(played_ms / turn.audio_ms, 0.0), 1.0) if turn.audio_ms else 0.0
    heard = round(share * len(words))
    return " ".join(words[:heard]), " ".join(words[heard:])
