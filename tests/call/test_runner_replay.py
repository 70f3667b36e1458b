"""What was logged leads to the same orders again; one changed line is found and named."""

import json
from pathlib import Path

import pytest
from tests.call.conftest import steps
from tests.calls.make import CALLS, FOLDER, make

from antiphon.call.replay import Replayed, replay
from antiphon.config.agent import AgentSettings
from antiphon.observe.logreader import read
from antiphon.wiring.agent import conversation


def replayed(path: Path) -> Replayed:
    log = read(path)
    settings = AgentSettings.model_validate(log.header.agent)
    return replay(steps(log), conversation(settings))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.jsonl")), ids=lambda path: path.stem)
def test_every_golden_conversation_replays(path: Path) -> None:
    done = replayed(path)
    assert done.difference is None
    assert done.actions > 5


def test_there_is_a_golden_log_of_every_conversation() -> None:
    assert {path.stem for path in FOLDER.glob("*.jsonl")} >= CALLS.keys()


@pytest.mark.parametrize("name", CALLS)
def test_conversations_held_anew_replay_too_and_twice_are_the_same(
    name: str, tmp_path: Path
) -> None:
    first = make(name, tmp_path)
    written = first.read_bytes()
    assert replayed(first).difference is None
    assert make(name, tmp_path).read_bytes() == written


def edited(path: Path, folder: Path, number: int, change: dict[str, object]) -> Path:
    """A copy with one line changed."""
    lines = path.read_text().splitlines()
    record = json.loads(lines[number - 1])
    (record.get("event") or record["actions"][0]).update(change)
    lines[number - 1] = json.dumps(record)
    copy = folder / "edited.jsonl"
    copy.write_text("\n".join(lines) + "\n")
    return copy


def line_of(path: Path, what: str, nth: int = 0) -> int:
    lines = path.read_text().splitlines()
    return [number for number, line in enumerate(lines, 1) if f'"type":"{what}"' in line][nth]


def test_a_changed_order_is_named(tmp_path: Path) -> None:
    path = FOLDER / "question.jsonl"
    number = line_of(path, "Answer")
    done = replayed(edited(path, tmp_path, number, {"text": "What are your prices?"}))
    assert done.difference is not None
    assert done.difference.line == number
    assert done.difference.logged.text == "What are your prices?"  # type: ignore[union-attr]
    assert done.difference.derived.text == "What are your hours?"  # type: ignore[union-attr]


def test_a_changed_input_is_found_where_it_matters(tmp_path: Path) -> None:
    path = FOLDER / "question.jsonl"
    changed = line_of(path, "SpeechStopped")
    done = replayed(edited(path, tmp_path, changed, {"at_s": 2.5}))
    assert done.difference is not None
    assert done.difference.line == changed + 1
    assert type(done.difference.derived).__name__ == "FinaliseTranscript"


def test_an_order_too_many_and_one_too_few_are_found(tmp_path: Path) -> None:
    path = FOLDER / "question.jsonl"
    lines = path.read_text().splitlines()
    number = line_of(path, "Answer")
    fewer, more = tmp_path / "fewer.jsonl", tmp_path / "more.jsonl"
    fewer.write_text("\n".join(lines[: number - 1] + lines[number:]) + "\n")
    more.write_text("\n".join([*lines[:number], lines[number - 1], *lines[number:]]) + "\n")
    short, long = replayed(fewer).difference, replayed(more).difference
    assert short is not None
    assert (short.line, short.logged) == (number - 1, None)
    assert long is not None
    assert (long.line, long.derived) == (number + 1, None)


def test_an_order_missing_at_the_end_of_a_torn_log_is_found(tmp_path: Path) -> None:
    path = FOLDER / "question.jsonl"
    torn = tmp_path / "torn.jsonl"
    torn.write_text("\n".join(path.read_text().splitlines()[: line_of(path, "Answer") - 1]) + "\n")
    found = replayed(torn).difference
    assert found is not None
    assert found.logged is None
