"""An agent over https, with everything about the server that may be set from Python.

Run it with `python -m examples.https_server AGENT CERTIFICATE.pem KEY.pem`.
"""

import asyncio
import secrets
import sys
from pathlib import Path

from antiphon.config import agent, environment
from antiphon.ports.transport import Transport
from antiphon.server.app import create_app
from antiphon.server.calls import Calls
from antiphon.server.serve import listen, serve
from antiphon.server.settings import ServerSettings
from antiphon.wiring.agent import open_agent


async def main(file: Path, certificate: Path, key: Path) -> None:
    surroundings = environment.read()
    surroundings.calls.mkdir(parents=True, exist_ok=True)
    server = ServerSettings(
        host="0.0.0.0",
        port=8443,
        certificate=certificate,
        certificate_key=key,
        hosts=("agent.example", "localhost"),
        max_calls=20,
    )
    listening, calls = listen(server), Calls(server.max_calls)
    async with open_agent(agent.load(file), surroundings, progress=print) as opened:
        await opened.warm(16_000)

        async def answer(transport: Transport, channel: str) -> None:
            call = f"{channel}-{secrets.token_hex(6)}"
            log = opened.journal(surroundings.calls / f"{call}.jsonl", call)
            await opened.answer(transport, log)

        app = create_app(answer, server, calls, opened.equipment.clock)
        sys.stdout.write(f"{listening.url}  (Ctrl-C stops)\n")
        await serve(app, listening, server, calls, opened.equipment.clock)


if __name__ == "__main__":
    asyncio.run(main(*(Path(word) for word in sys.argv[1:4])))
