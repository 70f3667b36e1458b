"""`antiphon talk AGENT`: the agent on this machine's microphone and speaker.

Where there is no microphone, or the machine is not the one you sit at, use `serve` and a browser.
The call log goes into calls/.
"""

import argparse
import secrets
from pathlib import Path

from antiphon.call.clock import LoopClock
from antiphon.cli.live import console, say
from antiphon.cli.output import Exit
from antiphon.cli.pretended import pretended, sandbox_argument
from antiphon.cli.stopping import Stopping, hold
from antiphon.config import agent, environment
from antiphon.config.agent import AgentSettings
from antiphon.config.environment import Environment
from antiphon.events import CallEnded
from antiphon.observe.terminal import Show
from antiphon.transports.microphone import devices
from antiphon.transports.microphone.transport import MicrophoneTransport
from antiphon.wiring.agent import open_agent
from antiphon.wiring.engines import Where

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("agent", type=Path, metavar="AGENT", help="agent.yaml, or its folder")
    sandbox_argument(parser)


def run(args: argparse.Namespace) -> int:
    settings = agent.load(args.agent)
    with pretended(args.sandbox, settings, environment.read()) as surroundings:
        ended, interrupted = hold(
            lambda stopping: _talk(settings, surroundings, agent.where(args.agent), stopping)
        )
    if interrupted:
        return Exit.INTERRUPTED
    return Exit.FAILED if ended.by == "failure" else Exit.OK


async def _talk(
    settings: AgentSettings, surroundings: Environment, where: Where, stopping: Stopping
) -> CallEnded:
    # A missing device is found before an engine is started.
    transport = MicrophoneTransport(devices.load(), LoopClock())
    if transport.remark:
        say(transport.remark)
    calls = environment.folder_for_calls(surroundings)
    call = f"microphone-{secrets.token_hex(6)}"
    show = Show(console())
    async with open_agent(settings, surroundings, progress=say, where=where) as opened:
        journal = opened.journal(calls / f"{call}.jsonl", call)
        try:
            return await opened.answer(transport, journal, watchers=[show], begun=stopping.begun)
        finally:
            show.close()
