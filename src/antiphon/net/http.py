"""HTTP to a vendor: requests with deadlines, answers as they come, connections kept warm.

Lives here: what every vendor's adapter needs of HTTP, on the httpx2 library, and the one place
where its errors become ours. Must not live here: what is sent, and who tries again when.
"""

import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx2

from antiphon.errors import ProviderError, TimedOut, Unavailable
from antiphon.net.account import Account
from antiphon.net.refusal import in_words, refusal, washed
from antiphon.net.start import trial

__all__ = ["Answer", "Http", "client", "stale"]

WARM: Final = 4
"""Connections kept for the next request."""
IDLE_S: Final = 60.0
"""For so long; vendors close theirs at about as much."""
MOST_CONNECTIONS: Final = 100
MAX_REFUSAL: Final = 64 << 10
"""Of a refusal's body; the rest is not read."""

# At debug level the library tells of every header, keys included.
logging.getLogger("httpx2").setLevel(logging.WARNING)
logging.getLogger("httpcore2").setLevel(logging.WARNING)


def client(
    account: Account,
    headers: Mapping[str, str],
    *,
    silent_s: float | None,
    idle_s: float = IDLE_S,
) -> httpx2.AsyncClient:
    """A connection pool for one vendor; whoever asked for it closes it. ``silent_s`` is how long
    the vendor may say nothing; None: somebody else's concern. A connection nobody used for
    ``idle_s`` is not used again."""
    host = httpx2.URL(account.base_url).host
    return httpx2.AsyncClient(
        headers=headers,
        # OpenSSL reads SSL_CERT_FILE and SSL_CERT_DIR here.
        verify=ssl.create_default_context(),
        # A proxy of the environment is for the world outside.
        trust_env=host not in ("localhost", "127.0.0.1", "::1"),
        timeout=httpx2.Timeout(silent_s, connect=account.connect_within_s),
        limits=httpx2.Limits(
            max_connections=MOST_CONNECTIONS,
            max_keepalive_connections=WARM,
            keepalive_expiry=idle_s,
        ),
    )


def stale(error: BaseException) -> bool:
    """The vendor closed a connection that was kept for the next request just as that came: it is
    no trouble of the vendor's, and what was asked is asked again."""
    return isinstance(error, httpx2.RemoteProtocolError) and "without sending" in str(error)


class Answer:
    """A vendor's answer, whose status is good and whose body is still to come."""

    def __init__(self, response: httpx2.Response, http: "Http") -> None:
        self._response, self._http = response, http
        self.headers: Mapping[str, str] = response.headers
        """Looked up in lower case."""

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises a `ProviderError` where it breaks off."""
        try:
            async for chunk in self._response.aiter_bytes():
                yield chunk
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            raise self._http.trouble(error) from None

    async def lines(self) -> AsyncIterator[str]:
        """The body by lines, as for server-sent events."""
        try:
            async for line in self._response.aiter_lines():
                yield line
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            raise self._http.trouble(error) from None

    async def body(self) -> bytes:
        """All of it."""
        return b"".join([chunk async for chunk in self.chunks()])


class Http:
    """One vendor, shared by all calls of a process. Close it with `aclose`."""

    def __init__(
        self,
        provider: str,
        account: Account,
        headers: Mapping[str, str],
        *,
        silent_s: float = 10.0,
        idle_s: float = IDLE_S,
    ) -> None:
        """``headers`` go with every request, the key among them. A vendor that sends nothing for
        ``silent_s`` in the middle of an answer is given up; one that closes idle connections
        sooner than others needs a shorter ``idle_s``."""
        self.provider = provider
        self._account, self._headers = account, dict(headers)
        self._silent_s, self._idle_s = silent_s, idle_s
        self._made: httpx2.AsyncClient | None = None

    def __repr__(self) -> str:
        return f"Http({self.provider!r}, {self._account.base_url!r})"

    @asynccontextmanager
    async def ask(
        self, method: str, path: str, query: Mapping[str, Any] | None = None, **content: Any
    ) -> AsyncIterator[Answer]:
        """Make a request; the block has the answer, and leaving it ends it, complete or not.
        ``content`` is the library's: ``json=``, ``content=``, ``data=``, ``files=``,
        ``headers=``. Raises a `ProviderError`."""
        request = self._client.build_request(
            method, self._account.url(path), params=query, **content
        )
        try:
            response = await self._sent(request)
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            raise self.trouble(error) from None
        try:
            if not response.is_success:
                raise await self._refused(response)
            yield Answer(response, self)
        finally:
            await response.aclose()

    async def knock(self, path: str) -> None:
        """Get something small, once, before the first call: the connection is there, and a wrong
        key is known. Raises `Rejected`; a vendor that is away for the moment does not keep the
        process from starting."""
        with trial():
            async with self.ask("GET", path):
                pass

    def trouble(self, error: Exception) -> ProviderError:
        """What an error of the library means."""
        if isinstance(error, httpx2.TimeoutException):
            connecting = isinstance(error, httpx2.ConnectTimeout)
            after_s = self._account.connect_within_s if connecting else self._silent_s
            what = "no connection" if connecting else "nothing came"
            return TimedOut(f"{what} within {after_s:g} s", provider=self.provider)
        what = self._washed(str(error) or type(error).__name__)
        broke = not isinstance(error, httpx2.ConnectError)
        said = f"broke off: {what}" if broke else f"no connection: {what}"
        return Unavailable(said, provider=self.provider)

    async def aclose(self) -> None:
        """Give the connections back. Doing it twice does nothing."""
        client, self._made = self._made, None
        if client is not None:
            await client.aclose()

    @property
    def _client(self) -> httpx2.AsyncClient:
        if self._made is None:
            self._made = client(
                self._account, self._headers, silent_s=self._silent_s, idle_s=self._idle_s
            )
        return self._made

    async def _sent(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return await self._client.send(request, stream=True)
        except httpx2.RemoteProtocolError as error:
            if not stale(error):
                raise
        return await self._client.send(request, stream=True)

    async def _refused(self, response: httpx2.Response) -> ProviderError:
        body = b""
        try:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_REFUSAL:
                    break
        except (httpx2.HTTPError, httpx2.StreamError):
            body += b" (broke off)"
        why = self._washed(in_words(body.decode(errors="replace")))
        said = f"refused the request: HTTP {response.status_code}{' ' if why else ''}{why}"
        return refusal(response.status_code, response.headers, said, provider=self.provider)

    def _washed(self, said: str) -> str:
        return washed(said, self._headers.values())
