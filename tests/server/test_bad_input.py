"""What broken and hostile callers do to a real server: nothing, to anybody else.

Every test keeps a healthy call going beside the broken one and checks that it got all of its
audio back, to the sample.
"""

import asyncio
import logging
import os
import socket
from contextlib import asynccontextmanager

import numpy as np
import psutil
import pytest
import websockets
from tests.server.flooding import Flooding
from websockets.asyncio.client import connect

from antiphon.errors import Unavailable
from antiphon.server import connection
from antiphon.transports.websocket import wire
from antiphon.transports.websocket.client import CallClient, dial

HELLO = wire.encode(wire.Hello(version=1, rate_hz=16000))
UPGRADE = (
    b"GET /v1/call HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
FRAME_SAMPLES = 320


class Healthy:
    """A call that speaks numbered samples and counts what comes back."""

    def __init__(self, client: CallClient) -> None:
        self.client, self.sent, self.back, self.longest_gap_s = client, 0, b"", 0.0
        self.more = asyncio.Condition()

    async def talk(self) -> None:
        loop = asyncio.get_running_loop()
        next_at = loop.time()
        while True:
            numbers = np.arange(self.sent, self.sent + FRAME_SAMPLES) % 30000
            await self.client.speak(numbers.astype("<i2").tobytes())
            self.sent += FRAME_SAMPLES
            next_at += 0.02
            await asyncio.sleep(max(0.0, next_at - loop.time()))

    async def listen(self) -> None:
        last = asyncio.get_running_loop().time()
        async for item in self.client:
            if isinstance(item, wire.AgentAudio):
                now = asyncio.get_running_loop().time()
                self.longest_gap_s, last = max(self.longest_gap_s, now - last), now
                assert item.start == len(self.back) // 2
                async with self.more:
                    self.back += item.payload
                    self.more.notify_all()

    async def until_back(self, samples: int) -> None:
        async with self.more:
            await self.more.wait_for(lambda: len(self.back) >= 2 * samples)


@asynccontextmanager
async def beside_a_healthy_call(running):
    """Asserts, at the end, that the healthy call never noticed."""
    async with dial(running.call_url) as client:
        healthy = Healthy(client)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(healthy.talk()), group.create_task(healthy.listen())]
            await healthy.until_back(5 * FRAME_SAMPLES)
            yield
            async with asyncio.timeout(10):
                await healthy.until_back(healthy.sent + 10 * FRAME_SAMPLES)
            for task in tasks:
                task.cancel()
        back = np.frombuffer(healthy.back, "<i2")
        assert np.array_equal(back, np.arange(len(back)) % 30000)
        assert healthy.longest_gap_s < 1.0


async def error_and_close(peer) -> tuple[str, str, int]:
    """The error message a server ends with, and its close code."""
    code = what = ""
    try:
        async with asyncio.timeout(10):
            async for frame in peer:
                if isinstance(frame, str):
                    message = wire.decode_server(frame)
                    if isinstance(message, wire.Error):
                        code, what = message.code, message.what
    except websockets.ConnectionClosedError:
        pass
    return code, what, peer.close_code


def raw(running, **extra):
    return connect(running.call_url, compression=None, proxy=None, **extra)


@pytest.mark.parametrize(
    "sent, code, close, words",
    [
        ([b"\0" * 640], "hello_expected", 1008, "audio before hello"),
        (["not json"], "bad_message", 1007, "malformed"),
        (["\x00\x01\x02"], "bad_message", 1007, "malformed"),
        (['{"type":"hello"}'], "bad_message", 1007, "missing required field"),
        (
            [wire.encode(wire.Hello(version=1, rate_hz=44100))],
            "unsupported_format",
            1008,
            "allowed: 8000, 16000, 24000, 48000",
        ),
        ([HELLO, '{"type":"played","samples":"many"}'], "bad_message", 1007, "samples"),
        ([HELLO, '{"type":"sing"}'], "bad_message", 1007, "sing"),
        ([HELLO, HELLO], "bad_message", 1007, "second time"),
        ([HELLO, b"\1\2\3"], "bad_audio", 1007, "half a sample"),
        ([HELLO, b"\0" * 65538], "too_big", 1009, "65538 bytes"),
        ([HELLO, "x" * 65537], "too_big", 1009, "65537 bytes"),
        ([HELLO, *[b"\0" * 64000] * 12], "flooding", 1008, "faster than real time"),
        ([HELLO, *['{"type":"ping","id":1}'] * 400], "flooding", 1008, "too many messages"),
    ],
)
async def test_a_broken_caller_is_told_and_cut_off(start, sent, code, close, words) -> None:
    async with start() as running, beside_a_healthy_call(running), raw(running) as peer:
        for frame in sent:
            await peer.send(frame)
        answer = await error_and_close(peer)
        assert (answer[0], answer[2]) == (code, close)
        assert words in answer[1]


