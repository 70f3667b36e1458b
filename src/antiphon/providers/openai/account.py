"""How OpenAI is reached without its SDK: the key in its header, and what its refusals mean."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from antiphon.errors import AtCapacity, ProviderError, Rejected, RemoteProtocolError, Unavailable
from antiphon.net.account import Account
from antiphon.net.http import Http
from antiphon.net.socket import Peer
from antiphon.providers.openai.wire.realtime import CLOSE_CODES, Problem

__all__ = ["finish", "http", "peer", "trouble"]

AFTERWARDS_S: Final = 0.25
"""How long what follows a complete answer is waited for."""


def peer(name: str, account: Account) -> Peer:
    """The vendor's WebSockets, under the name our errors use."""
    final = (
        "invalid_request_error.invalid_api_key",
        "invalid_request_error.beta_api_shape_disabled",
    )
    return Peer(
        provider=name,
        headers=_headers(account),
        connect_within_s=account.connect_within_s,
        close_codes={CLOSE_CODES[why]: Rejected for why in final},
    )


def http(name: str, account: Account, silent_s: float) -> Http:
    """Its HTTP."""
    return Http(name, account, _headers(account), silent_s=silent_s)


async def finish(answer: AsyncIterator[object]) -> None:
    """Read what follows an answer's last word, which is only its end: so the connection is fit for
    the next request. Whatever goes wrong here harms nobody."""
    with suppress(TimeoutError, ProviderError, RemoteProtocolError):
        async with asyncio.timeout(AFTERWARDS_S):
            async for _ in answer:
                pass


def trouble(problem: Problem, *, provider: str) -> ProviderError:
    """What an error means that was told in a message."""
    kind, code = problem.type or "", problem.code or ""
    said = ": ".join(part for part in (code or kind, problem.message or "") if part)
    if "rate_limit" in kind or "rate_limit" in code or "quota" in code or "quota" in kind:
        return AtCapacity(said, provider=provider)
    if kind == "invalid_request_error" and code != "session_expired":
        return Rejected(said, provider=provider)
    return Unavailable(said, provider=provider)


def _headers(account: Account) -> dict[str, str]:
    key = account.api_key.get_secret_value()
    return {"Authorization": f"Bearer {key}"} if key else {}
