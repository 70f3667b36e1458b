"""`antiphon replay`: identical, the first difference, and logs that cannot be replayed."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from antiphon.cli.main import main
from antiphon.config import agent
from antiphon.events import CallEnded, CallStarted, Event, ReplyFinished, ReplyReady, ReplyStarted
from antiphon.observe.calllog import CallLogWriter
from antiphon.wiring.agent import conversation


@pytest.fixture
def log(desk: Path, tmp_path: Path) -> Path:
    """A call in which the desk greets, asks into the silence, and the caller leaves."""
    settings = agent.load(desk)
    talk, file = conversation(settings), tmp_path / "call.jsonl"
    writer = CallLogWriter(
        file, call="desk", started="2025-03-04T10:00:00Z", agent=settings.model_dump(mode="json")
    )

    def told(event: Event, now: float) -> None:
        writer.event(event, now)
        writer.actions(talk.receive(event, now), now)

    told(CallStarted(channel="test"), 0.0)
    told(ReplyReady(reply=1), 0.2)
    told(ReplyStarted(reply=1), 0.25)
    told(ReplyFinished(reply=1, heard="Hello, front desk."), 2.0)
    due = talk.deadline()
    assert due is not None
    writer.tick(due)
    writer.actions(talk.tick(due), due)
    told(CallEnded(by="caller"), due + 1)
    writer.close()
    return file


@pytest.fixture
def edit(log: Path) -> Callable[[str, Callable[[dict], None]], int]:
    """Changes the first line that holds a text; returns its number."""

    def change(holds: str, act: Callable[[dict], None]) -> int:
        lines = log.read_text().splitlines()
        at = next(n for n, line in enumerate(lines) if holds in line)
        record = json.loads(lines[at])
        act(record)
        lines[at] = json.dumps(record)
        log.write_text("\n".join(lines) + "\n")
        return at + 1

    return change


def actions_in(log: Path) -> int:
    records = [json.loads(line) for line in log.read_text().splitlines()]
    return sum(len(record.get("actions", ())) for record in records)


def test_a_log_leads_to_the_same_actions(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(log)]) == 0
    assert capsys.readouterr().out == f"identical: {actions_in(log)} actions\n"
    assert actions_in(log) == 3


def test_for_machines(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(log), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"identical": True, "actions": actions_in(log)}


def test_an_edited_action_is_the_first_difference(
    log: Path, edit: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    number = edit("NoticeSilence", lambda record: record["actions"][0].update(count=7))

    assert main(["replay", str(log)]) == 1

    said = capsys.readouterr().out
    assert said.startswith(f"{log}:{number}: differs at ")
    assert "count=7" in said.splitlines()[1]
    assert "count=1" in said.splitlines()[2]


def test_an_input_edited_into_nonsense_is_damage_and_no_difference(
    log: Path, edit: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = edit("ReplyFinished", lambda record: record["event"].update(type="ReplyStarted"))

    assert main(["replay", str(log), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["where"] == f"{log}:{changed}"


def test_an_edited_time_is_found(
    log: Path, edit: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    edit('"tick"', lambda record: record.update(t=record["t"] - 1))

    assert main(["replay", str(log), "--json"]) == 1

    said = json.loads(capsys.readouterr().out)
    assert said["identical"] is False
    assert said["logged"]["type"] == "NoticeSilence"
    assert said["derived"] is None


def test_an_agent_edited_in_the_header_says_something_else(
    log: Path, edit: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    edit("antiphon_call_log", lambda record: record["agent"]["dialog"].update(greeting="Hi."))

    assert main(["replay", str(log)]) == 1

    said = capsys.readouterr().out
    assert "Hello, front desk." in said
    assert "Hi." in said


@pytest.mark.parametrize(
    "damage", ['{"t": 1.0, "event": {"typ', "[]", '{"t":1,"event":{}}', "\xff"]
)
def test_a_damaged_line_is_named(
    log: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    lines = log.read_text().splitlines()
    lines[3] = damage
    log.write_bytes("\n".join(lines).encode("latin-1"))

    assert main(["replay", str(log)]) == 2
    assert capsys.readouterr().err.startswith(f"antiphon: {log}:4: this line is damaged")


def test_a_log_cut_off_anywhere_is_compared_up_to_there(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The process died while it wrote: what it had written still counts. Every line is cut in
    its middle, before its last character, and after it."""
    whole = log.read_bytes()
    ends = [at for at, byte in enumerate(whole) if byte == ord("\n")]
    for number, (before, end) in enumerate(pairwise(ends), 2):
        for cut in (before + 3, (before + end) // 2, end - 1):
            log.write_bytes(whole[:cut])
            assert main(["replay", str(log)]) == 0, (number, whole[before:cut])
            said = capsys.readouterr()
            assert said.out.startswith("identical: ")
            assert f"{log}: the log ends in the middle of line {number};" in said.err
        log.write_bytes(whole[: end + 1])
        assert main(["replay", str(log)]) == 0
        unfinished = end != ends[-1]
        assert ("the log has no end" in capsys.readouterr().err) == unfinished


def test_a_difference_before_the_cut_is_still_one(
    log: Path, edit: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    edit("Speak", lambda record: record["actions"][0].update(text="Hi."))
    log.write_bytes(log.read_bytes()[:-10])

    assert main(["replay", str(log), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["identical"] is False
    assert "in the middle of line" in said["cut"]


def test_a_log_of_a_newer_format_names_the_version_to_use(
    log: Path, edit: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    edit("antiphon_call_log", lambda record: record.update(antiphon_call_log=99, antiphon="9.1"))

    assert main(["replay", str(log)]) == 2

    said = capsys.readouterr().err
    assert f"{log}:1: call log format 99; this version reads 1" in said
    assert said.endswith("the version of Antiphon that wrote it: 9.1\n")


def test_an_agent_of_another_version_names_the_version_to_use(
    log: Path, edit: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    def newer(record: dict) -> None:
        record["antiphon"] = "9.1"
        record["agent"]["turns"]["telepathy"] = True

    edit("antiphon_call_log", newer)

    assert main(["replay", str(log)]) == 2

    said = capsys.readouterr().err
    assert f"{log}:1: the agent in this log does not fit this version" in said
    assert "does not fit this version of Antiphon: unknown setting 'turns.telepathy'\n" in said
    assert said.endswith("replay it with the version that wrote it: 9.1\n")


@pytest.mark.parametrize("content", ["", "hello\n", '{"a": 1}\n'])
def test_what_is_no_call_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(content)

    assert main(["replay", str(file)]) == 2
    assert f"{file}:1: " in capsys.readouterr().err


def test_a_log_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path / "none.jsonl")]) == 2
    assert "No such file" in capsys.readouterr().err
