"""Commands that are told to stop: soon, without a traceback, and no engine stays behind."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.e2e.processes import command

from antiphon.cli.main import main
from antiphon.events import CallEnded
from antiphon.observe.logreader import Told, read
from antiphon.transports.websocket import wire
from antiphon.transports.websocket.client import dial

pytestmark = pytest.mark.timeout(120)
ENGINES = 4


def test_a_server_says_where_it_is_and_ends_when_told(
    example: Path, surroundings: Mapping[str, str]
) -> None:
    with command("serve", str(example), "--port", "0", "--json", env=surroundings) as serving:
        told = json.loads(serving.until(lambda line: line.startswith("{")))

        assert told["url"].startswith("http://localhost:")
        assert told["agent"] == "Riverside Dental"
        assert len(serving.children()) == ENGINES
        assert serving.end(signal.SIGINT) == 0
    assert not any("Traceback" in line for line in serving.said)


async def test_a_server_told_to_stop_hangs_up_on_who_does_not(
    example: Path, surroundings: Mapping[str, str]
) -> None:
    words = ["serve", str(example), "--port", "0", "--drain", "0.2", "--json"]
    with command(*words, env=surroundings) as serving:
        url = json.loads(serving.until(lambda line: line.startswith("{")))["url"]
        async with dial(url.replace("http", "ws") + "/v1/call") as client:
            ending = asyncio.create_task(asyncio.to_thread(serving.end, signal.SIGTERM))
            said = [item async for item in client]
            assert await ending == 0
    assert said[-1] == wire.Ended("stopping")
    assert not any("Traceback" in line for line in serving.said)
    log = read(Path(surroundings["ANTIPHON_CALLS"]) / f"{client.welcome.call}.jsonl")
    assert log.closed
    assert [one.event for one in log.lines if isinstance(one, Told)][-1] == CallEnded(
        by="agent", reason="stopping"
    )


def test_a_demo_ends_in_the_middle_of_its_call(
    surroundings: Mapping[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with command("demo", "--out", str(tmp_path), env=surroundings) as showing:
        showing.until(lambda line: "  agent  " in line)

        assert showing.end(signal.SIGINT) == 130
    assert not any("Traceback" in line for line in showing.said)

    log = read(tmp_path / "call.jsonl")
    assert log.closed, "its log was written to the end"
    assert main(["replay", str(log.path)]) == 0
    assert capsys.readouterr().out.startswith("identical: ")


def test_a_command_that_is_killed_while_it_loads_takes_its_engines_along(
    example: Path, surroundings: Mapping[str, str]
) -> None:
    with command("serve", str(example), "--port", "0", env=surroundings) as serving:
        serving.until(lambda line: line.startswith("starting"))
        # The line comes just before the engines.
        serving.until_children(ENGINES)

        # An engine that is loading notices when it is done with that.
        assert serving.end(signal.SIGKILL, engines_s=30.0) == -signal.SIGKILL


def test_a_chat_that_waits_for_a_line_ends_when_told(
    example: Path, surroundings: Mapping[str, str]
) -> None:
    """Ctrl-C at the prompt, and not only after the next line."""
    chatting = subprocess.Popen(
        [sys.executable, "-m", "antiphon", "chat", str(example)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(surroundings),
    )
    try:
        assert chatting.stdout
        assert chatting.stdin
        chatting.stdin.write("Do you have parking?\n")
        chatting.stdin.flush()
        assert chatting.stdout.readline() == "Riverside Dental, hello.\n"
        assert "free parking" in chatting.stdout.readline()

        chatting.send_signal(signal.SIGINT)

        assert chatting.wait(5) == 130
        assert chatting.communicate()[1] == ""
    finally:
        chatting.kill()
        chatting.communicate()
