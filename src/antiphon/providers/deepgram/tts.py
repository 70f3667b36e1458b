"""Deepgram Aura-2 as a `Synthesiser`: text over a WebSocket, a clause at a time.

A clause is a `Speak` and a `Flush`; its audio is what comes until `Flushed`.
"""

from typing import Final

from antiphon.errors import Unavailable
from antiphon.net.flushed import Dialect, FlushedUtterance
from antiphon.ports.tts import Speaking
from antiphon.providers.deepgram.account import voices
from antiphon.providers.deepgram.settings import AURA, AuraSettings
from antiphon.providers.deepgram.wire import aura as wire

__all__ = ["AuraSynthesiser"]

FLUSHES: Final = wire.FLUSHES_PER_MINUTE - 2
"""On one connection; then another is opened."""
FLUSH: Final = wire.encode(wire.Flush())
CLEAR: Final = wire.encode(wire.Clear())
CLOSE: Final = wire.encode(wire.Close())


class AuraSynthesiser:
    """See `antiphon.ports.tts.Synthesiser`. Connections that ended an utterance well are kept
    for the next one."""

    name = "deepgram/aura-2"

    def __init__(self, settings: AuraSettings) -> None:
        self._settings = settings
        dialect = Dialect(
            ask=lambda text: (wire.encode(wire.Speak(text)), FLUSH),
            complete=self._complete,
            decode=lambda frame: frame,
            farewell=CLOSE,
            break_off=CLEAR,
            asks_per_minute=FLUSHES,
        )
        self._voices = voices(self.name, settings, dialect)
        self.rate_hz: int = settings.rate_hz
        self.fingerprint = f"deepgram {settings.voice} linear16 {settings.rate_hz}"

    async def start(self) -> None:
        """Connect once. Raises `Rejected` for a key or a voice the vendor refuses; a vendor that
        is away for the moment does not keep the process from starting."""
        await self._voices.peer.knock(self._url(Speaking()), CLOSE)

    def utter(self, speaking: Speaking) -> FlushedUtterance:
        return self._voices.utter(self._url(speaking))

    async def aclose(self) -> None:
        await self._voices.aclose()

    def _complete(self, frame: str) -> bool:
        match wire.decode_server(frame):
            case wire.Flushed():
                return True
            case wire.Warning(code=code, description=description):
                # Something of what we sent was not done, and Flushed may never come.
                raise Unavailable(f"{code}: {description}", provider=self.name)
            case _:
                return False

    def _url(self, speaking: Speaking) -> str:
        settings = self._settings
        slowest, fastest = AURA.speed or (1.0, 1.0)
        speed = min(max(speaking.speed, slowest), fastest)
        return settings.account.socket_url(
            "/v1/speak",
            [
                ("model", speaking.voice or settings.voice),
                ("encoding", "linear16"),
                ("sample_rate", settings.rate_hz),
                ("speed", None if speed == 1.0 else f"{speed:g}"),
            ],
        )
