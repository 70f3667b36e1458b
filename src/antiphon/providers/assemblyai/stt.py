"""AssemblyAI as a `Recogniser`."""

from collections.abc import Callable
from typing import Final

from antiphon.errors import AtCapacity, ProviderError, Rejected, Unavailable
from antiphon.net.account import Account
from antiphon.net.socket import Peer, Socket
from antiphon.ports.stt import Heard, Hearing
from antiphon.providers.assemblyai import opening, universal
from antiphon.providers.assemblyai.settings import UniversalSettings

__all__ = ["UniversalRecogniser"]

CLOSE_CODES: Final[dict[int, type[ProviderError]]] = {
    1008: Rejected,  # the key, or the account
    3005: Unavailable,  # "Session Cancelled: An error occurred"
    3006: Rejected,  # a message, or a parameter
    3007: Rejected,  # a frame too short or too long, or audio much faster than time
    3008: Unavailable,  # three hours are over: another session may begin
    3009: AtCapacity,  # "Too many concurrent sessions"
}
"""As the vendor documents them. Each comes with an `Error` message before it."""


class UniversalRecogniser:
    """See `antiphon.ports.stt.Recogniser`. Each call has a session of its own, opened when its
    ear runs and terminated when it ends."""

    name = "assemblyai/universal-streaming"
    rates_hz: tuple[int, ...] = ()

    def __init__(self, settings: UniversalSettings) -> None:
        self._settings = settings
        self._peer = _peer(self.name, settings.account)

    async def start(self) -> None:
        """Connect once. Raises `Rejected` for a key or a setting the vendor refuses; a vendor
        that is away for the moment does not keep the process from starting."""
        url = opening.universal_url(self._settings, Hearing())
        await self._peer.knock(url, universal.FAREWELL, self._greet)

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> universal.Universal:
        return universal.Universal(self._peer, self._settings, hearing, tell)

    async def aclose(self) -> None:
        """Nothing is kept between calls."""

    async def _greet(self, socket: Socket) -> None:
        """The vendor opens to everybody and looks at the key then."""
        await opening.begun(socket, self._peer)


def _peer(name: str, account: Account) -> Peer:
    return Peer(
        provider=name,
        headers={
            # The bare key: neither "Bearer" nor "Token" goes before it.
            "Authorization": account.api_key.get_secret_value(),
            "AssemblyAI-Version": "2025-05-12",
        },
        connect_within_s=account.connect_within_s,
        close_codes=CLOSE_CODES,
    )