async def test_a_message_too_big_to_be_read_at_all_is_refused(start) -> None:
    async with start() as running, beside_a_healthy_call(running), raw(running) as peer:
        await peer.send(HELLO)
        await peer.send(b"\0" * (1 << 20))
        assert (await error_and_close(peer))[2] == 1009


@pytest.mark.parametrize("size, close", [(16_000, 1008), (66_000, 1009), (300_000, 1009)])
async def test_who_talks_on_and_on_hears_all_the_same_why_it_is_over(start, size, close) -> None:
    """A reset would overtake the close, were anything left unread."""
    async with start() as running, beside_a_healthy_call(running):
        caller = Flooding(running.call_url, bytes(size))
        await asyncio.to_thread(caller.call, lambda: None)
    assert caller.close_code == close


async def test_bytes_that_are_no_text_are_refused(start) -> None:
    async with start() as running, beside_a_healthy_call(running), raw(running) as peer:
        await peer.send(HELLO)
        await peer.send(b"\xff\xfe\x00bad", text=True)
        assert (await error_and_close(peer))[2] == 1007


async def test_binary_garbage_instead_of_http_is_dropped(start) -> None:
    async with start() as running, beside_a_healthy_call(running):
        for garbage in (os.urandom(4096), b"\x16\x03\x01\x02\x00\x01\x00", b"GET /v1/call"):
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(garbage)
            writer.write_eof()
            async with asyncio.timeout(5):
                answer = await reader.read()
            assert not answer or answer.startswith(b"HTTP/1.1 4")
            writer.close()


async def test_garbage_within_an_open_websocket_is_cut_off(start) -> None:
    async with start() as running, beside_a_healthy_call(running), raw(running) as peer:
        await peer.send(HELLO)
        await peer.recv()
        peer.transport.write(b"\xff" * 300)
        assert (await error_and_close(peer))[2] in (1002, 1009)


async def test_a_caller_whose_connection_breaks_is_noticed_at_once(start) -> None:
    async with start() as running, beside_a_healthy_call(running):
        async with raw(running) as peer:
            await peer.send(HELLO)
            call = wire.decode_server(await peer.recv()).call
            await peer.send(b"\1\0" * 160)
            await peer.recv()
            peer.transport.abort()
            ended = await running.answer.end_of(call)
        assert isinstance(ended, Unavailable)
        assert running.answer.heard[call] == b"\1\0" * 160


async def test_a_caller_that_vanishes_mid_word_is_given_up(start) -> None:
    """No close, no reset: the peer's machine is simply no longer there."""
    hasty = {"heartbeat_s": 0.2, "gone_s": 0.8}
    async with start(websocket=hasty) as running, beside_a_healthy_call(running):
        async with raw(running, ping_interval=None) as peer:
            await peer.send(HELLO)
            call = wire.decode_server(await peer.recv()).call
            await peer.send(b"\1\0" * 160)
            began = asyncio.get_running_loop().time()
            ended = await running.answer.end_of(call)
            waited_s = asyncio.get_running_loop().time() - began
        assert isinstance(ended, Unavailable)
        assert "nothing came from the caller" in str(ended)
        assert waited_s < 3.0
        assert running.answer.heard[call] == b"\1\0" * 160
        assert len(running.calls) == 1


