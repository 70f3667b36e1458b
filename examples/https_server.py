"""An agent over https, with everything about the server that may be set from Python.

Run it with `python -m examples.https_server AGENT CERTIFICATE.pem KEY.pem`.
"""

import asyncio
import sys
from pathlib import Path

from antiphon.config import agent, environment
from antiphon.errors import AntiphonError
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
    settings = agent.load(file)
    listening, calls = listen(server), Calls(server.max_calls)
    async with open_agent(settings, surroundings, progress=print) as opened:
        await opened.warm(16_000)

        async def answer(transport: Transport, call: str) -> None:
            log = opened.journal(surroundings.calls / f"{call}.jsonl", call)
            await opened.answer(transport, log)

        app = create_app(answer, server, calls, opened.equipment.clock, name=settings.name)
        sys.stdout.write(f"{listening.url}  (Ctrl-C stops)\n")
        await serve(app, listening, server, calls, opened.equipment.clock)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: python -m examples.https_server AGENT CERTIFICATE.pem KEY.pem")
    try:
        asyncio.run(main(*(Path(word) for word in sys.argv[1:])))
    except (AntiphonError, OSError) as error:
        sys.exit(f"https_server: {error}")
    except KeyboardInterrupt:  # before it served; then it stops by itself
        sys.exit(130)
