"""One socket for many: everyone gets their own, whoever reads."""

import asyncio
from typing import Any, cast

import pytest

from antiphon.errors import ProviderError, RemoteProtocolError, Unavailable
from antiphon.net.multiplex import Channel, Multiplex
from antiphon.net.socket import Peer


class Wire:
    """A socket whose other end is the test."""

    def __init__(self) -> None:
        self.coming: asyncio.Queue[str | ProviderError] = asyncio.Queue()
        self.sent: list[str] = []
        self.usable = True
        self.reading = 0

    async def send(self, frame: str) -> None:
        self.sent.append(frame)

    async def receive(self) -> str:
        self.reading += 1
        assert self.reading == 1, "two read one socket"
        try:
            got = await self.coming.get()
        finally:
            self.reading -= 1
        if isinstance(got, ProviderError):
            raise got
        return got

    async def aclose(self, farewell: str = "") -> None:
        self.usable = False


class Vendor(Peer):
    def __init__(self) -> None:
        super().__init__(provider="vendor", headers={})
        self.wires: list[Wire] = []

    async def connect(self, url: str) -> Any:
        self.wires.append(Wire())
        return self.wires[-1]


def sort(frame: str | bytes) -> tuple[str, str] | None:
    name, _, text = str(frame).partition(":")
    if name == "?":
        raise RemoteProtocolError("not a message")
    return (name, text) if name else None


async def opened(*names: str) -> tuple[Multiplex[str], Vendor, list[Channel[str]]]:
    vendor = Vendor()
    shared = Multiplex(vendor, "ws://vendor", sort)
    return shared, vendor, [await shared.open(name) for name in names]


async def all_of(channel: Channel[str], count: int) -> list[str]:
    return [await channel.receive() for _ in range(count)]


async def test_everyone_gets_their_own_over_one_socket() -> None:
    _, vendor, channels = await opened("a", "b", "c")
    for frame in ("b:1", "c:2", "a:3", ":nobody", "x:gone", "a:4", "c:5", "b:6"):
        vendor.wires[0].coming.put_nowait(frame)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(all_of(channel, 2)) for channel in channels]
    assert [task.result() for task in tasks] == [["3", "4"], ["1", "6"], ["2", "5"]]
    assert len(vendor.wires) == 1


async def test_when_the_one_who_reads_is_cancelled_another_goes_on() -> None:
    _, vendor, (first, second) = await opened("a", "b")
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(first.receive())
        await asyncio.sleep(0)
        waiting = group.create_task(second.receive())
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait([reading])
        vendor.wires[0].coming.put_nowait("b:still here")
    assert waiting.result() == "still here"


async def test_a_lost_socket_is_everyones_loss_and_the_next_gets_another() -> None:
    shared, vendor, channels = await opened("a", "b")
    vendor.wires[0].coming.put_nowait(Unavailable("gone", provider="vendor"))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_failure(channel)) for channel in channels]
    assert [str(task.result()) for task in tasks] == [str(tasks[0].result())] * 2
    await shared.open("c")
    assert len(vendor.wires) == 2


async def test_a_message_nobody_can_read_ends_the_socket() -> None:
    _, vendor, (channel,) = await opened("a")
    vendor.wires[0].coming.put_nowait("?:")
    assert "cannot be read" in str(await _failure(channel))


async def test_a_silent_socket_is_left_to_those_on_it() -> None:
    shared, vendor, (first, second) = await opened("a", "b")
    first.distrust()
    third = await shared.open("c")
    assert len(vendor.wires) == 2
    vendor.wires[0].coming.put_nowait("b:1")
    vendor.wires[1].coming.put_nowait("c:2")
    assert await second.receive() == "1"
    assert await third.receive() == "2"
    await first.aclose("farewell")
    assert vendor.wires[0].usable
    await second.aclose()
    assert not vendor.wires[0].usable
    assert vendor.wires[0].sent == ["farewell"]


async def test_closing_fails_whoever_still_waits_and_may_be_repeated() -> None:
    shared, vendor, (channel,) = await opened("a")
    async with asyncio.TaskGroup() as group:
        first = group.create_task(_failure(channel))
        await asyncio.sleep(0)
        await shared.aclose()
        await shared.aclose()
        vendor.wires[0].coming.put_nowait(Unavailable("closed", provider="vendor"))
    assert isinstance(first.result(), Unavailable)
    assert not vendor.wires[0].usable


async def _failure(channel: Channel[str]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await channel.receive()
    return cast("ProviderError", caught.value)
