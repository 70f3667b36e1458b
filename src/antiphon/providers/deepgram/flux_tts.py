"""Deepgram Flux TTS as a `Synthesiser`: text over a WebSocket, a turn for each clause.

The vendor means a turn to be a whole reply. A clause is one here, because only a turn's end can be
told from the audio; the vendor keeps its tone from turn to turn on a connection.
"""

from typing import Final

from antiphon.audio import g711
from antiphon.errors import ProviderError, Rejected, Unavailable
from antiphon.net.flushed import Dialect, FlushedUtterance
from antiphon.net.refusal import washed
from antiphon.ports.tts import Speaking
from antiphon.providers.deepgram.account import voices
from antiphon.providers.deepgram.settings import FluxTtsSettings
from antiphon.providers.deepgram.wire import flux_tts as wire

__all__ = ["FluxSynthesiser"]

FLUSH: Final = wire.encode(wire.Flush())
INTERRUPT: Final = wire.encode(wire.Interrupt())
CLOSE: Final = wire.encode(wire.Close())
DECODERS: Final = {
    "linear16": lambda frame: frame,
    "mulaw": g711.decode_mulaw,
    "alaw": g711.decode_alaw,
}


class FluxSynthesiser:
    """See `antiphon.ports.tts.Synthesiser`. Connections that ended an utterance well are kept
    for the next one."""

    name = "deepgram/flux-tts"

    def __init__(self, settings: FluxTtsSettings) -> None:
        self._settings = settings
        dialect = Dialect(
            ask=lambda text: (wire.encode(wire.Speak(text)), FLUSH),
            complete=self._complete,
            decode=DECODERS[settings.encoding],
            farewell=CLOSE,
            break_off=INTERRUPT,
        )
        self._voices = voices(self.name, settings, dialect)
        self.rate_hz: int = settings.rate_hz
        self.fingerprint = f"deepgram {settings.voice} {settings.encoding} {settings.rate_hz}"

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
            case wire.SpeechMetadata():
                return True
            case wire.Error(code=code, description=description):
                raise self._failure(code, description)
            case _:
                return False

    def _failure(self, code: str, description: str) -> ProviderError:
        secret = self._settings.account.api_key.get_secret_value()
        said = washed(f"{code}: {description}", [secret])
        ours = code.startswith(("MESSAGE", "DATA", "BIG"))
        kind = Rejected if ours else Unavailable
        return kind(said, provider=self.name)

    def _url(self, speaking: Speaking) -> str:
        settings = self._settings
        steps = round(min(max(speaking.speed, wire.SLOWEST), wire.FASTEST) / wire.SPEED_STEP)
        speed = round(steps * wire.SPEED_STEP, 2)
        return settings.account.socket_url(
            "/v2/speak",
            [
                ("model", speaking.voice or settings.voice),
                ("encoding", settings.encoding),
                ("sample_rate", settings.rate_hz),
                ("speed", None if speed == 1.0 else f"{speed:g}"),
            ],
        )
