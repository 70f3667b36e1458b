"""``/v2/listen`` from the vendor's end.

Where a turn ends is decided by the length of the pause alone, in place of the vendor's model; how
often `TurnInfo` comes is our guess. The shapes and the order of messages are the published
client's.
"""

import asyncio
import uuid
from typing import Final

import msgspec
from starlette.websockets import WebSocket

from antiphon.errors import ProviderError, RemoteProtocolError
from antiphon.events import TranscriptChanged
from antiphon.net.socket import together
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.deepgram.wire import flux as wire
from antiphon.sandbox.ears import Listener
from antiphon.sandbox.line import Line
from antiphon.sandbox.vendor import Means

__all__ = ["serve_flux"]

TELL_EVERY_S: Final = 0.24
EAGER_S: Final = 0.25
END_S: Final = 0.6
IDLE_S: Final = 20.0
"""Without audio for so long the vendor drops the connection (third party: 20 to 30 s)."""
RANGES: Final = {"eager_eot_threshold": (0.3, 0.9), "eot_threshold": (0.5, 0.9)}


async def serve_flux(line: Line, websocket: WebSocket, means: Means) -> None:
    """One connection, to its end."""
    query = websocket.query_params
    hearing = Hearing(rate_hz=int(query["sample_rate"]), keyterms=tuple(query.getlist("keyterm")))
    session = _Session(line, websocket, means, hearing)
    await together(session.serve(), session.hear())


