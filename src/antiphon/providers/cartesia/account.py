"""How Cartesia is reached: the key and the version of the interface in its headers."""

from antiphon.net.account import Account
from antiphon.net.socket import READ_AHEAD, Peer
from antiphon.providers.cartesia import wire

__all__ = ["headers", "peer"]


def headers(account: Account) -> dict[str, str]:
    """Of every request."""
    return {
        "Authorization": f"Bearer {account.api_key.get_secret_value()}",
        "Cartesia-Version": wire.VERSION,
    }


def peer(name: str, account: Account, *, speaks: bool = False) -> Peer:
    """The vendor, under the name our errors use. What one that ``speaks`` sends is kept until
    somebody wants it: a socket that is not read answers no ping."""
    return Peer(
        provider=name,
        headers=headers(account),
        connect_within_s=account.connect_within_s,
        read_ahead=None if speaks else READ_AHEAD,
    )
