"""Server-sent events: what is an event, what is none, and what cannot be text."""

from collections.abc import AsyncIterator

import pytest

from antiphon.errors import RemoteProtocolError
from antiphon.net.sse import Sent, encode, events


async def _lines(text: str) -> AsyncIterator[str]:
    for line in text.splitlines(keepends=True):
        yield line


async def read(text: str) -> list[Sent]:
    return [sent async for sent in events(_lines(text))]


async def test_what_is_sent_is_read() -> None:
    sent = [Sent(data='{"a":1}'), Sent(data="two\nlines", event="done")]
    assert await read("".join(encode(each).decode() for each in sent)) == sent


async def test_comments_ids_and_lonely_names_are_no_events() -> None:
    text = ": ping\nid: 7\nretry: 10\n\nevent: nothing\n\nevent: one\ndata:1\n\ndata\n\n"
    assert await read(text) == [Sent(data="1", event="one"), Sent(data="")]


async def test_an_event_that_breaks_off_is_not_told() -> None:
    assert await read("data: 1\n\ndata: 2\n") == [Sent(data="1")]


async def test_what_cannot_be_text_is_not_passed_over() -> None:
    with pytest.raises(RemoteProtocolError):
        await read('data: 1\n\n\0{data: {"half\ndata: 2\n\n')
