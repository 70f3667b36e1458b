"""Engines as tables for a terminal: a line for each, or all about one.

Must not live here: which engines are shown, and the words for what they do and cost (`providers`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from antiphon.net.offering import Hears, Offer, Port, Speaks
from antiphon.observe.prices import Price

__all__ = ["details", "native", "overview"]

_MARKS: Final[Mapping[Port, Mapping[str, Callable[[Any], bool]]]] = {
    "stt": {
        "streams": lambda can: can.streaming,
        "words": lambda can: can.word_times,
        "final": lambda can: can.finalise,
        "turns": lambda can: can.end_of_turn != "none",
        "mu-law": lambda can: can.native_mulaw,
    },
    "tts": {
        "streams": lambda can: can.streaming,
        "words": lambda can: can.word_times,
        "cancels": lambda can: can.cancel,
        "clones": lambda can: can.cloning,
        "mu-law": lambda can: can.native_mulaw,
    },
    "llm": {"tools": lambda can: can.tools, "cached": lambda can: can.cached_tokens},
    "endpoint": {},
}
"""The columns of each port: what tells its engines apart."""


def overview(
    title: str, port: Port, offers: Sequence[tuple[Offer, list[Price]]], environ: Mapping[str, str]
) -> Table:
    """A line for each, no wider than a hundred columns."""
    table = Table(box=None, title=f"\n{title}", title_justify="left", title_style="bold underline",
                  header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))  # fmt: skip
    for name in ("name", *_MARKS[port], "costs", "needs"):
        table.add_column(name, no_wrap=True)
    for offer, rows in offers:
        marks = [_mark(can(offer.can)) for can in _MARKS[port].values()] if offer.can else []
        table.add_row(Text(offer.name, style="bold"), *marks, _costs(rows), _needs(offer, environ))
    return table


def _mark(able: bool) -> Text:
    return Text("yes") if able else Text("-", style="dim")


def _costs(rows: Sequence[Price]) -> Text:
    """Of the model it is by itself, where that is one price."""
    if not rows:
        return Text("?")
    row = rows[0]
    if row.unit == "free":
        return Text("free")
    if isinstance(row.price, dict):
        known = any(price is not None for price in row.price.values())
        return Text("by the token" if known else "?")
    return Text("?" if row.price is None else f"${row.price:g} / {row.unit}")


def _needs(offer: Offer, environ: Mapping[str, str]) -> Text:
    if not offer.installed:
        return Text("a package", style="yellow")
    if not offer.key:
        return Text("-", style="dim")
    return Text("its key, set") if environ.get(offer.key) else Text("its key", style="yellow")


def details(offer: Offer, about: Mapping[str, Sequence[str]]) -> Table:
    """All about one: ``about`` has lines under names."""
    table = Table(box=None, show_header=False, title=f"\n{offer.name}", title_justify="left",
                  title_style="bold underline", pad_edge=False, padding=(0, 2, 0, 0))  # fmt: skip
    table.add_column(style="dim", no_wrap=True)
    table.add_column(ratio=1)
    for name, lines in about.items():
        for at, line in enumerate(lines):
            table.add_row(name if at == 0 else "", Text(line))
    return table


def native(can: object) -> str:
    """Whether a telephone's audio goes through unchanged."""
    if not isinstance(can, Hears | Speaks):
        return ""
    return "mu-law untouched" if can.native_mulaw else "no mu-law"
