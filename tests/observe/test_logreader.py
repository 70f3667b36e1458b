"""The reader: what was written comes back; what is damaged is named."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.actions import Duck, Restore
from antiphon.errors import ConfigError
from antiphon.events import (
    AudioAdvanced,
    DigitPressed,
    Event,
    ModelSaid,
    SpeechStarted,
    TranscriptChanged,
    Word,
)
from antiphon.observe.calllog import CallLogWriter
from antiphon.observe.logreader import Ended, Noted, Ordered, Ticked, Told, read

HEADER = '{"antiphon_call_log":1,"call":"c","started":"","antiphon":"0.1.0","agent":{}}'


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join((HEADER, *lines, "")))
    return path


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    log = CallLogWriter(path, call="c", started="then", agent={"turns": {"floor_s": 0.12}})
    log.event(SpeechStarted(at_s=0.5), 0.62)
    log.actions([Duck(at_s=0.5), Restore(why="no words")], 0.62)
    log.tick(0.7)
    log.note("warning", 0.8, what="odd frame")
    log.close()
    back = read(path)
    assert back.header.agent == {"turns": {"floor_s": 0.12}}
    assert (back.header.call, back.header.started) == ("c", "then")
    assert back.lines == (
        Told(2, 0.62, SpeechStarted(at_s=0.5)),
        Ordered(3, 0.62, (Duck(at_s=0.5), Restore(why="no words"))),
        Ticked(4, 0.7),
        Noted(5, 0.8, "warning", {"what": "odd frame"}),
        Ended(6, 0.8, 5, 0),
    )
    assert back.closed
    assert not back.torn


times = st.floats(min_value=0, max_value=1e6, allow_nan=False)
words = st.builds(Word, text=st.text(), start_s=times, end_s=times, confidence=times)
told: st.SearchStrategy[Event] = st.one_of(
    st.builds(AudioAdvanced, until_s=times, missing_s=times),
    st.builds(DigitPressed, digit=st.sampled_from("0123456789*#")),
    st.builds(ModelSaid, request=st.integers(0, 1000), text=st.text()),
    st.builds(
        TranscriptChanged,
        segment=st.integers(0, 1000),
        text=st.text(),
        start_s=times,
        end_s=times,
        final=st.booleans(),
        words=st.lists(words, max_size=3).map(tuple),
        confidence=times,
    ),
)


@given(st.lists(st.tuples(told, times), max_size=20))
def test_any_events_and_times_come_back_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, happened: list[tuple[Event, float]]
) -> None:
    path = tmp_path_factory.mktemp("log") / "call.jsonl"
    log = CallLogWriter(path, call="c", started="", agent={})
    for event, now_s in happened:
        log.event(event, now_s)
    log.close()
    lines = [line for line in read(path).lines if isinstance(line, Told)]
    assert [(line.event, line.t) for line in lines] == happened


def test_a_torn_last_line_is_left_out_and_said(tmp_path: Path) -> None:
    path = written(tmp_path / "call.jsonl", '{"t":1,"tick":true}')
    path.write_text(path.read_text() + '{"t":2,"ti')
    back = read(path)
    assert back.lines == (Ticked(2, 1.0),)
    assert back.torn
    assert not back.closed


def test_a_whole_last_line_needs_no_newline(tmp_path: Path) -> None:
    path = written(tmp_path / "call.jsonl")
    path.write_text(path.read_text() + '{"t":2,"tick":true}')
    back = read(path)
    assert back.lines == (Ticked(2, 2.0),)
    assert not back.torn


def test_blank_lines_do_not_shift_the_numbers(tmp_path: Path) -> None:
    path = written(tmp_path / "call.jsonl", "", '{"t":2,"tick":true}')
    assert read(path).lines == (Ticked(3, 2.0),)


@pytest.mark.parametrize(
    "line, said",
    [
        ('{"t":1,"ti', "damaged"),
        ("\x00\x01", "damaged"),
        ("[1, 2]", "not a JSON object"),
        ('{"tick":true}', "no time"),
        ('{"t":"soon","tick":true}', "Expected `float`"),
        ('{"t":1,"tock":true}', "neither event"),
        ('{"t":1,"event":"SpeechStarted"}', "neither event"),
        ('{"t":1,"event":{"type":"SpeechEaten"}}', "SpeechEaten"),
        ('{"t":1,"event":{"type":"SpeechStarted","at_s":"x"}}', "SpeechStarted"),
        ('{"t":1,"event":{"type":["a"]}}', "damaged"),
        ('{"t":1,"actions":[{"type":"Duck"}]}', "Duck"),
        ('{"t":1,"actions":["Duck"]}', "not an object"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = written(tmp_path / "call.jsonl", '{"t":0,"tick":true}', line)
    with pytest.raises(ConfigError, match=said) as caught:
        read(path)
    assert caught.value.where == f"{path}:3"


def test_no_file_no_log(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read(tmp_path / "call.jsonl")


@pytest.mark.parametrize(
    "first, said",
    [
        ("", "no header"),
        ('{"t":1,"tick":true}\n', "its first line is no header"),
        (json.dumps({"antiphon_call_log": 2, "antiphon": "9.0"}) + "\n", "use the version"),
        (json.dumps({"antiphon_call_log": 1, "call": 5}) + "\n", "header is damaged"),
    ],
)
def test_what_is_no_call_log_is_told_so(tmp_path: Path, first: str, said: str) -> None:
    path = tmp_path / "call.jsonl"
    path.write_text(first)
    with pytest.raises(ConfigError, match=said) as caught:
        read(path)
    assert caught.value.where == f"{path}:1"
