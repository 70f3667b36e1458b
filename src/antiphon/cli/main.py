"""The `antiphon` command: which commands there are, and how one is loaded and run.

A command is a module beside this one with `arguments(parser)` and `run(args) -> int`. The table
is data and the module is imported only when its command is asked for, so that `--help` costs no
heavy import; nothing else may be imported at the top of this file.
"""

import argparse
import contextlib
import importlib
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Protocol, cast

from antiphon import __version__
from antiphon.cli.output import Exit, exit_code, print_error
from antiphon.errors import AntiphonError

__all__ = ["COMMANDS", "main"]

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("antiphon.cli.demo", "a scripted spoken call to the example agent, with a report"),
    "check": ("antiphon.cli.check", "validates an agent file and says what to fix"),
    "chat": ("antiphon.cli.chat", "an agent in text: the quickest way to try what it says"),
    "serve": ("antiphon.cli.serve", "an agent over HTTP and WebSocket, with a page to talk to it"),
    "talk": ("antiphon.cli.talk", "an agent on this machine's microphone and speaker"),
    "call": ("antiphon.cli.call", "a real-time call whose caller is an audio file or a script"),
    "report": ("antiphon.cli.report", "a page to look at and listen to, of a call that is over"),
    "replay": (
        "antiphon.cli.replay",
        "runs a call log again: does it still lead to the same call?",
    ),
    "providers": ("antiphon.cli.providers", "every engine: what it can do, costs and needs"),
    "voices": ("antiphon.cli.voices", "a provider's voices: listed, heard, cloned with consent"),
    "models": ("antiphon.cli.models", "the models on this machine: list, pull, verify"),
    "sandbox": ("antiphon.cli.sandbox", "pretended vendors on this machine, for work without keys"),
    "bench": ("antiphon.cli.bench", "how long callers wait, and who yields to whom, measured"),
}
_EPILOG = """\
exit codes: 0 done; 1 done, and the answer is no; 2 wrong usage or configuration;
  3 something is missing on this machine (model, device, port); 4 a call or provider failed;
  130 interrupted
every command has --json, and --help, which says when to use it"""


class Command(Protocol):
    """The shape of a command's module."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declares the command's own arguments."""

    def run(self, args: argparse.Namespace) -> int:
        """Does it, and returns an exit code. May raise AntiphonError or OSError."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line and returns its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    name, rest = _command_name(words)
    if name is None:
        return Exit.USAGE if words else Exit.OK
    module, summary = COMMANDS[name]
    try:
        command = cast("Command", importlib.import_module(module))
        parser = argparse.ArgumentParser(
            prog=f"antiphon {name}",
            description=_about(summary, command),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.arguments(parser)
        with contextlib.suppress(argparse.ArgumentError):  # a command may give --json a file name
            parser.add_argument("--json", action="store_true", help="print results as JSON")
        args = parser.parse_args(rest)
        return _run(command, args)
    except ModuleNotFoundError as error:
        return _missing_package(error)
    except KeyboardInterrupt:  # while it was loading
        return Exit.INTERRUPTED


def _about(summary: str, command: Command) -> str:
    """What its help opens with: the summary, and what its module says after the first line."""
    _, *more = (command.__doc__ or "").split("\n\n")
    end = "" if summary.endswith("?") else "."
    parts = [f"{summary[0].upper()}{summary[1:]}{end}", *more]
    width = shutil.get_terminal_size().columns - 2
    return "\n\n".join(textwrap.fill(" ".join(part.split()), width) for part in parts)


def _run(command: Command, args: argparse.Namespace) -> int:
    try:
        return int(command.run(args))
    except (AntiphonError, OSError) as error:
        if isinstance(error, BrokenPipeError):  # the reader of our output has gone: not our fault
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return Exit.OK
        print_error(error, as_json=args.json is True)
        return exit_code(error)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED


def _command_name(words: list[str]) -> tuple[str | None, list[str]]:
    lines = "\n".join(f"  {name:<9} {summary}" for name, (_, summary) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="antiphon",
        usage="antiphon COMMAND [ARGUMENT...]",
        description="Antiphon: spoken conversations on your own machine. An agent is one YAML file"
        " (AGENT);\n`antiphon demo` needs none.",
        epilog=f"commands:\n{lines}\n\n{_EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"antiphon {__version__}")
    parser.add_argument(
        "command", nargs="?", choices=list(COMMANDS), metavar="COMMAND", help=argparse.SUPPRESS
    )
    # Only the words up to the command are ours: what follows it belongs to the command.
    own = next((i + 1 for i, word in enumerate(words) if not word.startswith("-")), len(words))
    args = parser.parse_args(words[:own])
    if args.command is None:
        parser.print_help(sys.stderr if words else sys.stdout)
    return args.command, words[own:]


def _missing_package(error: ModuleNotFoundError) -> int:
    # A bare install lacks the extras; ours to blame only when the name is our own.
    if (error.name or "").startswith("antiphon"):
        print(f"antiphon: this build has no {error.name}", file=sys.stderr)
    else:
        print(
            f"antiphon: the Python package {error.name} is not installed\n"
            "  ./run installs everything; with pip, install the extra that brings it",
            file=sys.stderr,
        )
    return Exit.ENVIRONMENT
