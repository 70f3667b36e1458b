"""The server of Vosk: one WebSocket, at any path; here at ``/``.

Which message is answered with what is the server's published source; when it thinks that an
utterance is over is our guess. A grammar (``phrase_list``) is taken and changes nothing.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.websockets import WebSocket

from antiphon.errors import RemoteProtocolError
from antiphon.events import TranscriptChanged
from antiphon.net.socket import together
from antiphon.ports.stt import Hearing
from antiphon.providers.vosk import wire
from antiphon.sandbox.dictation import Dictation
from antiphon.sandbox.line import Line
from antiphon.sandbox.vendor import Door, Means, Refusal

__all__ = ["DOORS"]

RATE_HZ: Final = 8000
"""Until a client says otherwise."""
PAUSE_S: Final = 0.5
"""An utterance is over after it."""


async def _serve(line: Line, websocket: WebSocket, means: Means) -> None:
    config = wire.Config(sample_rate=RATE_HZ, words=True)
    while True:
        frame = await line.receive()
        told = frame if isinstance(frame, bytes) else _understood(frame)
        if not isinstance(told, wire.Config):
            break
        given = {name: value for name, value in _fields(told) if value is not msgspec.UNSET}
        config = msgspec.structs.replace(config, **given)
    await _Session(line, means, config).run(told)


class _Session:
    """From the first frame that is no configuration."""

    def __init__(self, line: Line, means: Means, config: wire.Config) -> None:
        self._line, self._config = line, config
        hearing = Hearing(rate_hz=int(config.sample_rate or RATE_HZ))
        self._dictation = Dictation(means, hearing, "linear16")

    async def run(self, first: "bytes | wire.ClientMessage") -> None:
        await together(self._serve(first), self._dictation.run())

    async def _serve(self, told: "bytes | wire.ClientMessage") -> None:
        while True:
            await self._answer(told)
            frame = await self._line.receive()
            told = frame if isinstance(frame, bytes) else _understood(frame)

    async def _answer(self, told: "bytes | wire.ClientMessage") -> None:
        match told:
            case bytes():
                self._dictation.feed(told)
                if self._dictation.spoken and self._dictation.pause_s >= PAUSE_S:
                    await self._utterance()
                else:
                    latest = self._dictation.latest
                    text = _plain(latest.text) if latest else ""
                    await self._line.send(wire.encode(wire.Partial(text)))
            case wire.Reset():
                await self._utterance()
            case wire.Eof():
                await self._utterance()
                await self._line.close(1000)
            case wire.Unknown():
                await self._line.close(1011)
            case _:
                pass  # a late configuration is for the next recogniser, which never comes

    async def _utterance(self) -> None:
        heard = await self._dictation.close()
        await self._line.send(wire.encode(self._heard(heard)))

    def _heard(self, heard: TranscriptChanged) -> msgspec.Struct:
        words = tuple(
            wire.Word(_plain(word.text), round(word.start_s, 6), round(word.end_s, 6), 0.98)
            for word in heard.words
        )
        text = _plain(heard.text)
        result = words if words and self._config.words else msgspec.UNSET
        if self._config.max_alternatives:
            return wire.Heards((wire.Hypothesis(text, 200.0, result),))
        return wire.Heard(text, result)


def _understood(text: str) -> wire.ClientMessage:
    try:
        return wire.decode_client(text)
    except RemoteProtocolError:
        return wire.Unknown(text)


def _fields(config: wire.Config) -> list[tuple[str, object]]:
    return [(name, getattr(config, name)) for name in config.__struct_fields__]


def _plain(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum() or letter in " '")


def _refuse(status: int, why: str) -> Refusal:
    return Refusal(status, {}, {"error": why})


def _mistake(websocket: WebSocket) -> str:
    return ""


def _headers() -> Mapping[str, str]:
    return {}


DOORS = (
    Door(path="/", key=None, refuse=_refuse, mistake=_mistake, headers=_headers, serve=_serve),
)
