"""`antiphon models`: what it prints, to people and machines, and its exit codes."""

import json

import pytest
from tests.models.conftest import Index, index, model

from antiphon.cli.main import main
from antiphon.models import catalogue
from antiphon.models.store import ModelStore

__all__ = ["index"]


@pytest.fixture
def store(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    """The command's own store, holding only the tiny model."""
    monkeypatch.setenv("ANTIPHON_MODELS", str(tmp_path))
    monkeypatch.setattr(catalogue, "MODELS", (model(),))
    return ModelStore()


def test_list_for_people(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list"]) == 0

    said = capsys.readouterr().out
    assert "tiny" in said
    assert "Apache-2.0" in said
    assert f"in {store.root}" in said


def test_list_for_machines(store: ModelStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--json"]) == 0

    said = json.loads(capsys.readouterr().out)
    assert said["root"] == str(store.root)
    assert [(m["name"], m["present"]) for m in said["models"]] == [("tiny", False)]


def test_pull_away_from_a_terminal_prints_few_plain_lines_and_no_result_on_stdout(
    store: ModelStore, index: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "pull", "tiny"]) == 0

    said = capsys.readouterr()
    lines = said.err.splitlines()
    assert store.present("tiny")
    assert said.out == ""
    assert lines[0] == "tiny: looking up"
    assert "tiny: downloading 50 %" in lines
    assert "\x1b" not in said.err
    assert len(lines) < 10


def test_pull_all_as_json(
    store: ModelStore, index: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "pull", "--all", "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == {
        "ok": True,
        "pulled": {"tiny": str(store.path("tiny"))},
    }


def test_a_pull_that_fails_is_an_environment_error(
    store: ModelStore, index: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    index.files.clear()

    assert main(["models", "pull", "tiny"]) == 3
    assert "antiphon models pull tiny" in capsys.readouterr().err


def test_verify_answers_no_for_a_damaged_model(
    store: ModelStore, index: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = store.pull("tiny")
    assert main(["models", "verify", "tiny"]) == 0
    assert "tiny: whole" in capsys.readouterr().out

    (folder / "config.json").write_bytes(b"{}")

    assert main(["models", "verify", "tiny", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is False
    assert "config.json is damaged" in said["models"]["tiny"]


@pytest.mark.parametrize(
    "words", [["pull"], ["pull", "huge"], ["pull", "tiny", "--all"], ["list", "huge"]]
)
def test_names_that_make_no_sense_are_usage_errors(
    store: ModelStore, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(["models", *words]) == 2
    assert "tiny" in capsys.readouterr().err
