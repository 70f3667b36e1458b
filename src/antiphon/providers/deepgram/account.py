"""How Deepgram is reached: the key in its header."""

from antiphon.net.account import Account
from antiphon.net.socket import Peer

__all__ = ["peer"]


def peer(name: str, account: Account) -> Peer:
    """The vendor, under the name our errors use."""
    return Peer(
        provider=name,
        headers={"Authorization": f"Token {account.api_key.get_secret_value()}"},
        reason_header="dg-error",
        connect_within_s=account.connect_within_s,
    )
