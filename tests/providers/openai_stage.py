"""What the tests of OpenAI's adapters share: a bare service that says what it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from antiphon.net.account import Account


@asynccontextmanager
async def service(body: str) -> AsyncIterator[Account]:
    """Answers every request with these events, and nothing else."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        # A connection that is closed before all was read ends in an error at the other side.
        await reader.readexactly(int(asked.partition("content-length: ")[2].partition("\r")[0]))
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        writer.write((head + body).encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as running:
        port = running.sockets[0].getsockname()[1]
        yield Account.model_validate({"api_key": "k", "base_url": f"http://127.0.0.1:{port}"})


def events(*each: str) -> str:
    return "".join(f"data: {data}\n\n" for data in each)
