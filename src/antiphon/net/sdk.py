"""A vendor's own SDK over our HTTP: its connections warm, its answers in time and really closed,
its errors ours.

An SDK is given `SdkHttp.client` in place of the one it would make. Then one rule of ours holds for
all of them: how long a connection may take, what is closed when nobody listens any more, and what
is no server-sent event. Lives here: that, for every SDK that sits on the httpx2 library. Must not
live here: any SDK, and what an answer says (`antiphon.net.draft`).
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, Final, Generic, Protocol, TypeVar

import httpx2

from antiphon.errors import ProviderError, TimedOut, Unavailable
from antiphon.net.account import Account
from antiphon.net.http import client, stale
from antiphon.net.refusal import refusal, washed

__all__ = ["OnDemand", "SdkHttp", "SdkStream"]

E = TypeVar("E")


class _Closing(Protocol):
    async def aclose(self) -> None: ...


S = TypeVar("S", bound=_Closing)

WARM_S: Final = 30.0
"""A connection used so recently is still there: vendors close theirs after a minute or more."""
FIELDS: Final = (b"", b"data", b"event", b"id", b"retry")
BOM: Final = b"\xef\xbb\xbf"

_opened: ContextVar["list[httpx2.Response] | None"] = ContextVar("opened", default=None)
"""The responses of whoever is asking now: an SDK does not show them."""


class OnDemand(Generic[S]):
    """An SDK, made when it is first wanted: to load one takes a while."""

    def __init__(self, make: Callable[[], S]) -> None:
        self._make = make
        self._made: S | None = None

    async def start(self) -> None:
        """Make it, without keeping anybody waiting. Doing it twice does nothing."""
        self._made = self._made or await asyncio.to_thread(self._make)

    def get(self) -> S:
        """It, made now if need be."""
        self._made = self._made or self._make()
        return self._made

    async def aclose(self) -> None:
        """Give it back; the next `get` makes another. Doing it twice does nothing."""
        made, self._made = self._made, None
        if made is not None:
            await made.aclose()


class SdkStream:
    """A stream of an SDK's events, and the responses it is read from."""

    def __init__(self, events: AsyncIterator[Any], responses: "list[httpx2.Response]") -> None:
        self._events, self._responses = events, responses

    async def next(self) -> Any:
        """The next event; None when there is no more. Raises what the SDK raises."""
        token = _opened.set(self._responses)  # some ask again on their way
        try:
            return await anext(self._events, None)
        finally:
            _opened.reset(token)

    async def aclose(self) -> None:
        """The vendor is told at once that nobody listens, however deep the SDK has wrapped it."""
        for response in self._responses:
            await response.aclose()
        if isinstance(self._events, AsyncGenerator):
            await self._events.aclose()


