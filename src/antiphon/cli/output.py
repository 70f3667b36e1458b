"""What every command prints alike: exit codes, errors, JSON results.

Results go to stdout, everything said to a person about the running of it to stderr, so that a
command with --json can be piped as it is.
"""

import enum
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from antiphon.errors import (
    AntiphonError,
    ConfigError,
    InternalError,
    Missing,
    ProviderError,
    Rejected,
)

__all__ = ["Exit", "exit_code", "print_error", "print_json"]


class Exit(enum.IntEnum):
    """Exit codes of every command."""

    OK = 0
    NEGATIVE = 1
    """The command ran and its answer is no: a check failed, a replay differs."""
    USAGE = 2
    """The command line, a setting or an agent file cannot work."""
    ENVIRONMENT = 3
    """Something on this machine is missing or taken: a model, a device, a port, disk space."""
    FAILED = 4
    """A call, a provider or Antiphon itself failed on the way."""
    INTERRUPTED = 130
    """Ended from the keyboard, or by a signal to end. A call was hung up and its log is whole."""


def exit_code(error: AntiphonError | OSError) -> Exit:
    """The exit code that says what kind of failure this was."""
    match error:
        case Missing() | OSError():
            return Exit.ENVIRONMENT
        case ConfigError():
            return Exit.USAGE
        case _:
            return Exit.FAILED


def print_error(error: AntiphonError | OSError, *, as_json: bool = False) -> None:
    """One message for a person on stderr, or one JSON object on stdout; never a traceback."""
    if as_json:
        print_json({"ok": False, "error": _facts(error)})
        return
    text = "\n  ".join([_words(error), *_notes(error)])
    if isinstance(error, InternalError):
        text += "\n  this is a bug in Antiphon: please report it, with the call log"
    elif isinstance(error, ProviderError) and error.retryable:
        text += "\n  trying again may help"
    elif isinstance(error, Rejected) and not _notes(error):
        text += "\n  look at its key and its settings; `antiphon check AGENT --live` tries each"
    print(f"antiphon: {text}", file=sys.stderr)


def print_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """One JSON document on stdout, one line."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def _words(error: AntiphonError | OSError) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"  # without Python's number of it
    return str(error) or type(error).__name__


def _facts(error: AntiphonError | OSError) -> dict[str, Any]:
    facts: dict[str, Any] = {"kind": type(error).__name__, "message": str(error)}
    if isinstance(error, ConfigError):
        facts |= {"what": error.what, "where": error.where, "fix": error.fix}
    elif notes := _notes(error):
        facts["fix"] = "; ".join(notes)
    return facts


def _notes(error: BaseException) -> Sequence[str]:
    """What a command added: what to do about it."""
    return getattr(error, "__notes__", ())
