"""`antiphon serve AGENT`: the agent over WebSocket, and a page to talk to it."""

import argparse
import asyncio
import logging
import secrets
import sys
from pathlib import Path

from pydantic import SecretStr

from antiphon.cli.output import Exit, print_json
from antiphon.config import agent, environment
from antiphon.ports.transport import Transport
from antiphon.server.app import Answer, create_app
from antiphon.server.calls import Calls
from antiphon.server.serve import listen, serve
from antiphon.server.settings import ServerSettings
from antiphon.wiring.agent import Agent, open_agent

__all__ = ["arguments", "run"]

# What the page asks for; see antiphon/console.
BROWSER_HZ = 16_000


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("agent", type=Path, metavar="AGENT", help="agent.yaml, or its folder")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on; 0 picks one")
    parser.add_argument("--max-calls", type=int, default=100, help="calls at the same time")


def run(args: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(_serve(args))
    return Exit.OK


async def _serve(args: argparse.Namespace) -> None:
    settings = agent.load(args.agent)
    surroundings = environment.read()
    server = ServerSettings(
        host=args.host,
        port=args.port,
        max_calls=args.max_calls,
        token=SecretStr(surroundings.token) if surroundings.token else None,
    )
    listening = listen(server)
    surroundings.calls.mkdir(parents=True, exist_ok=True)
    async with open_agent(settings, surroundings, progress=_say) as opened:
        _say("rendering what the agent always says the same way")
        await opened.warm(BROWSER_HZ)
        calls = Calls(server.max_calls)
        app = create_app(_answer(opened, surroundings.calls), server, calls, opened.equipment.clock)

        def ready() -> None:
            if args.json:
                print_json({"url": listening.url, "agent": settings.name})
            else:
                print(f"{settings.name} answers at {listening.url}  (Ctrl-C stops)", flush=True)

        await serve(app, listening, server, calls, opened.equipment.clock, ready)


def _answer(opened: Agent, folder: Path) -> Answer:
    async def answer(transport: Transport, channel: str) -> None:
        call = f"{channel}-{secrets.token_hex(6)}"
        await opened.answer(transport, opened.journal(folder / f"{call}.jsonl", call))

    return answer


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
