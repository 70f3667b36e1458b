"""How Deepgram is reached: the key in its header."""

from antiphon.net.account import Account
from antiphon.net.flushed import Dialect, Voices
from antiphon.net.socket import READ_AHEAD, Peer
from antiphon.providers.deepgram.settings import AuraSettings, FluxTtsSettings

__all__ = ["peer", "voices"]


def peer(name: str, account: Account, *, speaks: bool = False) -> Peer:
    """The vendor, under the name our errors use. What one that ``speaks`` sends is kept until
    somebody wants it: a socket that is not read answers no ping."""
    return Peer(
        provider=name,
        headers={"Authorization": f"Token {account.api_key.get_secret_value()}"},
        reason_header="dg-error",
        connect_within_s=account.connect_within_s,
        read_ahead=None if speaks else READ_AHEAD,
    )


def voices(name: str, settings: AuraSettings | FluxTtsSettings, dialect: Dialect) -> Voices:
    """Its connections to have text spoken on."""
    return Voices(
        peer(name, settings.account, speaks=True),
        dialect,
        spare=settings.spare,
        audio_within_s=settings.audio_within_s,
    )
