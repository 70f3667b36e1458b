"""`antiphon providers [PORT]`: every engine there is, what it can do, costs and needs.

Proof says where the conformance suite meets an engine: the engine itself (local), its wire
protocol as the sandbox speaks it (wire), or a fake in place of the vendor's SDK (sdk boundary).
Prices are of the table that $ANTIPHON_PRICES may add to; `?` is a price that is not known.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, get_args

from rich.console import Console
from rich.table import Table
from rich.text import Text

from antiphon.cli.live import own_prices
from antiphon.cli.output import Exit, print_json
from antiphon.config import environment
from antiphon.net.offering import Hears, Offer, Port, Speaks, Thinks
from antiphon.observe.prices import Price, Prices
from antiphon.wiring import providers
from antiphon.wiring.engines import model_of

__all__ = ["abilities", "arguments", "formats", "price_words", "run"]

PORTS: Final[Mapping[str, str]] = {
    "stt": "Speech to text",
    "tts": "Text to speech",
    "llm": "Language models",
    "endpoint": "End of turn",
}
COLUMNS: Final = 100
"""Where there is no terminal to ask."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "port", nargs="?", choices=get_args(Port), metavar="PORT", help="only stt, tts, llm or"
        " endpoint",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    outside, prices = environment.read(), own_prices()
    shown = [offer for offer in providers.everyones() if args.port in (None, offer.port)]
    if args.json:
        print_json([_facts(offer, outside.vendors, prices) for offer in shown])
        return Exit.OK
    console = Console() if Console().is_terminal else Console(width=COLUMNS)
    for port, title in PORTS.items():
        if found := [offer for offer in shown if offer.port == port]:
            console.print(_table(title, found, outside.vendors, prices))
    return Exit.OK


# --- in words --------------------------------------------------------------------------------


def abilities(can: Hears | Speaks | Thinks | None) -> list[str]:
    """What it can do."""
    match can:
        case Hears():
            ends = {"none": "", "ended": "ends of turns", "eager": "early ends of turns"}
            words = {
                "streams": can.streaming,
                "word times": can.word_times,
                "final on demand": can.finalise,
                ends[can.end_of_turn]: can.end_of_turn != "none",
                "key terms": can.keyterms,
            }
        case Speaks():
            words = {
                "streams": can.streaming,
                "word times": can.word_times,
                "cancels": can.cancel,
                "speed": can.speed is not None,
                "cloning": can.cloning,
            }
        case Thinks():
            words = {"tools": can.tools, "counts cached tokens": can.cached_tokens}
        case None:
            words = {}
    return [word for word, able in words.items() if able]


def formats(can: Hears | Speaks | Thinks | None) -> str:
    """The encodings it reads or makes, and at which rates."""
    if not isinstance(can, Hears | Speaks):
        return ""
    rates = "/".join(f"{rate / 1000:g}" for rate in can.rates_hz)
    return ", ".join(can.encodings) + (f" at {rates} kHz" if rates else "")


def price_words(row: Price) -> str:
    """A price with its unit and where it holds."""
    if row.unit == "free":
        return "free"
    prices = row.price if isinstance(row.price, dict) else {"": row.price}
    if set(prices.values()) == {None}:
        said = f"price not known, by the {row.counted}"
    else:
        said = ", ".join(f"{_dollars(price)} {kind}".strip() for kind, price in prices.items())
        said += f" / {row.unit}"
    said += " the connection is open" if row.billed == "session" else ""
    return " ".join([said, *_limits(row)])


def _limits(row: Price) -> Iterator[str]:
    if row.prompt_up_to:
        yield f"up to {row.prompt_up_to // 1000}k prompt"
    if row.since:
        yield f"from {row.since}"
    if row.until:
        yield f"until {row.until}"


def _dollars(price: float | None) -> str:
    return "?" if price is None else f"${price:g}"


def _rows(offer: Offer, prices: Prices) -> list[Price]:
    """The prices of an offer, of all its models where it has many."""
    ours = [row for row in prices.rows if row.port == offer.port]
    if offer.name.endswith("/*"):
        return [row for row in ours if row.offer.startswith(offer.name[:-1])]
    found: list[Price] = []
    for row in prices.of(offer.port, offer.name, model_of(offer)):
        found.append(row)
        if not row.limited:
            break  # what follows never counts
    return found + [row for row in ours if row.offer == offer.name and row not in found]


def _needs(offer: Offer, environ: Mapping[str, str]) -> list[str]:
    found = []
    if offer.key:
        found.append(f"{offer.key} {'is set' if environ.get(offer.key) else 'is not set'}")
    if not offer.installed:
        found.append(f"pip install 'antiphon[{offer.extra}]'")
    return found


# --- as a table ------------------------------------------------------------------------------


def _table(
    title: str, offers: Sequence[Offer], environ: Mapping[str, str], prices: Prices
) -> Table:
    table = Table(box=None, title=f"\n{title}", title_justify="left", title_style="bold underline",
                  show_header=False, pad_edge=False, padding=(0, 2, 1, 0))  # fmt: skip
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for offer in offers:
        name = Text(offer.name, style="bold")
        name.append(f"\n{offer.latency}, {offer.proof}", style="not bold dim")
        table.add_row(name, _told(offer, environ, prices))
    return table


def _told(offer: Offer, environ: Mapping[str, str], prices: Prices) -> Text:
    lines = [Text(", ".join(abilities(offer.can)) or "-")]
    if isinstance(offer.can, Hears | Speaks):
        native = "mu-law untouched" if offer.can.native_mulaw else "no mu-law"
        lines.append(Text(f"{native}; {formats(offer.can)}"))
    rows = _rows(offer, prices)
    lines += [_priced(row) for row in rows] or [Text("price not known")]
    lines += [Text(need, style="yellow") for need in _needs(offer, environ)]
    if offer.notes:
        lines.append(Text(offer.notes, style="italic"))
    return Text("\n").join(lines)


def _priced(row: Price) -> Text:
    name = f"{row.model.strip('*')}: " if row.model != "*" else ""
    text = Text(f"{name}{price_words(row)}")
    if row.unit != "free":
        text.append(f"  ({row.source}, {row.as_of})", style="dim")
    return text


# --- as JSON ---------------------------------------------------------------------------------


def _facts(offer: Offer, environ: Mapping[str, str], prices: Prices) -> dict[str, Any]:
    can = offer.can
    return {
        "name": offer.name,
        "port": offer.port,
        "can": abilities(can),
        "formats": list(can.encodings) if isinstance(can, Hears | Speaks) else [],
        "rates_hz": list(can.rates_hz) if isinstance(can, Hears | Speaks) else [],
        "native_mulaw": isinstance(can, Hears | Speaks) and can.native_mulaw,
        "latency": offer.latency,
        "proof": offer.proof,
        "key": offer.key or None,
        "key_is_set": bool(offer.key and environ.get(offer.key)),
        "installed": offer.installed,
        "install": None if offer.installed else f"pip install 'antiphon[{offer.extra}]'",
        "notes": offer.notes,
        "prices": [row.model_dump(mode="json", by_alias=True) for row in _rows(offer, prices)],
    }
