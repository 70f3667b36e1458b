"""``/stt/turns/websocket`` from the vendor's end.

Where a turn ends is decided by the length of the pause alone, in place of the vendor's model: the
lower a threshold, the longer. How often `Update` comes is our guess, and so is what answers a
setting that makes no sense, and that a turn which is open when a client closes is ended. The
shapes and the order of messages are the published client's and the documentation's.
"""

import uuid
from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.websockets import WebSocket

from antiphon.errors import ProviderError, RemoteProtocolError
from antiphon.net.socket import together
from antiphon.ports.stt import Hearing
from antiphon.providers.cartesia import turns_wire as wire
from antiphon.sandbox.cartesia.listen import ENCODINGS
from antiphon.sandbox.dictation import Dictation
from antiphon.sandbox.line import Line
from antiphon.sandbox.vendor import Means

__all__ = ["serve_turns", "turns_mistake"]

TELL_EVERY_S: Final = 0.24
PAUSE_S: Final = 0.12
"""The pause that stands for a threshold, divided by it: 0.3 s for 0.4, 0.6 s for 0.2."""
DEFAULTS: Final = wire.Turn(**{name: default for name, (_, _, default) in wire.RANGES.items()})


def turns_mistake(websocket: WebSocket) -> str:
    """What is wrong with a request's settings of turns; empty where nothing is."""
    try:
        return _objection(_settings(websocket.query_params))
    except ValueError:
        return "a setting of turns must be a number"


async def serve_turns(line: Line, websocket: WebSocket, means: Means) -> None:
    """One connection, to its end."""
    session = _Session(line, websocket, means)
    await together(session.serve(), session.hear())


def _settings(query: Mapping[str, str]) -> wire.Turn:
    given = {name: query.get(f"turn_{name}") for name in wire.RANGES}
    return _changed(DEFAULTS, {n: float(v) for n, v in given.items() if v is not None})


def _changed(stands: wire.Turn, given: Mapping[str, float | None]) -> wire.Turn:
    told = {name: value for name, value in given.items() if value is not None}
    return msgspec.structs.replace(stands, **told)


def _objection(turn: wire.Turn) -> str:
    values = msgspec.structs.asdict(turn)
    for name, (least, most, _) in wire.RANGES.items():
        if not least <= values[name] <= most:
            return f"turn {name} must be {least:g} to {most:g}"
    start, eager, end, _ = values.values()
    return "" if start > eager > end else "turn thresholds must fall from start to end"


class _Session:
    def __init__(self, line: Line, websocket: WebSocket, means: Means) -> None:
        query = websocket.query_params
        hearing = Hearing(
            rate_hz=int(query["sample_rate"]), keyterms=tuple(query.getlist("keyterm"))
        )
        self._line = line
        self._id = str(uuid.uuid4())
        self._turn = _settings(query)
        self._dictation = Dictation(means, hearing, ENCODINGS[query["encoding"]])
        self._told_s = 0.0
        self._started = self._guessed = False
        """Of this turn: its start was told; the newest word of its end is `EagerEnd`."""

    async def hear(self) -> None:
        try:
            await self._dictation.run()
        except ProviderError as error:
            await self._fail(500, "Internal error", str(error))

    async def serve(self) -> None:
        await self._line.send(wire.encode(wire.Connected(self._id)))
        while True:
            frame = await self._line.receive()
            if isinstance(frame, bytes):
                await self._audio(frame)
            else:
                await self._message(frame)

    async def _audio(self, data: bytes) -> None:
        self._dictation.feed(data)
        heard_s, pause_s = self._dictation.heard_s, self._dictation.pause_s
        if heard_s - self._told_s < TELL_EVERY_S:
            return
        self._told_s = heard_s
        if not self._started:
            await self._start()
        elif not pause_s and self._guessed:
            self._guessed = False
            await self._line.send(wire.encode(wire.Resume(self._id)))
        elif self._over(pause_s):
            await self._end()
        elif pause_s >= PAUSE_S / (self._turn.eager_end_threshold or 1) and not self._guessed:
            self._guessed = True
            heard = await self._dictation.last()
            await self._line.send(wire.encode(wire.EagerEnd(self._id, heard.text)))
        elif not self._guessed:
            await self._update()

    def _over(self, pause_s: float) -> bool:
        longest_s = (self._turn.end_timeout_ms or 0) / 1000
        return pause_s >= min(PAUSE_S / (self._turn.end_threshold or 1), longest_s)

    async def _start(self) -> None:
        if self._dictation.spoken:
            self._started = True
            await self._line.send(wire.encode(wire.Start(self._id)))

    async def _update(self) -> None:
        latest = self._dictation.latest
        if latest is not None and latest.text:
            await self._line.send(wire.encode(wire.Update(self._id, latest.text)))

    async def _end(self) -> None:
        heard = await self._dictation.close()
        self._started = self._guessed = False
        await self._line.send(wire.encode(wire.End(self._id, heard.text)))

    async def _message(self, text: str) -> None:
        try:
            message = wire.decode_client(text)
        except RemoteProtocolError as error:
            await self._fail(400, "Invalid request", str(error))
            return
        match message:
            case wire.Close():
                if (await self._dictation.last()).text and not self._started:
                    await self._start()
                if self._started:
                    await self._end()
                await self._line.close(1000)
            case wire.Config(turn=turn):
                await self._configure(turn or wire.Turn())
            case _:
                await self._fail(400, "Invalid request", f"unknown command {message.type!r}")

    async def _configure(self, asked: wire.Turn) -> None:
        turn = _changed(self._turn, msgspec.structs.asdict(asked))
        if why := _objection(turn):
            await self._fail(400, "Invalid request", why)
        else:
            self._turn = turn

    async def _fail(self, status: int, title: str, why: str) -> None:
        error = wire.Error(title=title, message=why, status_code=status, request_id=self._id)
        await self._line.send(wire.encode(error))