class SdkHttp:
    """One vendor's connections, shared by all calls of a process. Close it with `aclose`."""

    def __init__(
        self, provider: str, account: Account, errors: tuple[type[Exception], ...], log: str
    ) -> None:
        """``errors`` are what the SDK raises, ``log`` is the name of its logger."""
        # At debug level it tells of every request and what callers said in it.
        logging.getLogger(log).setLevel(logging.WARNING)
        self.provider, self.account = provider, account
        self.errors: tuple[type[Exception], ...] = (
            *errors,
            httpx2.HTTPError,
            httpx2.StreamError,
            ValueError,  # an event that is no JSON, or not of its shape
        )
        self.client = client(account, {"accept-encoding": "identity"}, silent_s=None)
        self.client.event_hooks = {"request": [self._hurry], "response": [_watch]}
        self._used_s: float | None = None

    def __repr__(self) -> str:
        return f"SdkHttp({self.provider!r}, {self.account.base_url!r})"

    async def open(self, ask: Callable[[], Awaitable[AsyncIterator[Any]]]) -> SdkStream:
        """Let the SDK ask for a stream. Raises what the SDK raises."""
        try:
            return await self._open(ask)
        except self.errors as error:
            if not stale(_root(error)):
                raise
        return await self._open(ask)

    async def _open(self, ask: Callable[[], Awaitable[AsyncIterator[Any]]]) -> SdkStream:
        async with self.asking() as responses:
            return SdkStream(await ask(), responses)

    @asynccontextmanager
    async def asking(self) -> AsyncIterator["list[httpx2.Response]"]:
        """Whatever is asked in the block; where it fails, its responses are closed."""
        self._used_s = asyncio.get_running_loop().time()
        responses: list[httpx2.Response] = []
        token = _opened.set(responses)
        try:
            yield responses
        except BaseException:
            for response in responses:
                await response.aclose()
            raise
        finally:
            _opened.reset(token)

    async def warm(self) -> None:
        """Have a connection ready, where none was used lately. Costs no tokens. Raises a
        `ProviderError`."""
        now_s = asyncio.get_running_loop().time()
        if self._used_s is not None and now_s - self._used_s < WARM_S:
            return
        self._used_s = now_s
        try:
            # Whatever the vendor says to this, it says it over a connection that stays.
            await self.client.head(self.account.base_url, timeout=self.account.connect_within_s)
        except httpx2.HTTPError as error:
            raise self.broken(error) from None

    def refused(self, status: int, headers: Mapping[str, str], said: str) -> ProviderError:
        """What a refusal means."""
        why = self._washed(said)
        said = f"refused the request: HTTP {status}{' ' if why else ''}{why}"
        return refusal(status, headers, said, provider=self.provider)

    def broken(self, error: BaseException) -> ProviderError:
        """What any other error means."""
        root = _root(error)
        if isinstance(root, httpx2.ConnectTimeout):
            within_s = self.account.connect_within_s
            return TimedOut(f"no connection within {within_s:g} s", provider=self.provider)
        if isinstance(root, httpx2.TimeoutException):
            return TimedOut("nothing came in time", provider=self.provider)
        what = self._washed(str(root) or type(root).__name__)
        if isinstance(root, httpx2.ConnectError):
            return Unavailable(f"no connection: {what}", provider=self.provider)
        return Unavailable(f"broke off: {what}", provider=self.provider)

    async def aclose(self) -> None:
        """Give the connections back. Doing it twice does nothing."""
        await self.client.aclose()

    async def _hurry(self, request: httpx2.Request) -> None:
        """Each SDK has its own idea of time; the one who waits for an answer keeps it instead. And
        where there is no key, none is made up."""
        if not self.account.api_key.get_secret_value():
            request.headers.pop("authorization", None)
        within_s = self.account.connect_within_s
        times: dict[str, float | None] = {"connect": within_s, "pool": within_s}
        request.extensions = {**request.extensions, "timeout": {**_FOR_EVER, **times}}

    def _washed(self, said: str) -> str:
        return washed(said, [self.account.api_key.get_secret_value()])


_FOR_EVER: Final[Mapping[str, float | None]] = {"read": None, "write": None}


def _root(error: BaseException) -> BaseException:
    """The library's own error, where an SDK has hidden it in the cause of its own."""
    return error.__cause__ if isinstance(error.__cause__, httpx2.HTTPError) else error


async def _watch(response: httpx2.Response) -> None:
    responses = _opened.get()
    if responses is not None:
        responses.append(response)
    kind = response.headers.get("content-type", "")
    coded = response.headers.get("content-encoding", "identity") != "identity"
    if kind.startswith("text/event-stream") and not coded:
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Strict(response.stream)


class _Strict(httpx2.AsyncByteStream):
    """Server-sent events and nothing else. The standard lets a reader skip what it does not know,
    and every SDK does: a line that was damaged on the way would be a word lost without a sign."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        rest = b""
        async for chunk in self._stream:
            *lines, after = (rest + chunk).split(b"\n")
            at = -len(rest)  # where the line begins in this chunk
            for line in lines:
                if line.rstrip(b"\r").partition(b":")[0].removeprefix(BOM) not in FIELDS:
                    yield chunk[: max(at, 0)]  # what came before it is good
                    shown = line[:40].decode(errors="replace")
                    raise httpx2.RemoteProtocolError(f"not a server-sent event: {shown!r}")
                at += len(line) + 1
            rest = after
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
