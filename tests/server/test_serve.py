"""Taking a port, and stopping."""

import asyncio
import socket

import pytest

from antiphon.errors import ConfigError, RemoteProtocolError
from antiphon.server.serve import listen
from antiphon.server.settings import ServerSettings
from antiphon.transports.websocket import wire
from antiphon.transports.websocket.client import dial


def test_a_port_in_use_is_named_with_what_to_do() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError) as refused:
            listen(ServerSettings(port=port))
    assert refused.value.what == f"port {port} on 127.0.0.1 is in use"
    assert refused.value.fix.endswith(f"choose another: --port {port + 1}")


async def test_a_port_in_use_leaves_the_server_that_has_it_alone(start) -> None:
    async with start() as running, dial(running.call_url) as client:
        with pytest.raises(ConfigError, match="in use"):
            listen(ServerSettings(port=running.port))
        await client.speak(b"\1\0" * 160)
        assert await client.next() == wire.AgentAudio(0, b"\1\0" * 160)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_ours_is_a_config_error(host) -> None:
    with pytest.raises(ConfigError, match=f"cannot listen on {host}"):
        listen(ServerSettings(host=host, port=0))


def test_a_port_only_root_may_open_says_so(monkeypatch) -> None:
    def refuse(*_) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(ConfigError, match="only be opened by root"):
        listen(ServerSettings(port=80))


@pytest.mark.parametrize(
    "host, url", [("127.0.0.1", "http://localhost:"), ("::1", "http://[::1]:")]
)
def test_the_url_can_be_opened_as_it_is_printed(host, url) -> None:
    listening = listen(ServerSettings(host=host, port=0))
    with listening.socket:
        assert listening.url == f"{url}{listening.port}"


async def test_stopping_lets_calls_finish_and_refuses_new_ones(start) -> None:
    async with start(drain_s=30.0) as running, dial(running.call_url) as client:
        running.stop()
        with pytest.raises(RemoteProtocolError, match="about to stop") as refused:
            async with dial(running.call_url):
                pass
        assert refused.value.code == "going_away"
        await client.speak(b"\1\0" * 160)
        assert await client.next() == wire.AgentAudio(0, b"\1\0" * 160)
        assert not running.done.done()
        await client.say(wire.Bye())
        async with asyncio.timeout(10):
            await running.done
