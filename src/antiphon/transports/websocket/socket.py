"""What a transport needs of a WebSocket, whoever implements it."""

from typing import Protocol

__all__ = ["Gone", "Socket"]


class Gone(Exception):
    """The connection is closed. ``code`` is the peer's close code, 1006 if it sent none."""

    def __init__(self, code: int, reason: str = "") -> None:
        self.code, self.reason = code, reason
        super().__init__(f"closed with {code} {reason}".rstrip())


class Socket(Protocol):
    """One open WebSocket. Every method but `close` raises `Gone` once it is closed."""

    async def receive(self) -> str | bytes:
        """The next message: text or binary."""
        ...

    async def send(self, message: str | bytes) -> None:
        """Send one message; wait while the peer is slow. Cancelled while it waits, it has sent
        nothing."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close, unless closed already. Does not wait for the peer."""
        ...
