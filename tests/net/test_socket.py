"""A vendor's socket: connecting, closing and failing, against servers of the library itself."""

import asyncio
import http
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from antiphon.errors import AtCapacity, Rejected, RemoteProtocolError, TimedOut, Unavailable
from antiphon.net.socket import Peer, Socket, together
from antiphon.sandbox.server import Sandbox

SECRET = "k-secret-1234"


def peer(**other: Any) -> Peer:
    headers = {"Authorization": f"Token {SECRET}", "X-Plain": "ab"}
    return Peer(provider="acme/ear", headers=headers, **other)


@asynccontextmanager
async def server(
    serves: Callable[[ServerConnection], Awaitable[None]], **other: Any
) -> AsyncIterator[str]:
    async with serve(serves, "127.0.0.1", 0, close_timeout=0.1, **other) as running:
        host, port = running.sockets[0].getsockname()[:2]
        yield f"ws://{host}:{port}/"


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def refusing(status: int, body: bytes = b"", **headers: str) -> dict[str, Any]:
    def refuse(connection: ServerConnection, request: Request) -> Response:
        told = Headers({name.replace("_", "-"): value for name, value in headers.items()})
        return Response(status, http.HTTPStatus(status).phrase, told, body)

    return {"process_request": refuse}


async def test_frames_go_out_and_come_back() -> None:
    async with server(echo) as url:
        connection = await peer().connect(url)
        assert connection.usable
        await connection.send("text")
        await connection.send(b"audio")
        assert [await connection.receive(), await connection.receive()] == ["text", b"audio"]
        await connection.aclose("bye")
        assert not connection.usable


@pytest.mark.parametrize(
    "status, kind",
    [
        *((status, Rejected) for status in (400, 401, 403, 404)),
        *((status, TimedOut) for status in (408, 504)),
        *((status, Unavailable) for status in (500, 502, 503)),
        *((status, AtCapacity) for status in (402, 429)),
    ],
)
async def test_a_refusal_is_translated_once(status: int, kind: type[Exception]) -> None:
    async with server(echo, **refusing(status, b"because")) as url:
        with pytest.raises(kind, match=f"acme/ear: refused the connection: HTTP {status} because"):
            await peer().connect(url)


@pytest.mark.parametrize(
    "headers, seconds",
    [
        ({"Retry_After": "2.5"}, 2.5),
        ({"Retry_After": "-1"}, 0.0),
        (
            {
                "Retry_After": "Sat, 21 Nov 2026 05:00:07 GMT",
                "Date": "Sat, 21 Nov 2026 05:00:00 GMT",
            },
            7.0,
        ),
        ({"Retry_After": "soon"}, None),
        ({}, None),
    ],
)
async def test_when_to_come_back_is_told(headers: dict[str, str], seconds: float | None) -> None:
    async with server(echo, **refusing(429, **headers)) as url:
        with pytest.raises(AtCapacity) as caught:
            await peer().connect(url)
    assert caught.value.retry_after_s == seconds


async def test_a_secret_the_vendor_repeats_is_not_repeated_by_us() -> None:
    reason = {"X_Why": f"Token {SECRET} is not known, {SECRET}!"}
    async with server(echo, **refusing(401, **reason)) as url:
        with pytest.raises(Rejected) as caught:
            await peer(reason_header="x-why").connect(url)
    assert str(caught.value).endswith("HTTP 401 *** is not known, ***!")
    assert SECRET not in repr(peer())


@pytest.mark.parametrize(
    "code, kind", [(1008, Rejected), (1013, AtCapacity), (1011, Unavailable), (1000, Unavailable)]
)
async def test_the_end_is_translated_whoever_notices(code: int, kind: type[Exception]) -> None:
    async def leave(connection: ServerConnection) -> None:
        await connection.close(code, "enough")

    async with server(leave) as url:
        connection = await peer().connect(url)
        with pytest.raises(kind, match=rf"closed the connection \({code}\): enough"):
            await connection.receive()
        with pytest.raises(kind):
            await connection.send("too late")
        await connection.aclose("bye")


async def test_without_a_word_is_unavailable() -> None:
    async def break_off(connection: ServerConnection) -> None:
        connection.transport.abort()

    async with server(break_off) as url:
        connection = await peer().connect(url)
        with pytest.raises(Unavailable, match="without a word"):
            await connection.receive()


async def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"ws://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(TimedOut, match=r"no connection within 0\.1 s"):
            await peer(connect_within_s=0.1).connect(url)


async def test_what_is_no_websocket_is_unavailable() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-hello\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as running:
        port = running.sockets[0].getsockname()[1]
        with pytest.raises(Unavailable, match="no connection"):
            await peer().connect(f"ws://127.0.0.1:{port}/")


async def test_closing_is_quick_though_the_vendor_is_not() -> None:
    over = asyncio.Event()

    async def deaf(connection: ServerConnection) -> None:
        connection.transport.pause_reading()
        await over.wait()
        connection.transport.abort()

    async with server(deaf) as url:
        connection = await peer().connect(url)
        for _ in range(3):
            await connection.send(bytes(10_000))
        began = asyncio.get_running_loop().time()
        await connection.aclose("bye")
        took_s = asyncio.get_running_loop().time() - began
        over.set()
        assert took_s < 0.2


async def test_a_certificate_counts_if_the_environment_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Sandbox(tls=True) as running:
        url = f"{running.tls_url}/v1/speak"
        with pytest.raises(Unavailable, match=r"(?i)certificate"):
            await peer().connect(url)
        monkeypatch.setenv("SSL_CERT_FILE", str(Path(running.certificate or "")))
        connection = await peer().connect(url)
        assert "Metadata" in str(await connection.receive())
        await connection.aclose()


async def test_a_garbled_message_makes_a_connection_useless() -> None:
    error = peer().garbled(RemoteProtocolError(f"no type in {SECRET}"))
    assert str(error) == "acme/ear: sent what cannot be read: no type in ***"


async def test_of_several_works_the_first_that_ends_ends_all() -> None:
    ended: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("waiting")

    async def fail() -> None:
        raise Unavailable("gone")

    async def done() -> None:
        ended.append("done")

    with pytest.raises(Unavailable, match="gone"):
        await together(wait(), fail())
    await together(wait(), done())
    assert ended == ["waiting", "done", "waiting"]


async def test_a_knock_does_not_wait_for_a_vendor_that_lets_us_in_and_says_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def silent(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async def greeted(socket: Socket) -> None:
        await socket.receive()

    async with server(silent) as url, asyncio.timeout(5.0):
        await peer(connect_within_s=0.1).knock(url, greet=greeted)
    (warned,) = caplog.messages
    assert "no greeting within 0.1 s" in warned
