"""Handing a caller to somebody else: asked of the transport, and what comes of it told.

Lives here: one attempt at a time, and a line that cannot. Must not live here: whom and when
(dialog), and how a caller is connected elsewhere (transports).
"""

import asyncio
from collections.abc import Callable, Coroutine

from antiphon.errors import ProtocolError, ProviderError
from antiphon.events import CallEnded, Event, TransferFailed
from antiphon.ports.transport import Transport

__all__ = ["Transferring"]


class Transferring:
    """One per call. Returns at once."""

    def __init__(
        self,
        transport: Transport,
        *,
        start: Callable[[Coroutine[None, None, None]], asyncio.Task[None]],
        tell: Callable[[Event], None],
    ) -> None:
        """``start`` makes a task of the call's group."""
        self._transport = transport
        self._start = start
        self._tell = tell
        self._attempt: asyncio.Task[None] | None = None

    def hand_over(self, to: str) -> None:
        """Ends in CallEnded or TransferFailed. While an attempt is under way another is none."""
        if not self._transport.facts.transfers:
            self._tell(TransferFailed(to=to, reason="nobody can be transferred on this line"))
        elif self._attempt is None or self._attempt.done():
            self._attempt = self._start(self._transfer(to))

    async def _transfer(self, to: str) -> None:
        try:
            await self._transport.transfer(to)
        except (ProviderError, ProtocolError) as error:
            self._tell(TransferFailed(to=to, reason=str(error)))
        else:
            self._tell(CallEnded(by="agent", reason=f"transferred to {to}"))
