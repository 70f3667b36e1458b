"""`antiphon sandbox`: every vendor we know, pretended, on a port of this machine.

For other programs, tests and faults on demand. To try one agent, `--sandbox` behind its own command
is shorter: `antiphon chat agent.yaml --sandbox`.
"""

import argparse
import signal
import sys
from pathlib import Path
from typing import Any

from antiphon.cli.output import Exit, print_json
from antiphon.cli.pretended import Makers, local
from antiphon.errors import ConfigError
from antiphon.sandbox import answerfile, rulefile
from antiphon.sandbox.faults import Rule
from antiphon.sandbox.plugged import all_desks, all_doors
from antiphon.sandbox.server import Sandbox

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8100, help="port to listen on; 0 picks one")
    behind = parser.add_mutually_exclusive_group()
    behind.add_argument(
        "--scripted",
        type=Path,
        metavar="FILE",
        help="what recognisers hear, a line for each stretch of sound",
    )
    behind.add_argument(
        "--local",
        action="store_true",
        help="understand and speak with the engines of this machine",
    )
    parser.add_argument("--key", help="the only key that is accepted; otherwise any is")
    parser.add_argument(
        "--tls", action="store_true", help="listen with TLS too, under a certificate made now"
    )
    parser.add_argument(
        "--answers",
        type=Path,
        metavar="FILE",
        help="what language models answer, tools included: a YAML file",
    )
    parser.add_argument(
        "--rules", type=Path, metavar="FILE", help="faults that befall connections: a YAML file"
    )
    parser.add_argument(
        "--endpoints", action="store_true", help="list what is pretended, and do nothing else"
    )


def run(args: argparse.Namespace) -> int:
    if args.endpoints:
        return _list(as_json=args.json)
    rules = _rules(args.rules) if args.rules else []
    answers = answerfile.read(args.answers) if args.answers else {}
    makers = local() if args.local else Makers()
    sandbox = Sandbox(
        says=_lines(args.scripted) if args.scripted else (),
        ears=makers.ears,
        voice=makers.voice,
        mind=(lambda: answerfile.mind(answers)) if answers else makers.mind,
        key=args.key,
        port=args.port,
        tls=args.tls,
    )
    sandbox.rules.rules += rules
    # Blocked before the thread is made, so that they wait for sigwait wherever they arrive.
    stop = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    try:
        with sandbox:
            _tell(sandbox, args)
            signal.sigwait(stop)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return Exit.OK


def _list(*, as_json: bool) -> int:
    """Every endpoint there is: whose, how it is asked, where."""
    found = [(_vendor(door.serve), "WS", door.path) for door in all_doors()]
    found += [(_vendor(desk.serve), way, desk.path) for desk in all_desks() for way in desk.methods]
    if as_json:
        print_json([{"vendor": v, "method": m, "path": p} for v, m, p in sorted(found)])
        return Exit.OK
    for vendor, method, path in sorted(found):
        print(f"{vendor:<12} {method:<6} {path}")
    return Exit.OK


def _vendor(serve: Any) -> str:
    """Whose folder it comes from."""
    module: str = getattr(serve, "func", serve).__module__
    return module.removeprefix("antiphon.sandbox.").partition(".")[0]


def _rules(file: Path) -> list[Rule]:
    """Raises `ConfigError`, also for a rule that could never befall anything."""
    rules = rulefile.read(file)
    paths = [*(door.path for door in all_doors()), *(desk.path for desk in all_desks())]
    for rule in rules:
        if rule.path and not any(_begins(path, rule.path) for path in paths):
            raise ConfigError(
                f"nothing here has a path that begins with {rule.path}",
                where=str(file),
                fix="`antiphon sandbox --endpoints` lists what there is",
            )
    return rules


def _begins(path: str, start: str) -> bool:
    """Whether a path, whose parts in braces may be anything, can begin so."""
    parts, asked = path.split("/"), start.split("/")
    if len(asked) > len(parts):
        return False
    *whole, last = zip(parts, asked, strict=False)
    fits = all(part == word or part.startswith("{") for part, word in whole)
    return fits and (last[0].startswith(last[1]) or last[0].startswith("{"))


def _lines(file: Path) -> list[str]:
    """Raises `ConfigError` for a file without a line."""
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(f"cannot read the script: {reason}", where=str(file)) from None
    if not (said := [line for line in lines if line and not line.startswith("#")]):
        raise ConfigError("the script has no line", where=str(file))
    return said


def _tell(sandbox: Sandbox, args: argparse.Namespace) -> None:
    if args.json:
        tls = (
            {"tls_url": sandbox.tls_url, "certificate": str(sandbox.certificate)}
            if args.tls
            else {}
        )
        print_json({"url": sandbox.url, **tls, "environ": sandbox.environ()})
        return
    print(f"pretended vendors at {sandbox.http_url}  (Ctrl-C stops); to use them:")
    for name, value in sandbox.environ().items():
        print(f"  export {name}={value}")
    if args.tls:
        print(f"with TLS at {sandbox.tls_url}")
        print(f"  export SSL_CERT_FILE={sandbox.certificate}")
    sys.stdout.flush()
