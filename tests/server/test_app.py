"""The doors of the server: the page, the health checks, and who gets a call."""

import asyncio
import logging

import httpx
import pytest
import websockets
from pydantic import SecretStr
from websockets.asyncio.client import connect

from antiphon.errors import RemoteProtocolError, Unavailable
from antiphon.transports.websocket import wire
from antiphon.transports.websocket.client import dial


async def get(running, path: str, **extra) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(running.http + path, **extra)


async def test_the_page_and_its_files_are_served_and_may_load_nothing_else(start) -> None:
    async with start() as running:
        for path, kind in [
            ("/", "text/html"),
            ("/static/page.js", "text/javascript"),
            ("/static/page.css", "text/css"),
        ]:
            answer = await get(running, path)
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(kind)
            assert answer.headers["content-security-policy"].startswith("default-src 'self';")
            assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await get(running, "/static/../app.py")).status_code == 404
        assert (await get(running, "/static/%2e%2e/pages.py")).status_code == 404


async def test_the_page_says_whom_one_talks_to(start) -> None:
    async with start(name="Front <Desk>") as running:
        page = (await get(running, "/")).text
    assert "<h2>Talk to Front &lt;Desk&gt;</h2>" in page
    assert "<title>Front &lt;Desk&gt; · Antiphon</title>" in page


async def test_no_token_is_ever_logged(start, caplog) -> None:
    """At any level, by us or by a library, whether the token is right or wrong."""
    right, wrong = "a-very-secret-token", "a-guessed-token"
    with caplog.at_level(logging.DEBUG):
        async with start(token=SecretStr(right)) as running:
            bearer = {"Authorization": f"Bearer {right}"}
            async with connect(running.call_url, additional_headers=bearer) as socket:
                await socket.send(wire.encode(wire.Hello(version=1, rate_hz=16000)))
                assert '"welcome"' in await socket.recv()
            async with dial(running.call_url, token=right):
                pass
            with pytest.raises(RemoteProtocolError):
                async with dial(running.call_url, token=wrong):
                    pass
            await get(running, "/livez", headers=bearer)
    ours = [line for line in caplog.records if not line.name.startswith(("websockets", "http"))]
    assert ours, "something was logged"
    for line in ours:
        assert right not in line.getMessage()
        assert wrong not in line.getMessage()
    assert not [line for line in ours if line.name.startswith("uvicorn")], "its lines are ours"


async def test_health_and_readiness_are_told_apart(start) -> None:
    async with start(max_calls=1, drain_s=5.0) as running:
        assert (await get(running, "/livez")).status_code == 200
        ready = await get(running, "/readyz")
        assert (ready.status_code, ready.json()["calls"]) == (200, 0)
        async with dial(running.call_url):
            full = await get(running, "/readyz")
            assert full.status_code == 503
            assert full.json() == {
                "ready": False,
                "why": "all 1 lines are busy; please call again in a minute",
                "calls": 1,
                "limit": 1,
            }
            assert (await get(running, "/livez")).status_code == 200


async def test_a_call_echoes_in_both_encodings(start) -> None:
    async with start() as running:
        for rate_hz, encoding, silence in [
            (8000, "mulaw", b"\xff"),
            (8000, "pcm16", b"\0\0"),
            (48000, "pcm16", b"\0\0"),
        ]:
            async with dial(running.call_url, rate_hz=rate_hz, encoding=encoding) as client:
                await client.speak(b"\0\0" * 160)
                assert await client.next() == wire.AgentAudio(0, silence * 160)
                await client.say(wire.Bye())
                assert await client.next() == wire.Ended("the call is over")
            assert await running.answer.end_of(client.welcome.call) == "caller hung up"


async def test_one_caller_too_many_is_turned_away_politely_until_a_line_is_free(start) -> None:
    async with start(max_calls=1) as running:
        async with dial(running.call_url) as first:
            with pytest.raises(RemoteProtocolError, match="all 1 lines are busy") as refused:
                async with dial(running.call_url):
                    pass
            assert refused.value.code == "full"
            async with connect(running.call_url, proxy=None) as peer:
                assert wire.decode_server(await peer.recv()).code == "full"
                await peer.wait_closed()
                assert peer.close_code == 1013
        await running.answer.end_of(first.welcome.call)
        async with dial(running.call_url) as third:
            assert third.welcome.call != first.welcome.call


async def test_who_has_not_said_hello_takes_no_line(start) -> None:
    async with (
        start(max_calls=1) as running,
        connect(running.call_url, proxy=None),
        connect(running.call_url, proxy=None) as late,
        dial(running.call_url),
    ):
        await late.send(wire.encode(wire.Hello(version=1, rate_hz=16000)))
        assert wire.decode_server(await late.recv()).code == "full"
        assert len(running.calls) == 1


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_another_sites_page_is_refused_before_the_connection_opens(start, origin) -> None:
    async with start() as running:
        with pytest.raises(Unavailable, match="403"):
            async with dial(running.call_url, origin=origin):
                pass


async def test_our_own_page_and_an_allowed_site_may_call(start) -> None:
    async with start(allowed_origins=("https://shop.example",)) as running:
        for origin in (running.http, "https://shop.example"):
            async with dial(running.call_url, origin=origin) as client:
                assert client.welcome.rate_hz == 16000


async def test_a_page_that_had_its_name_rebound_to_us_is_refused(start) -> None:
    async with start() as running:
        with pytest.raises(websockets.InvalidStatus, match="403"):
            await connect(
                f"ws://evil.example:{running.port}/v1/call",
                host="127.0.0.1",
                port=running.port,
                origin=websockets.Origin(f"http://evil.example:{running.port}"),
                proxy=None,
            )


async def test_a_token_is_asked_of_every_caller(start) -> None:
    async with start(token="sesam") as running:
        with pytest.raises(RemoteProtocolError) as refused:
            async with dial(running.call_url):
                pass
        assert refused.value.code == "unauthorised"
        async with dial(running.call_url, token="sesam") as client:
            assert client.welcome.call
        async with connect(
            running.call_url, additional_headers={"Authorization": "Bearer sesam"}, proxy=None
        ) as peer:
            await peer.send(wire.encode(wire.Hello(version=1, rate_hz=8000)))
            assert isinstance(wire.decode_server(await peer.recv()), wire.Welcome)


async def test_the_subprotocol_is_agreed_on_when_offered(start) -> None:
    async with start() as running:
        async with connect(
            running.call_url, subprotocols=["other", wire.SUBPROTOCOL], proxy=None
        ) as peer:
            assert peer.subprotocol == "antiphon.1"
        async with connect(running.call_url, proxy=None) as peer:
            assert peer.subprotocol is None


async def test_hanging_up_from_our_side_reaches_the_caller(start) -> None:
    async def brief(transport, channel) -> None:
        transport.tell({"type": "state", "state": "speaking"})
        await transport.aclose("goodbye")

    async with start(brief) as running, dial(running.call_url) as client:
        assert [item async for item in client] == [wire.State("speaking"), wire.Ended("goodbye")]


async def test_dialling_nobody_is_unavailable(start) -> None:
    async with start() as running:
        url = running.call_url
    with pytest.raises(Unavailable, match="no answer"):
        async with asyncio.timeout(10), dial(url):
            pass
