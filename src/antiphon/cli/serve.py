"""`antiphon serve AGENT`: the agent over WebSocket, and a page to talk to it.

Open the address it prints to talk to the agent in a browser. Programs connect to /v1/call there.
Each call's log goes into calls/. Where others can reach the server, set ANTIPHON_TOKEN.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import uvloop
from pydantic import SecretStr, ValidationError

from antiphon.cli.output import Exit, print_json
from antiphon.cli.pretended import pretended, sandbox_argument
from antiphon.config import agent, environment
from antiphon.config.agent import AgentSettings
from antiphon.config.environment import Environment
from antiphon.config.mistakes import explained
from antiphon.errors import ConfigError
from antiphon.ports.transport import Transport
from antiphon.server.admission import is_loopback
from antiphon.server.app import Answer, create_app
from antiphon.server.calls import Calls
from antiphon.server.serve import Listening, listen, serve
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
    parser.add_argument("--certificate", type=Path, metavar="PEM", help="certificate, for https")
    parser.add_argument("--certificate-key", type=Path, metavar="PEM", help="its key")
    parser.add_argument(
        "--origin", action="append", default=[], help="another site whose pages may call"
    )
    parser.add_argument(
        "--hostname", action="append", default=[], help="a name this server may be addressed by"
    )
    parser.add_argument(
        "--drain", type=float, default=30.0, metavar="S", help="how long calls may go on at the end"
    )
    sandbox_argument(parser)


def run(args: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = agent.load(args.agent)
    with (
        pretended(args.sandbox, settings, environment.read()) as surroundings,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_serve(args, settings, surroundings))
    return Exit.OK


async def _serve(
    args: argparse.Namespace, settings: AgentSettings, surroundings: Environment
) -> None:
    server = _server(args, surroundings.token)
    listening = listen(server)
    with listening.socket:
        for warning in _exposed(server):
            _say(f"warning: {warning}")
        environment.folder_for_calls(surroundings)
        await _answer_calls(args, settings, surroundings, server, listening)


async def _answer_calls(
    args: argparse.Namespace,
    settings: AgentSettings,
    surroundings: Environment,
    server: ServerSettings,
    listening: Listening,
) -> None:
    async with open_agent(
        settings, surroundings, progress=_say, where=agent.where(args.agent)
    ) as opened:
        _say("rendering what the agent always says the same way")
        await opened.warm(BROWSER_HZ)
        calls = Calls(server.max_calls)
        app = create_app(
            _answer(opened, surroundings.calls, calls),
            server,
            calls,
            opened.equipment.clock,
            name=settings.name,
        )

        def ready() -> None:
            if args.json:
                print_json({"url": listening.url, "agent": settings.name})
            else:
                print(f"{settings.name} answers at {listening.url}  (Ctrl-C stops)", flush=True)

        await serve(app, listening, server, calls, opened.equipment.clock, ready)


def _server(args: argparse.Namespace, token: str | None) -> ServerSettings:
    """Raises `ConfigError` for a value that cannot be."""
    try:
        return ServerSettings(
            host=args.host,
            port=args.port,
            max_calls=args.max_calls,
            certificate=args.certificate,
            certificate_key=args.certificate_key,
            allowed_origins=tuple(args.origin),
            hosts=tuple(args.hostname),
            drain_s=args.drain,
            token=SecretStr(token) if token else None,
        )
    except ValidationError as error:
        mistake = explained(error, ServerSettings, None, "")
        setting, _, rest = mistake.what.partition(" ")
        option = setting.removesuffix("_s").replace("_", "-")
        raise ConfigError(f"--{option} {rest}", fix=mistake.fix) from None


def _exposed(server: ServerSettings) -> Iterator[str]:
    """What it means that others than this machine can reach the server."""
    if is_loopback(server.host):
        return
    if server.token is None:
        yield (
            f"anyone who can reach {server.host} may call this agent, and what its providers cost"
            " is yours: set ANTIPHON_TOKEN to a secret that callers must present"
        )
    if server.certificate is None:
        yield (
            "without a certificate calls and tokens can be overheard on the way, and browsers"
            " refuse the microphone: give --certificate, or put a proxy with https in front"
        )


def _answer(opened: Agent, folder: Path, calls: Calls) -> Answer:
    async def answer(transport: Transport, call: str) -> None:
        journal = opened.journal(folder / f"{call}.jsonl", call)
        await opened.answer(transport, journal, begun=partial(calls.begun, call))

    return answer


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
