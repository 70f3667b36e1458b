"""The command line's frame: quick help, lazy commands, exit codes, errors without tracebacks."""

import argparse
import json
import subprocess
import sys
from types import ModuleType

import pytest

from antiphon import __version__
from antiphon.cli import main as cli
from antiphon.cli.output import Exit
from antiphon.errors import ConfigError, InternalError, Missing, Rejected, Unavailable

HEAVY = ("numpy", "onnxruntime", "pydantic", "rich", "starlette", "uvicorn", "xllamacpp", "asyncio")


def test_help_loads_nothing_heavy() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, antiphon.cli.main; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert not set(HEAVY) & set(loaded)


def test_help_names_every_command_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--help"])

    said = capsys.readouterr().out
    assert caught.value.code == 0
    assert all(f"\n  {name} " in said for name in cli.COMMANDS)
    assert "exit codes:" in said


def test_no_command_prints_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == Exit.OK
    assert "commands:" in capsys.readouterr().out


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_help_of_a_command_says_when_to_use_it_in_lines_that_fit(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        cli.main([name, "--help"])

    said = capsys.readouterr().out
    _, summary, when, *_ = said.split("\n\n")
    start = cli.COMMANDS[name][1][1:20]
    assert start in summary
    assert not when.startswith(("positional arguments", "options"))
    assert max(map(len, said.splitlines())) < 80


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"antiphon {__version__}\n"


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["sing"])
    assert caught.value.code == Exit.USAGE
    assert "invalid choice: 'sing'" in capsys.readouterr().err


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A command called probe; tests give it its `run`."""
    module = ModuleType("probe_command")
    module.arguments = lambda parser: parser.add_argument("words", nargs="*")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "probe_command", module)
    monkeypatch.setitem(cli.COMMANDS, "probe", ("probe_command", "a test"))
    return module


def _raise(error: BaseException) -> object:
    def run(args: argparse.Namespace) -> int:
        raise error

    return run


def test_a_command_gets_what_follows_its_name(command: ModuleType) -> None:
    seen: list[argparse.Namespace] = []
    command.run = lambda args: seen.append(args) or Exit.NEGATIVE  # type: ignore[attr-defined]

    assert cli.main(["probe", "serve", "--json"]) == Exit.NEGATIVE
    assert seen == [argparse.Namespace(words=["serve"], json=True)]


@pytest.mark.parametrize(
    "error, code, said",
    [
        (ConfigError("bad key", where="a.yaml:3", fix="use x"), 2, "a.yaml:3: bad key\n  use x\n"),
        (Missing("no voice", fix="antiphon models pull v"), 3, "no voice\n  antiphon models pull"),
        (OSError(98, "Address already in use"), 3, "Address already in use"),
        (OSError(28, "No space left", "out.wav"), 3, "antiphon: out.wav: No space left\n"),
        (Unavailable("no answer", provider="ear"), 4, "ear: no answer\n  trying again may help\n"),
        (Rejected("HTTP 401", provider="ear"), 4, "ear: HTTP 401\n  look at its key"),
        (InternalError("odd state"), 4, "odd state\n  this is a bug in Antiphon"),
    ],
)
def test_an_error_is_one_message_and_an_exit_code(
    command: ModuleType,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    code: int,
    said: str,
) -> None:
    command.run = _raise(error)  # type: ignore[attr-defined]

    assert cli.main(["probe"]) == code

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("antiphon: ")
    assert said in captured.err


def test_with_json_the_error_is_json(
    command: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    command.run = _raise(ConfigError("bad key", where="a.yaml:3", fix="use x"))  # type: ignore[attr-defined]

    assert cli.main(["probe", "--json"]) == Exit.USAGE

    said = json.loads(capsys.readouterr().out)
    assert said["ok"] is False
    assert said["error"]["where"] == "a.yaml:3"
    assert said["error"]["fix"] == "use x"


def test_a_bug_is_not_hidden(command: ModuleType) -> None:
    command.run = _raise(ZeroDivisionError())  # type: ignore[attr-defined]

    with pytest.raises(ZeroDivisionError):
        cli.main(["probe"])


def test_the_keyboard_ends_a_command_quietly(
    command: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    command.run = _raise(KeyboardInterrupt())  # type: ignore[attr-defined]

    assert cli.main(["probe"]) == Exit.INTERRUPTED
    assert capsys.readouterr().err == ""


def test_a_missing_package_is_named(
    command: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    command.run = _raise(ModuleNotFoundError("x", name="sounddevice"))  # type: ignore[attr-defined]

    assert cli.main(["probe"]) == Exit.ENVIRONMENT
    assert "the Python package sounddevice is not installed" in capsys.readouterr().err


def test_a_command_may_give_json_a_file_name(command: ModuleType) -> None:
    seen: list[str] = []
    command.arguments = lambda parser: parser.add_argument("--json", metavar="FILE")  # type: ignore[attr-defined]
    command.run = lambda args: seen.append(args.json) or 0  # type: ignore[attr-defined]

    assert cli.main(["probe", "--json", "out.json"]) == Exit.OK
    assert seen == ["out.json"]


def test_a_reader_that_leaves_is_no_error() -> None:
    shell = f'set -o pipefail; "{sys.executable}" -m antiphon models list --json | true'

    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)

    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 120)


def test_ctrl_c_while_a_command_loads_is_no_traceback(
    command: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    command.arguments = _raise(KeyboardInterrupt())  # type: ignore[attr-defined]
    assert cli.main(["probe"]) == Exit.INTERRUPTED
    assert capsys.readouterr().err == ""
