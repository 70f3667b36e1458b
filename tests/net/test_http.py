"""HTTP to a vendor, before the first call."""

import asyncio
import socket
from contextlib import suppress

import pytest
from pydantic import SecretStr

from antiphon.errors import Rejected
from antiphon.net.account import Account
from antiphon.net.http import Http
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox


def http(url: str) -> Http:
    account = Account(api_key=SecretStr("a-secret"), base_url=url)
    return Http("vendor/voice", account, {"xi-api-key": "a-secret"}, silent_s=2.0)


async def test_a_knock_learns_of_a_wrong_key_and_nothing_else_keeps_us_from_starting(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Sandbox() as sandbox:
        vendor = http(sandbox.http_url)
        await vendor.knock("/v1/voices")
        assert not caplog.records
        sandbox.rules.add(Fault(refuse=503))
        await vendor.knock("/v1/voices")
        sandbox.rules.add(Fault(refuse=401))
        with pytest.raises(Rejected):
            await vendor.knock("/v1/voices")
        await vendor.aclose()
    (warned,) = caplog.messages
    assert warned.startswith("not reached at start, will be tried again: vendor/voice: ")
    assert "a-secret" not in warned


async def test_a_knock_where_nobody_is_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        vendor = http(f"http://127.0.0.1:{taken.getsockname()[1]}")
        await vendor.knock("/v1/voices")
        await vendor.aclose()
    assert len(caplog.records) == 1


async def test_a_connection_the_vendor_has_just_closed_costs_no_request() -> None:
    asked: list[int] = []
    serving: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())  # type: ignore[arg-type]
        with suppress(asyncio.IncompleteReadError):
            while (await reader.readuntil(b"\r\n\r\n")).startswith(b"POST"):
                asked.append(len(asked))
                if len(asked) == 2:  # it had closed already, and nobody knew
                    break
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    vendor = http(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with server:
        for _ in range(2):
            async with vendor.ask("POST", "/speech") as answer:
                assert await answer.body() == b"hi"
        await vendor.aclose()
        await asyncio.gather(*serving)
    assert asked == [0, 1, 2]
