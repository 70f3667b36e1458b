"""`antiphon check` warns where a recogniser is asked for what it is not known to do."""

import json
from pathlib import Path

import pytest

from antiphon.cli.main import main

WISHES = """language: en
hearing:
  formatting: smart
  fillers: keep
  detect: [en, es]
  speakers: true
"""


def test_it_warns_with_the_line_and_goes_on(
    desk: Path, all_models: None, capsys: pytest.CaptureFixture[str]
) -> None:
    line = desk.read_text().count("\n") + 1
    desk.write_text(desk.read_text() + WISHES)
    assert main(["check", str(desk)]) == 0
    said = capsys.readouterr().out
    for at, what in enumerate(
        (
            "hearing.formatting: local/moonshine is not known to write sums and dates as one does",
            "hearing.fillers: local/moonshine is not known to write hesitations down",
            "hearing.detect: local/moonshine cannot tell languages apart; it hears en",
            "hearing.speakers: local/moonshine cannot tell speakers apart",
        )
    ):
        assert f"warning: {desk}:{line + 2 + at}: {what}\n" in said
    assert "Front Desk: the agent file is right" in said


def test_machines_are_warned_too(
    desk: Path, all_models: None, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.write_text(desk.read_text() + "hearing: {speakers: true}\n")
    assert main(["check", str(desk), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True
    (warning,) = told["warnings"]
    assert warning["what"].startswith("hearing.speakers: ")


@pytest.mark.parametrize("wishes", ["", "hearing: {fillers: drop}\n"])
def test_what_needs_no_recogniser_is_no_warning(
    desk: Path, all_models: None, capsys: pytest.CaptureFixture[str], wishes: str
) -> None:
    desk.write_text(desk.read_text() + wishes)
    assert main(["check", str(desk)]) == 0
    assert "warning" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "wishes, said",
    [
        ("hearing: {detect: [en]}", "two languages or more"),
        ("hearing: {detect: [en-US, en-GB]}", "of each no second region"),
        ("hearing: {detect: [de, es]}", "hearing.detect leaves out en"),
        ("hearing: {formatting: pretty}", "plain"),
        ("hearing: {filler: drop}", "did you mean 'fillers'?"),
    ],
)
def test_a_wrong_wish_is_a_mistake(
    desk: Path, all_models: None, capsys: pytest.CaptureFixture[str], wishes: str, said: str
) -> None:
    line = desk.read_text().count("\n") + 1
    desk.write_text(desk.read_text() + wishes + "\n")
    assert main(["check", str(desk)]) == 2
    output = capsys.readouterr()
    assert said in output.out + output.err
    assert f"{desk}:{line}" in output.out + output.err
