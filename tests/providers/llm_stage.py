"""What the tests of language models share: one made from its offer, met by a sandbox or by whatever
a test lets a server say."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from antiphon.actions import Message
from antiphon.call.clock import LoopClock
from antiphon.errors import ProviderError
from antiphon.net.offering import Order
from antiphon.net.sse import Sent, encode
from antiphon.ports.llm import Asking, LanguageModel, Saying, Tool, ToolCall, ToolUse, Usage
from antiphon.sandbox.record import Request
from antiphon.sandbox.server import Sandbox
from antiphon.testing.mind import Scripted, ScriptedModel
from antiphon.wiring import providers

KEY = "a-very-secret-key"
TOOL = Tool(
    name="book",
    description="Book a table.",
    parameters={"type": "object", "properties": {"at": {"type": "string"}}},
)
BARE = Tool(name="hang_up", description="End the call.")
CALL = ToolCall(id="call_1", name="book", arguments='{"at": "seven"}')
USED = ToolUse(call=CALL, result="Booked.")
COST = Usage(prompt_tokens=90, cached_tokens=64, reply_tokens=3)


def asking(*texts: str, **more: Any) -> Asking:
    """Texts by turns, the system's first and then the user's."""
    roles = ["system", *("user", "assistant") * len(texts)]
    said = [Message(role=role, text=text) for role, text in zip(roles, texts, strict=False)]
    return Asking(messages=tuple(said), **more)


HELLO = asking("Be brief.", "Hello")


def mind(*calls: ToolCall) -> ScriptedModel:
    """The sandbox's: it says hello, refuses where it is told to, and books with these calls."""
    told = {
        "refuse": Scripted(text="I cannot say that.", reason="refused", usage=COST),
        "book": Scripted(text="One moment.", calls=calls, usage=COST),
    }
    return ScriptedModel(clock=LoopClock(), says=["Hello to you."], told=told, first_token_s=0.0)


def made(name: str, environ: Mapping[str, str], **options: Any) -> LanguageModel:
    order = Order(name=name, options=options, environ=environ, models=_none)
    model: LanguageModel = providers.make("llm", order)
    return model


@asynccontextmanager
async def started(
    name: str, environ: Mapping[str, str], **options: Any
) -> AsyncIterator[LanguageModel]:
    model = made(name, environ, **options)
    await model.start()
    try:
        yield model
    finally:
        await model.aclose()


async def pieces(model: LanguageModel, request: Asking) -> list[Saying]:
    return [piece async for piece in model.answer(request)]


async def asked(name: str, sandbox: Sandbox, request: Asking, **options: Any) -> list[Saying]:
    async with started(name, sandbox.environ(), **options) as model:
        return await pieces(model, request)


async def failure(name: str, environ: Mapping[str, str], request: Asking) -> ProviderError:
    async with started(name, environ, first_token_s=2, between_tokens_s=1) as model:
        try:
            await pieces(model, request)
        except ProviderError as error:
            return error
    raise AssertionError("it ended as if all were well")


def sent(request: Request) -> Any:
    """What a client sent, as JSON."""
    (frame,) = [frame for frame in request.frames if frame.by == "client"]
    return json.loads(frame.data)


def events(*data: Any, names: bool = False) -> bytes:
    """Server-sent events; with their types as names."""
    told = [each if isinstance(each, str) else json.dumps(each) for each in data]
    called = [each["type"] if names and isinstance(each, dict) else "" for each in data]
    pairs = zip(told, called, strict=True)
    return b"".join(encode(Sent(data=data, event=event)) for data, event in pairs)


@asynccontextmanager
async def server(*answers: tuple[int, bytes]) -> AsyncIterator[tuple[str, list[Any]]]:
    """A server that gives these answers in order, the last for ever, and what it was asked."""
    requests: list[Any] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = head.partition("content-length: ")[2].partition("\r\n")[0] or "0"
        body = await reader.readexactly(int(length))
        status, said = answers[min(len(requests), len(answers) - 1)]
        requests.append((head, json.loads(body) if body else None))
        kind = "text/event-stream" if status == 200 else "application/json"
        start = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n"
        writer.write(start.encode() + said)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", requests


def _none(model: str) -> Path:
    raise AssertionError(f"asked for {model}")
