"""A call whose vendors were the sandbox's says so, wherever it is looked at afterwards."""

from pathlib import Path
from typing import Any

import pytest

from antiphon.cli.main import main
from antiphon.config import agent
from antiphon.observe.logreader import read
from antiphon.observe.report import report
from antiphon.wiring.agent import Agent

AGENT = """\
name: Test
stt: local/moonshine
tts: local/piper
llm: null
dialog: {greeting: Hello.}
"""
SAYS = "<strong>with pretended providers (scripted)</strong>"


def logged(folder: Path, pretended: str) -> Path:
    """The log of a call of an agent with no engines, which writes none of it."""
    file, log = folder / "agent.yaml", folder / "call.jsonl"
    file.write_text(AGENT)
    nothing: Any = None
    journal = Agent(agent.load(file), nothing, pretended=pretended).journal(log, "call-1")
    journal.note("used", 1.0, port="stt", provider="deepgram/nova-3", seconds=60.0)
    journal.close()
    return log


def test_the_log_the_page_and_the_table_say_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = logged(tmp_path, "scripted")
    log = read(path)
    assert log.pretended == "scripted"
    page = report(log).decode()
    assert SAYS in page
    assert page.count("pretended") == 1  # and no mark on the timeline
    assert main(["report", str(path)]) == 0
    assert "the vendors were pretended: nobody is paid" in capsys.readouterr().out


def test_a_call_with_real_vendors_says_nothing_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = logged(tmp_path, "")
    assert read(path).pretended == ""
    assert b"pretended" not in report(read(path))
    assert main(["report", str(path)]) == 0
    assert "pretended" not in capsys.readouterr().out
