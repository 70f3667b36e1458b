"""A WebSocket to a vendor: connect with a deadline, send without piling up, close with a deadline.

Lives here: what every vendor's adapter needs of a socket, on the websockets library, and the one
place where its errors become ours. Must not live here: what is sent, and who tries again when.
Everything runs inside its owner's task; `together` is the only thing with tasks of its own.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import websockets
from websockets.asyncio.client import ClientConnection, connect

from antiphon.errors import (
    AtCapacity,
    ProviderError,
    Rejected,
    RemoteProtocolError,
    TimedOut,
    Unavailable,
)
from antiphon.net.refusal import in_words, refusal, washed
from antiphon.net.start import trial

__all__ = ["READ_AHEAD", "Peer", "Socket", "together"]

M = TypeVar("M")

MAX_FRAME: Final = 4 << 20
"""Twenty seconds of 48 kHz PCM are half of this."""
READ_AHEAD: Final = 16
PING_EVERY_S: Final = 5.0
PONG_WITHIN_S: Final = 5.0
"""A peer that vanished without a word is noticed after at most the sum of the two."""

# At debug level the library logs every header, keys included; this logger has no debug level.
_quiet: Final = logging.getLogger("antiphon.net.socket.quiet")
_quiet.setLevel(logging.INFO)


@dataclass(kw_only=True)
class Peer:
    """A vendor, and how to reach it."""

    provider: str
    """Its name in our errors."""
    headers: Mapping[str, str] = field(repr=False)
    """Of the opening request; the key is among them, so they are never shown."""
    reason_header: str = ""
    """Of a refusal: where the vendor says why."""
    connect_within_s: float = 3.0
    """Including TCP, TLS and the vendor's own checks."""
    close_within_s: float = 0.03
    """Saying goodbye may take no longer: whoever cancels must be free within 50 ms. The close
    frame is on its way by then; the rest is dropped."""
    close_codes: Mapping[int, type[ProviderError]] = field(default_factory=dict)
    """What this vendor means by a close code of its own; 1008 and 1013 are known."""
    read_ahead: int | None = READ_AHEAD
    """Frames that are kept for whoever receives later; more make the vendor wait, pings and pongs
    included, and then it is given up as gone. None: all of them, for a voice: what may come is
    bounded by what was said, and nobody reads on while there is enough to play."""
    _tls: ssl.SSLContext | None = field(default=None, init=False, repr=False)

    async def connect(self, url: str) -> "Socket":
        """An open socket. Raises a `ProviderError`: `Rejected` for a wrong key or request,
        `AtCapacity`, `TimedOut`, otherwise `Unavailable`."""
        parts = urlsplit(url)
        try:
            async with asyncio.timeout(self.connect_within_s):
                connection = await connect(
                    url,
                    additional_headers=self.headers,
                    ssl=self._trust() if parts.scheme == "wss" else None,
                    # A proxy of the environment is for the world outside.
                    proxy=None if parts.hostname in ("localhost", "127.0.0.1", "::1") else True,
                    open_timeout=None,
                    close_timeout=self.close_within_s,
                    compression=None,
                    ping_interval=PING_EVERY_S,
                    ping_timeout=PONG_WITHIN_S,
                    max_size=MAX_FRAME,
                    max_queue=self.read_ahead,
                    logger=_quiet,
                )
        except websockets.InvalidStatus as refused:
            raise self._refusal(refused) from None
        except TimeoutError:
            raise TimedOut(
                f"no connection within {self.connect_within_s:g} s", provider=self.provider
            ) from None
        except (OSError, websockets.WebSocketException, EOFError) as error:
            what = self._clean(str(error) or type(error).__name__)
            raise Unavailable(f"no connection: {what}", provider=self.provider) from None
        return Socket(connection, self)

    @asynccontextmanager
    async def opened(self, url: str, farewell: str = "") -> AsyncIterator["Socket"]:
        """The same for the length of a block, and then goodbye."""
        socket = await self.connect(url)
        try:
            yield socket
        finally:
            await socket.aclose(farewell)

    async def knock(
        self,
        url: str,
        farewell: str = "",
        greet: "Callable[[Socket], Awaitable[None]] | None" = None,
    ) -> None:
        """Connect and leave again, to learn of a wrong key before a call does. ``greet`` is for a
        vendor that lets anybody in and says no after. Raises `Rejected`; what may pass is only
        logged."""
        with trial():
            async with self.opened(url, farewell) as socket:
                if greet is not None:
                    await self._greeted(greet(socket))

    async def _greeted(self, greeting: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(self.connect_within_s):
                await greeting
        except TimeoutError:
            raise TimedOut(
                f"no greeting within {self.connect_within_s:g} s", provider=self.provider
            ) from None

    def closed(self, code: int | None, reason: str) -> ProviderError:
        """What the end of a connection means."""
        said = f"closed the connection ({code or 'without a word'})"
        said += f": {self._clean(reason)}" if reason else ""
        return self.failed(code, said)

    def failed(self, code: int | None, said: str) -> ProviderError:
        """A failure the vendor gave a code, told in a message or by closing."""
        said = self._clean(said)
        if code is not None and (kind := self.close_codes.get(code)):
            return kind(said, provider=self.provider)
        match code:
            case 1008:
                return Rejected(said, provider=self.provider)
            case 1013:
                return AtCapacity(said, provider=self.provider)
            case _:
                return Unavailable(said, provider=self.provider)

    def garbled(self, error: RemoteProtocolError) -> Unavailable:
        """A message nobody can read: this connection is of no use, another may be."""
        what = self._clean(f"sent what cannot be read: {error}")
        return Unavailable(what, provider=self.provider)

    def message(self, frame: str | bytes, decode: Callable[[str], M]) -> M:
        """What one who is sent audio tells of it. Raises `Unavailable` for what is no text, or
        what ``decode`` calls a `RemoteProtocolError`."""
        if isinstance(frame, bytes):
            raise Unavailable("sent audio to a listener", provider=self.provider)
        try:
            return decode(frame)
        except RemoteProtocolError as error:
            raise self.garbled(error) from None

    def _trust(self) -> ssl.SSLContext:
        # OpenSSL reads SSL_CERT_FILE and SSL_CERT_DIR here.
        self._tls = self._tls or ssl.create_default_context()
        return self._tls

    def _refusal(self, refused: websockets.InvalidStatus) -> ProviderError:
        response = refused.response
        status, headers = response.status_code, response.headers
        why = headers.get(self.reason_header, "") if self.reason_header else ""
        why = why or in_words((response.body or b"").decode(errors="replace"))
        said = f"refused the connection: HTTP {status}{' ' if why else ''}{self._clean(why)}"
        return refusal(status, headers, said, provider=self.provider)

    def _clean(self, said: str) -> str:
        """A vendor's words, short and without what we sent as our secret."""
        return washed(said, self.headers.values())


class Socket:
    """An open connection. Both methods raise a `ProviderError` once it is gone."""

    def __init__(self, connection: ClientConnection, peer: Peer) -> None:
        self._connection, self._peer = connection, peer

    @property
    def usable(self) -> bool:
        """Nobody has closed it, as far as is known here."""
        return self._connection.state is websockets.State.OPEN

    async def send(self, frame: str | bytes) -> None:
        """Send one frame; waits while the vendor does not read."""
        try:
            await self._connection.send(frame)
        except websockets.ConnectionClosed as closed:
            raise self._gone(closed) from None

    async def receive(self) -> str | bytes:
        """The next frame."""
        try:
            return await self._connection.recv()
        except websockets.ConnectionClosed as closed:
            raise self._gone(closed) from None

    async def aclose(self, farewell: str = "") -> None:
        """Say goodbye and close, within the peer's ``close_within_s``."""
        try:
            with suppress(TimeoutError, websockets.ConnectionClosed):
                async with asyncio.timeout(self._peer.close_within_s):
                    if farewell:
                        await self._connection.send(farewell)
                    await self._connection.close()
        finally:
            self._connection.transport.abort()
            # Under TLS the socket itself is let go some turns of the loop later.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._peer.close_within_s / 3):
                    await self._connection.wait_closed()

    def _gone(self, closed: websockets.ConnectionClosed) -> ProviderError:
        frame = closed.rcvd
        if frame is None and closed.sent is not None and closed.sent.code == 1011:
            return TimedOut("stopped answering pings", provider=self._peer.provider)
        return self._peer.closed(frame.code if frame else None, frame.reason if frame else "")


async def together(*works: Coroutine[Any, Any, None]) -> None:
    """Run these until the first ends or fails; the others are cancelled, and a failure is raised
    as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in works]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
    except ExceptionGroup as trouble:
        raise trouble.exceptions[0] from None
