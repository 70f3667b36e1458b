"""Server-sent events: lines in, events out, and back. Pure."""

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass

from antiphon.errors import RemoteProtocolError

__all__ = ["Sent", "encode", "events"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One event."""

    data: str
    event: str = ""
    """Empty where the sender named none."""


def encode(sent: Sent) -> bytes:
    """As it is sent."""
    name = f"event: {sent.event}\n" if sent.event else ""
    data = "".join(f"data: {line}\n" for line in sent.data.split("\n"))
    return f"{name}{data}\n".encode()


async def events(lines: AsyncIterable[str]) -> AsyncIterator[Sent]:
    """What the lines say; comments, ids and retry times are nobody's business here. An event
    without its empty line is one that broke off, and is not told. Raises `RemoteProtocolError` for
    a line with a NUL in it: no text has one, so something is broken, and perhaps lost with it."""
    name, data = "", list[str]()
    async for raw in lines:
        if "\0" in raw:
            raise RemoteProtocolError("not text")
        line = raw.rstrip("\r\n")
        if not line:
            if data:
                yield Sent(data="\n".join(data), event=name)
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "event":
                name = value
            case "data":
                data.append(value)
            case _:
                pass
