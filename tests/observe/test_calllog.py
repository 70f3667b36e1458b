"""The writer: complete up to the break, whatever the disk does."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from antiphon.actions import Answer, Duck
from antiphon.errors import ConfigError
from antiphon.events import ModelSaid, SpeechStarted
from antiphon.observe.calllog import CallLogWriter
from antiphon.ports.journal import Journal


def writer(path: Path) -> CallLogWriter:
    return CallLogWriter(
        path, call="call-1", started="2025-01-02T03:04:05+00:00", agent={"name": "front desk"}
    )


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@contextmanager
def disk_holds(size_bytes: int) -> Iterator[None]:
    """No file of this process may grow past this size: a full disk, without one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_call_is_one_json_line_per_happening(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    log: Journal = writer(path)
    log.event(SpeechStarted(at_s=0.5), 0.62)
    log.actions([Duck(at_s=0.5)], 0.62)
    log.actions([], 0.63)
    log.tick(0.7)
    log.note("warning", 0.8, what="odd frame", count=3)
    log.close()
    header, *lines = records(path)
    assert header["antiphon_call_log"] == 1
    assert (header["call"], header["agent"]) == ("call-1", {"name": "front desk"})
    assert header["started"] == "2025-01-02T03:04:05+00:00"
    assert lines == [
        {"t": 0.62, "event": {"type": "SpeechStarted", "at_s": 0.5}},
        {"t": 0.62, "actions": [{"type": "Duck", "at_s": 0.5}]},
        {"t": 0.7, "tick": True},
        {"t": 0.8, "note": "warning", "what": "odd frame", "count": 3},
        {"t": 0.8, "end": {"lines": 5, "lost": 0}},
    ]


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    log = writer(tmp_path / "call.jsonl")
    log.close()
    assert log.path.stat().st_mode & 0o077 == 0


def test_every_line_is_there_when_the_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    program = f"""
import os, signal
from pathlib import Path
from antiphon.observe.calllog import CallLogWriter
log = CallLogWriter(Path({str(path)!r}), call="c", started="", agent={{}})
for n in range(1000):
    log.tick(n / 50)
os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert len(records(path)) == 1001


def test_time_is_written_exactly_as_it_was_told(tmp_path: Path) -> None:
    log = writer(tmp_path / "call.jsonl")
    log.tick(0.1 + 0.2)
    log.close()
    assert records(log.path)[1]["t"] == 0.1 + 0.2


def test_a_place_that_cannot_hold_a_file_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot write the call log"):
        writer(tmp_path / "missing" / "call.jsonl")


def test_a_disk_that_stays_full_costs_the_log_and_not_the_call() -> None:
    log = writer(Path("/dev/full"))
    for n in range(10):
        log.tick(float(n))
    log.close()
    assert (log.lines, log.lost) == (0, 11)


def test_a_full_disk_that_recovers_loses_nothing(tmp_path: Path) -> None:
    log = writer(tmp_path / "call.jsonl")
    with disk_holds(300):
        for n in range(100):
            log.tick(float(n))
        assert log.path.stat().st_size == 300  # in the middle of a line
    log.tick(100.0)
    log.close()
    assert [line["t"] for line in records(log.path)[1:-1]] == [float(n) for n in range(101)]
    assert records(log.path)[-1]["end"] == {"lines": 102, "lost": 0}


def test_what_does_not_fit_in_memory_is_a_marked_gap(tmp_path: Path) -> None:
    log = writer(tmp_path / "call.jsonl")
    with disk_holds(300):
        for n in range(40):
            log.note("big", float(n), text="x" * 50_000)
        log.tick(40.0)
    log.tick(41.0)
    log.tick(42.0)
    log.close()
    lines = records(log.path)[1:]
    kept = [line["t"] for line in lines if line.get("note") == "big"]
    assert kept == [float(n) for n in range(len(kept))]
    gap = lines[len(kept)]
    # The tick that found the disk well again still belonged to the gap.
    assert gap == {"t": 41.0, "note": "lines_lost", "lines": 42 - len(kept)}
    assert lines[len(kept) + 1]["t"] == 42.0
    assert lines[-1]["end"]["lost"] == log.lost == 42 - len(kept)


def test_a_file_that_opens_late_has_its_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, refusals = os.open, iter([28, 28])  # ENOSPC twice

    def full_at_first(path: Path, flags: int, mode: int) -> int:
        for code in refusals:
            raise OSError(code, "No space left on device")
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", full_at_first)
    log = writer(tmp_path / "call.jsonl")
    assert not log.path.exists()
    log.tick(1.0)
    log.close()
    assert len(records(log.path)) == 3


def test_after_closing_lines_are_counted_as_lost(tmp_path: Path) -> None:
    log = writer(tmp_path / "call.jsonl")
    log.close()
    log.tick(1.0)
    log.close()
    assert log.lost == 1
    assert len(records(log.path)) == 2


def test_a_log_that_never_opened_closes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", refuse)
    log = writer(tmp_path / "call.jsonl")
    log.close()
    assert (log.lines, log.lost) == (0, 1)


def test_words_no_encoding_can_hold_are_kept_all_the_same(tmp_path: Path) -> None:
    log = writer(tmp_path / "call.jsonl")
    log.event(ModelSaid(request=1, text="half a \ud83d pair"), 1.0)
    log.close()
    assert records(log.path)[1]["event"]["text"] == "half a \ud83d pair"


def test_a_note_may_hold_anything(tmp_path: Path) -> None:
    log = writer(tmp_path / "call.jsonl")
    circle: list[object] = []
    circle.append(circle)
    log.note("odd", 1.0, what=KeyError("gone"), note="n", t=9)
    log.note("huge", 2.0, number=10**30, thing=KeyError("gone"))
    log.note("endless", 3.0, circle=circle)
    log.actions([Answer(turn=1, text="é", start_s=0, end_s=1, why="")], 4.0)
    log.close()
    odd, huge, answer, end = records(log.path)[1:]
    assert odd == {"t": 1.0, "note": "odd", "what": "KeyError('gone')", "note_": "n", "t_": 9}
    assert huge["number"] == 10**30
    assert answer["actions"][0]["text"] == "é"
    assert end["end"] == {"lines": 4, "lost": 1}
