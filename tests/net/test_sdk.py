"""A vendor's SDK over our HTTP: what is warm, what is closed, what an error means."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext
from itertools import pairwise
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from tests.providers.llm_stage import events, server

from antiphon.errors import ProviderError, TimedOut, Unavailable
from antiphon.net.account import Account
from antiphon.net.draft import Draft, Waits, answered
from antiphon.net.sdk import SdkHttp, _Strict
from antiphon.ports.llm import Saying, Usage

KEY = "a-very-secret-key"


class _Trouble(Exception):
    """The SDK's own."""


def _http(url: str) -> SdkHttp:
    account = Account(api_key=SecretStr(KEY), base_url=url)
    return SdkHttp("them", account, (_Trouble,), "them")


async def _lines(http: SdkHttp) -> AsyncIterator[str]:
    """What an SDK would do, and no more."""
    request = http.client.build_request("POST", f"{http.account.base_url}/", json={})
    response = await http.client.send(request, stream=True)
    if response.status_code != 200:
        raise _Trouble(response.status_code)

    async def read() -> AsyncIterator[str]:
        async for line in response.aiter_lines():
            yield line

    return read()


def _read(line: str, draft: Draft) -> str:
    text = line.removeprefix("data: ")
    if text == "END":
        draft.reason, draft.usage = "stop", Usage(prompt_tokens=1)
        return ""
    return text


async def _answer(http: SdkHttp) -> list[Saying]:
    waits = Waits(first_token_s=1, between_tokens_s=1)
    stream = answered(http, waits, lambda: _lines(http), _read, http.broken)
    return [piece async for piece in stream]


async def test_what_follows_a_complete_answer_cannot_spoil_it() -> None:
    async with server((200, events("a", "END") + b"garbage\n")) as (url, _):
        http = _http(url)
        said = await _answer(http)
        await http.aclose()
    assert [piece.text for piece in said] == ["a", ""]
    assert said[-1].usage == Usage(prompt_tokens=1)


async def test_before_that_it_does() -> None:
    async with server((200, events("a") + b"garbage\n")) as (url, _):
        http = _http(url)
        with pytest.raises(Unavailable, match="not a server-sent event"):
            await _answer(http)
        await http.aclose()


async def test_a_request_that_fails_is_closed() -> None:
    async with server((503, b"{}")) as (url, _):
        http = _http(url)
        with pytest.raises(Unavailable):
            await _answer(http)
        assert not http.client._transport._pool.connections  # type: ignore[attr-defined]
        await http.aclose()


GOOD = events("one", "two", "three") + b": a comment\r\n\r\n" + events("\u4f60\u597d")


@given(cuts=st.lists(st.integers(0, len(GOOD)), max_size=6), bad=st.booleans())
def test_however_it_is_cut_what_is_good_comes_through(cuts: list[int], bad: bool) -> None:
    whole = GOOD + (b"garbage\nmore\n" if bad else b"")
    edges = [0, *sorted(cuts), len(whole)]

    async def chunks() -> AsyncIterator[bytes]:
        for start, end in pairwise(edges):
            yield whole[start:end]

    async def read() -> bytes:
        got = b""
        with pytest.raises(httpx2.RemoteProtocolError) if bad else nullcontext():
            async for chunk in _Strict(_Stream(chunks())):
                got += chunk
        return got

    assert asyncio.run(read()) == GOOD


class _Stream(httpx2.AsyncByteStream):
    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks


async def test_a_connection_that_was_closed_just_then_is_no_trouble() -> None:
    asked = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        await reader.readuntil(b"\r\n\r\n{}")
        asked += 1
        if asked in (2, 4):
            head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close"
            writer.write(head + b"\r\n\r\n" + events("a", "END"))
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        http = _http(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
        for _ in range(2):
            assert [piece.text for piece in await _answer(http)] == ["a", ""]
        with pytest.raises(Unavailable, match="without sending"):
            await _answer(http)
        await http.aclose()
    assert asked == 6  # and not for ever


async def test_it_is_warm_for_a_while() -> None:
    async with server((200, b"")) as (url, requests):
        http = _http(url)
        for _ in range(3):
            await http.warm()
        assert len(requests) == 1
        assert requests[0][0].startswith("head / ")
        assert KEY not in f"{http!r}"
        await http.aclose()
        await http.aclose()


async def test_a_connection_that_takes_too_long_is_given_up() -> None:
    http = _http("http://127.0.0.1:9")

    async def late(_: httpx2.Request) -> Any:
        raise httpx2.ConnectTimeout("late")

    http.client.event_hooks["request"].append(late)
    for _ in range(2):
        with pytest.raises(TimedOut, match="no connection within 3 s"):
            await http.warm()
        http._used_s = None
    await http.aclose()


@pytest.mark.parametrize(
    "error, kind, what",
    [
        (httpx2.ReadTimeout("x"), TimedOut, "nothing came in time"),
        (httpx2.ConnectError("x"), Unavailable, "no connection: x"),
        (httpx2.ReadError(""), Unavailable, "broke off: ReadError"),
        (ValueError(f"odd {KEY}"), Unavailable, r"broke off: odd \*\*\*"),
    ],
)
async def test_what_an_error_means(error: Exception, kind: type[ProviderError], what: str) -> None:
    http = _http("http://127.0.0.1:9")
    hidden = _Trouble("x")
    hidden.__cause__ = error
    for each in (error, hidden) if isinstance(error, httpx2.HTTPError) else (error,):
        with pytest.raises(kind, match=what):
            raise http.broken(each)
    await http.aclose()


async def test_who_stops_listening_closes_the_request() -> None:
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: a\n")
        await reader.read()
        gone.set()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        http = _http(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
        waits = Waits()
        stream = answered(http, waits, lambda: _lines(http), _read, http.broken)
        assert (await anext(stream)).text == "a"
        await stream.aclose()
        async with asyncio.timeout(2):
            await gone.wait()
        await http.aclose()
