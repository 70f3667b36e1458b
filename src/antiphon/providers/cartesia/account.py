"""How Cartesia is reached: the key and the version of the interface in its headers."""

from antiphon.net.account import Account
from antiphon.net.socket import Peer
from antiphon.providers.cartesia import wire

__all__ = ["headers", "peer"]


def headers(account: Account) -> dict[str, str]:
    """Of every request."""
    return {
        "Authorization": f"Bearer {account.api_key.get_secret_value()}",
        "Cartesia-Version": wire.VERSION,
    }


def peer(name: str, account: Account) -> Peer:
    """The vendor, under the name our errors use."""
    return Peer(provider=name, headers=headers(account), connect_within_s=account.connect_within_s)
