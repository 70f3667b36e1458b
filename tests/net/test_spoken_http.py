"""Speech asked for request by request: its order, its looking ahead, its end."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest

from antiphon.errors import Unavailable
from antiphon.net import spoken_http
from antiphon.net.spoken_http import HttpUtterance
from antiphon.ports.tts import Spoken


class Vendor:
    """Speaks a text as its own bytes, when it is let."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.closed: list[str] = []
        self.may: dict[str, asyncio.Event] = {}
        self.fails: set[str] = set()

    async def sound(self, text: str) -> AsyncGenerator[bytes, None]:
        self.asked.append(text)
        try:
            data = text.encode()
            yield data[:3]
            if text in self.may:
                await self.may[text].wait()
            if text in self.fails:
                raise Unavailable("broke", provider="vendor")
            yield data[3:]
        finally:
            self.closed.append(text)


def utter(vendor: Vendor, *clauses: str, **other: Any) -> HttpUtterance:
    utterance = HttpUtterance(vendor.sound, provider="vendor", **other)
    for clause in clauses:
        utterance.say(clause)
    return utterance


def text(pieces: list[Spoken], clause: int) -> str:
    return b"".join(piece.pcm for piece in pieces if piece.clause == clause).decode()


async def test_clauses_come_in_order_and_whole() -> None:
    vendor = Vendor()
    utterance = utter(vendor, "first one", "...", "second")
    utterance.end()
    pieces = [piece async for piece in utterance.audio()]
    assert [text(pieces, clause) for clause in range(3)] == ["first on", "", "second"]
    assert [piece.clause for piece in pieces if piece.last] == [0, 1, 2]
    assert vendor.asked == ["first one", "second"]
    assert vendor.closed == vendor.asked


async def test_the_next_is_under_way_while_one_is_spoken_and_no_more() -> None:
    vendor = Vendor()
    vendor.may = {"one1": asyncio.Event(), "two2": asyncio.Event()}
    utterance = utter(vendor, "one1", "two2", "three3")
    stream = utterance.audio()
    async with aclosing(stream):  # type: ignore[type-var]
        assert (await anext(stream)).clause == 0
        assert vendor.asked == ["one1", "two2"]
        vendor.may["one1"].set()
        assert (await anext(stream)).pcm == b"e1"
        assert (await anext(stream)).last
        assert (await anext(stream)).clause == 1
        await asyncio.sleep(0)
        assert vendor.asked == ["one1", "two2", "three3"]
    assert sorted(vendor.closed) == sorted(vendor.asked)


async def test_a_server_that_stands_one_request_gets_one() -> None:
    vendor = Vendor()
    vendor.may = {"one1": asyncio.Event()}
    utterance = utter(vendor, "one1", "two2", ahead=1)
    stream = utterance.audio()
    async with aclosing(stream):  # type: ignore[type-var]
        await anext(stream)
        assert vendor.asked == ["one1"]


async def test_what_came_before_a_failure_is_spoken() -> None:
    vendor = Vendor()
    vendor.fails = {"two2"}
    utterance = utter(vendor, "one1", "two2", "three3")
    heard: list[Spoken] = []

    async def listen() -> None:
        async for piece in utterance.audio():
            heard.append(piece)  # noqa: PERF401 - what was heard before it broke

    with pytest.raises(Unavailable, match="broke"):
        await listen()
    assert text(heard, 0) == "one1"
    assert text(heard, 1) == "tw"
    assert vendor.closed == vendor.asked


async def test_who_waits_for_a_clause_gets_it_when_it_is_said() -> None:
    vendor = Vendor()
    utterance = utter(vendor)

    async def listen() -> list[Spoken]:
        return [piece async for piece in utterance.audio()]

    async with asyncio.TaskGroup() as group:
        listening = group.create_task(listen())
        await asyncio.sleep(0)
        utterance.say("late")
        utterance.end()
    assert text(listening.result(), 0) == "late"


async def test_a_long_clause_is_several_requests_and_one_clause() -> None:
    vendor = Vendor()
    utterance = utter(vendor, "aa bb cc dd", letters=6)
    utterance.end()
    pieces = [piece async for piece in utterance.audio()]
    assert vendor.asked == ["aa bb", "cc dd"]
    assert [piece.last for piece in pieces].count(True) == 1
    assert {piece.clause for piece in pieces} == {0}


async def test_a_server_that_never_stops_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken_http, "MOST_BYTES", 5)
    utterance = utter(Vendor(), "far too much")
    utterance.end()
    with pytest.raises(Unavailable, match="does not stop"):
        assert [piece async for piece in utterance.audio()]
