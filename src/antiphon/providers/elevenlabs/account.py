"""How ElevenLabs is reached: the key in its header, and what its errors mean."""

from typing import Final

from antiphon.errors import AtCapacity, ProviderError, Rejected, TimedOut
from antiphon.net.account import Account
from antiphon.net.http import Http
from antiphon.net.refusal import EMPTY_S, washed
from antiphon.net.socket import Peer

__all__ = ["http", "peer", "trouble"]

BUSY: Final = frozenset(
    "max_active_conversations too_many_concurrent_requests system_busy rate_limited"
    " commit_throttled queue_overflow resource_exhausted".split()
)
REFUSED: Final = frozenset(
    "invalid_api_key missing_permissions voice_not_found voice_id_does_not_exist model_not_found"
    " invalid_request auth_error input_error unaccepted_terms chunk_size_exceeded"
    " unsupported_language unsupported_model invalid_parameters".split()
)
LATE: Final = frozenset({"input_timeout_exceeded", "session_time_limit_exceeded"})


def peer(name: str, account: Account) -> Peer:
    """The vendor's WebSockets, under the name our errors use. What a voice still sends after it
    was interrupted is read by whoever speaks next, so all of it is kept until then."""
    return Peer(
        provider=name,
        headers=_headers(account),
        connect_within_s=account.connect_within_s,
        read_ahead=None,
    )


def http(name: str, account: Account, silent_s: float) -> Http:
    """The vendor's requests."""
    return Http(name, account, _headers(account), silent_s=silent_s)


def trouble(peer: Peer, kind: str, said: str, code: object = None) -> ProviderError:
    """What an error within a connection means. The names are the vendor's; its clients and third
    parties know these, and there may be others."""
    what = washed(f"{kind}: {said}" if said else kind, peer.headers.values())
    if kind == "quota_exceeded":
        return AtCapacity(what, provider=peer.provider, retry_after_s=EMPTY_S)
    if kind in BUSY:
        return AtCapacity(what, provider=peer.provider)
    if kind in REFUSED:
        return Rejected(what, provider=peer.provider)
    if kind in LATE:
        return TimedOut(what, provider=peer.provider)
    return peer.failed(code if isinstance(code, int) else None, what)


def _headers(account: Account) -> dict[str, str]:
    return {"xi-api-key": account.api_key.get_secret_value()}
