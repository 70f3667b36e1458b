"""How Deepgram is reached: the key in its header, an address with its query."""

from collections.abc import Sequence
from urllib.parse import urlencode

from antiphon.net.socket import Peer
from antiphon.providers.deepgram.settings import Account

__all__ = ["address", "peer"]


def peer(name: str, account: Account) -> Peer:
    """The vendor, under the name our errors use."""
    return Peer(
        provider=name,
        headers={"Authorization": f"Token {account.api_key.get_secret_value()}"},
        reason_header="dg-error",
        connect_within_s=account.connect_within_s,
    )


def address(account: Account, path: str, query: Sequence[tuple[str, object]]) -> str:
    """The URL of a request; what is None is left to the vendor."""
    pairs = [(name, _said(value)) for name, value in query if value is not None]
    return f"{account.base_url}{path}?{urlencode(pairs)}"


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
