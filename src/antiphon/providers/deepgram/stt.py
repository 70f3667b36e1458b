"""Deepgram as a `Recogniser`, twice: Nova-3 and Flux."""

from collections.abc import Callable

from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.deepgram import flux, nova
from antiphon.providers.deepgram.account import peer
from antiphon.providers.deepgram.settings import FluxSettings, NovaSettings

__all__ = ["FluxRecogniser", "NovaRecogniser"]


class NovaRecogniser:
    """See `antiphon.ports.stt.Recogniser`. Each call has a connection of its own, opened when
    its ear runs."""

    name = "deepgram/nova-3"
    rates_hz: tuple[int, ...] = ()

    def __init__(self, settings: NovaSettings) -> None:
        self._settings = settings
        self._peer = peer(self.name, settings.account)

    async def start(self) -> None:
        """Connect once. Raises `Rejected` for a key or a setting the vendor refuses; a vendor
        that is away for the moment does not keep the process from starting."""
        await self._peer.knock(nova.nova_url(self._settings, Hearing()), nova.FAREWELL)

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> nova.NovaRecognition:
        return nova.NovaRecognition(self._peer, self._settings, hearing, tell)

    async def aclose(self) -> None:
        """Nothing is kept between calls."""


class FluxRecogniser:
    """See `antiphon.ports.stt.Recogniser`. Each call has a connection of its own, opened when
    its ear runs."""

    name = "deepgram/flux"
    rates_hz: tuple[int, ...] = ()

    def __init__(self, settings: FluxSettings) -> None:
        self._settings = settings
        self._peer = peer(self.name, settings.account)

    async def start(self) -> None:
        """As `NovaRecogniser.start`."""
        await self._peer.knock(flux.flux_url(self._settings, Hearing()), flux.FAREWELL)

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> flux.FluxRecognition:
        return flux.FluxRecognition(self._peer, self._settings, hearing, tell)

    async def aclose(self) -> None:
        """Nothing is kept between calls."""