async def test_a_caller_that_never_reads_is_given_up(start) -> None:
    hasty = {"heartbeat_s": 0.2, "gone_s": 0.8, "max_speed": 1000.0}
    async with start(websocket=hasty) as running, beside_a_healthy_call(running):
        loop = asyncio.get_running_loop()
        with socket.socket() as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.setblocking(False)
            await loop.sock_connect(peer, ("127.0.0.1", running.port))
            await loop.sock_sendall(peer, UPGRADE)
            await loop.sock_recv(peer, 1024)
            await loop.sock_sendall(peer, _masked(1, HELLO.encode()))
            audio = _masked(2, b"\1\0" * 16000)
            async with asyncio.TaskGroup() as group:
                talking = group.create_task(_repeat(loop, peer, audio))
                ended = await running.answer.first_end()
                talking.cancel()
            assert isinstance(ended, Unavailable)
            assert "took nothing" in str(ended)
            # The kernel gives the connection up: what was never read is not kept for ever.
            async with asyncio.timeout(20):
                with pytest.raises(ConnectionError):
                    await _repeat(loop, peer, audio)


async def test_pings_of_a_peer_that_never_reads_do_not_pile_up(start) -> None:
    async with start(websocket={"gone_s": 50.0}) as running, beside_a_healthy_call(running):
        loop = asyncio.get_running_loop()
        with socket.socket() as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.setblocking(False)
            await loop.sock_connect(peer, ("127.0.0.1", running.port))
            await loop.sock_sendall(peer, UPGRADE)
            await loop.sock_recv(peer, 1024)
            await loop.sock_sendall(peer, _masked(1, HELLO.encode()))
            before = psutil.Process().memory_info().rss
            pings = _masked(9, b"p" * 125) * 500
            for _ in range(20_000_000 // len(pings)):
                await loop.sock_sendall(peer, pings)
            assert psutil.Process().memory_info().rss - before < 10_000_000
        assert isinstance(await running.answer.first_end(), Unavailable)


async def _repeat(loop, peer: socket.socket, data: bytes) -> None:
    while True:
        await loop.sock_sendall(peer, data)
        await asyncio.sleep(0.005)


async def test_a_crash_in_one_call_is_logged_under_its_name_and_stays_there(start, caplog) -> None:
    async with start() as running, beside_a_healthy_call(running):
        async with dial(running.call_url) as client:
            call = client.welcome.call
            with caplog.at_level(logging.ERROR):
                await client.say(wire.Digit("*"))
                said = [item async for item in client]
        assert said == [wire.Error("internal", f"something went wrong; call {call}")]
        (record,) = [entry for entry in caplog.records if call in entry.getMessage()]
        assert record.exc_info
        assert record.exc_info[0] is ZeroDivisionError


async def test_what_a_peer_sends_cannot_write_lines_of_the_log(start, caplog) -> None:
    unknown = '{"type":"hello","version":1,"rate_hz":16000,"a\\u001b[2J\\nERROR all lost":1}'
    async with start() as running, raw(running) as peer:
        await peer.send(unknown)
        assert (await error_and_close(peer))[0] == "bad_message"
        async with raw(running) as leaving:
            await leaving.close(4000, "bye\x1b[2J\nERROR all lost")
    said = [record.getMessage() for record in caplog.records if "did not begin" in record.msg]
    assert len(said) == 2
    assert all("all lost" in line and line.isprintable() for line in said)


def _masked(opcode: int, payload: bytes) -> bytes:
    """One WebSocket frame from a client, masked with zeros."""
    size = len(payload)
    length = (
        bytes([0x80 | size])
        if size < 126
        else b"\xfe" + size.to_bytes(2, "big")
        if size < 65536
        else b"\xff" + size.to_bytes(8, "big")
    )
    return bytes([0x80 | opcode]) + length + b"\0\0\0\0" + payload


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\nG",
        b"POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1",
    ],
    ids=["nothing", "half a header", "one request and a bit", "half a body"],
)
async def test_a_connection_that_asks_for_nothing_is_closed(start, monkeypatch, sent) -> None:
    monkeypatch.setattr(connection, "REQUEST_S", 0.2)
    async with start() as running, beside_a_healthy_call(running), asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(sent)
        answer = await reader.read()
        writer.close()
    assert answer.count(b"HTTP/1.1 ") == (b"\r\n\r\n" in sent)


async def test_a_flood_of_headers_is_refused(start) -> None:
    async with start() as running, beside_a_healthy_call(running), asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 5000)
        assert (await reader.readline()).startswith(b"HTTP/1.1 400")
        writer.close()