class _Session:
    def __init__(self, line: Line, websocket: WebSocket, means: Means, hearing: Hearing) -> None:
        self._line = line
        query = websocket.query_params
        self._model = query["model"]
        self._stands = wire.ConfigureSuccess(
            request_id="",
            thresholds=wire.Thresholds(
                _number(query.get("eager_eot_threshold")),
                _number(query.get("eot_threshold")),
                int(query["eot_timeout_ms"]) if "eot_timeout_ms" in query else None,
            ),
            keyterms=tuple(query.getlist("keyterm")),
            sequence_id=0,
            language_hints=tuple(query.getlist("language_hint")) or None,
        )
        """What was set so far."""
        self._id = str(uuid.uuid4())
        self._listener = Listener(
            means.ears, hearing, websocket.query_params["encoding"], self._tell
        )
        self._latest: TranscriptChanged | None = None
        self._finals: asyncio.Queue[TranscriptChanged] = asyncio.Queue()
        self._sequence = 0
        self._turn = 0
        self._start_s = self._told_s = 0.0
        self._started = self._guessed = False
        """Of this turn: StartOfTurn was told; the newest word of its end is EagerEndOfTurn."""

    async def hear(self) -> None:
        try:
            await self._listener.recognition.run()
        except ProviderError as error:
            await self._fail("INTERNAL_SERVER_ERROR", str(error))
        await asyncio.get_running_loop().create_future()

    def _tell(self, heard: Heard) -> None:
        if isinstance(heard, TranscriptChanged):
            self._latest = heard
            if heard.final:
                self._finals.put_nowait(heard)

    async def serve(self) -> None:
        await self._line.send(wire.encode(wire.Connected(self._id, self._next())))
        while True:
            try:
                async with asyncio.timeout(IDLE_S):
                    frame = await self._line.receive()
            except TimeoutError:
                self._line.vanish()
                return
            if isinstance(frame, bytes):
                if not frame:
                    self._line.vanish()
                    return
                await self._audio(frame)
            elif not await self._message(frame):
                return

    # --- audio -------------------------------------------------------------------------------

    async def _audio(self, data: bytes) -> None:
        self._listener.feed(data)
        heard_s = self._listener.heard_s
        if heard_s - self._told_s < TELL_EVERY_S:
            return
        self._told_s = heard_s
        voice = self._listener.voice_since_s is not None
        pause_s = heard_s - self._listener.quiet_since_s
        if not self._started:
            self._started = bool(self._latest and self._latest.text)
            await self._info("StartOfTurn" if self._started else "Update", 0.0)
        elif voice and self._guessed:
            self._guessed = False
            await self._info("TurnResumed", 0.1)
        elif not voice and pause_s >= END_S:
            await self._end("model")
        elif not voice and pause_s >= EAGER_S and self._eager and not self._guessed:
            self._guessed = True
            await self._read()
            await self._info("EagerEndOfTurn", 0.6)
        else:
            await self._info("Update", 0.2)

    async def _read(self) -> None:
        """Have the recogniser read to here."""
        while not self._finals.empty():
            self._finals.get_nowait()
        self._listener.recognition.finalise(self._listener.heard_s)
        self._latest = await self._finals.get()

    async def _end(self, trigger: str) -> None:
        await self._read()
        await self._info("EndOfTurn", 0.9, trigger)
        self._listener.recognition.forget(self._listener.heard_s)
        self._latest = None
        self._turn += 1
        self._start_s = self._listener.heard_s
        self._started = self._guessed = False

    # --- messages ----------------------------------------------------------------------------

    async def _message(self, text: str) -> bool:
        """Whether the connection goes on."""
        try:
            message = wire.decode_client(text)
        except RemoteProtocolError as error:
            await self._fail("UNPARSABLE_CLIENT_MESSAGE", str(error))
            return False
        match message:
            case wire.CloseStream():
                await self._read()
                await self._info("Update", 0.2)
                await self._line.close(1000)
                return False
            case wire.ForceEndTurn():
                await self._end("manual")
            case wire.Configure():
                await self._configure(message)
            case _:
                # KeepAlive is reported to end a connection (third party).
                await self._fail("UNPARSABLE_CLIENT_MESSAGE", f"unknown type {message.type!r}")
                return False
        return True

    @property
    def _eager(self) -> bool:
        return self._stands.thresholds.eager_eot_threshold is not None

    async def _configure(self, asked: wire.Configure) -> None:
        if why := self._objection(asked):
            failure = wire.ConfigureFailure(self._id, self._next(), "INVALID_CONFIGURATION", why)
            await self._line.send(wire.encode(failure))
            return
        stands, thresholds = self._stands, msgspec.structs.asdict(self._stands.thresholds)
        for name, value in msgspec.structs.asdict(asked.thresholds or wire.Thresholds()).items():
            thresholds[name] = thresholds[name] if value is None else value
        self._stands = wire.ConfigureSuccess(
            request_id=self._id,
            thresholds=wire.Thresholds(**thresholds),
            keyterms=stands.keyterms if asked.keyterms is None else asked.keyterms,
            sequence_id=self._next(),
            language_hints=asked.language_hints or stands.language_hints,
            numerals=stands.numerals if asked.numerals is None else asked.numerals,
        )
        await self._line.send(wire.encode(self._stands))

    def _objection(self, asked: wire.Configure) -> str:
        for name, (least, most) in RANGES.items():
            value = getattr(asked.thresholds or wire.Thresholds(), name)
            if value is not None and not least <= value <= most:
                return f"{name} must be {least:g} to {most:g}"
        if asked.language_hints and self._model != "flux-general-multi":
            return "language_hints are for flux-general-multi only"
        return ""

    async def _fail(self, code: str, why: str) -> None:
        await self._line.send(wire.encode(wire.Error(self._next(), code, why)))
        await self._line.close(wire.CLOSE_CODES[code], code)

    async def _info(self, event: str, sure: float, trigger: str | None = None) -> None:
        heard = self._latest
        words = heard.words if heard else ()
        info = wire.TurnInfo(
            request_id=self._id,
            sequence_id=self._next(),
            event=event,
            turn_index=self._turn,
            audio_window_start=self._start_s,
            audio_window_end=self._listener.heard_s,
            transcript=heard.text if heard else "",
            words=tuple(wire.Word(w.text, 0.99, w.start_s, w.end_s) for w in words),
            end_of_turn_confidence=sure,
            trigger=trigger,
            languages=self._languages(heard) if words else None,
        )
        await self._line.send(wire.encode(info))

    def _languages(self, heard: TranscriptChanged | None) -> tuple[str, ...] | None:
        if self._model != "flux-general-multi" or heard is None:
            return None
        return (heard.language or (self._stands.language_hints or ("en",))[0],)

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence - 1


def _number(value: str | None) -> float | None:
    return None if value is None else float(value)
