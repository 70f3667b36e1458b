"""ElevenLabs Scribe as a `Recogniser`."""

from collections.abc import Callable

from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.elevenlabs import scribe
from antiphon.providers.elevenlabs.account import peer
from antiphon.providers.elevenlabs.settings import SCRIBE, ScribeSettings

__all__ = ["ScribeRecogniser"]


class ScribeRecogniser:
    """See `antiphon.ports.stt.Recogniser`. Each call has a connection of its own, opened when
    its ear runs."""

    name = "elevenlabs/scribe"
    rates_hz: tuple[int, ...] = (16_000, *(hz for hz in SCRIBE.rates_hz if hz != 16_000))

    def __init__(self, settings: ScribeSettings) -> None:
        self._settings = settings
        self._peer = peer(self.name, settings.account)

    async def start(self) -> None:
        """Connect once. Raises `Rejected` for a key or a setting the vendor refuses; a vendor
        that is away for the moment does not keep the process from starting."""
        await self._peer.knock(scribe.url(self._settings, Hearing()))

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> "scribe.ScribeRecognition":
        return scribe.ScribeRecognition(self._peer, self._settings, hearing, tell)

    async def aclose(self) -> None:
        """Nothing is kept between calls."""
