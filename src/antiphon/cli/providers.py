"""`antiphon providers [PORT|NAME]`: every engine there is, what it can do, costs and needs.

Proof says where the conformance suite meets an engine: the engine itself (local), its wire
protocol as the sandbox speaks it (wire), or a fake in place of the vendor's SDK (sdk boundary).
Prices are of the table that $ANTIPHON_PRICES may add to; `?` is a price that is not known.
"""

import argparse
import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from rich.console import Console

from antiphon.cli.live import own_prices
from antiphon.cli.output import Exit, print_json
from antiphon.cli.providertable import details, native, overview
from antiphon.config import environment
from antiphon.errors import ConfigError
from antiphon.net.offering import Hears, Offer, Port, Proof, Speaks, Thinks
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
LATENCIES: Final = {
    "instant": "at once, on this machine",
    "fast": "as it comes, over a network",
    "slow": "when all of it is there",
}
SPEAKERS: Final = {"none": "", "stretch": "speakers of a stretch", "call": "speakers"}
PROOFS: Final[Mapping[Proof, str]] = {
    "local": "tested as it is",
    "wire": "tested against a pretended vendor, in the vendor's protocol",
    "sdk boundary": "tested with a fake in place of the vendor's package",
}
COLUMNS: Final = 100
"""Where there is no terminal to ask."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "which", nargs="?", metavar="PORT|NAME", default="",
        help="only stt, tts, llm or endpoint; or all about one engine, or one vendor's",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    outside, prices = environment.read(), own_prices()
    shown = _chosen(args.which)
    if args.json:
        print_json([_facts(offer, outside.vendors, prices) for offer in shown])
        return Exit.OK
    console = Console() if Console().is_terminal else Console(width=COLUMNS)
    if args.which and args.which not in PORTS:
        for offer in shown:
            console.print(details(offer, _about(offer, outside.vendors, prices)))
        return Exit.OK
    for port in get_args(Port):
        found = [(offer, _rows(offer, prices)) for offer in shown if offer.port == port]
        if found:
            console.print(overview(PORTS[port], port, found, outside.vendors))
    console.print("\nAll about one: antiphon providers NAME", style="dim")
    return Exit.OK


def _chosen(which: str) -> list[Offer]:
    """Of a port, of a name, or of a vendor. Raises `ConfigError` where there is none."""
    known = providers.everyones()
    if not which:
        return known
    found = [offer for offer in known if which in (offer.port, offer.name)]
    found = found or [offer for offer in known if offer.fits(which)]
    found = found or [offer for offer in known if re.split("[/:]", offer.name)[0] == which]
    if found:
        return found
    names = sorted({*PORTS, *(n for offer in known for n in (offer.vendor, offer.name))})
    close = difflib.get_close_matches(which, names, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise ConfigError(
        f"no port, provider or vendor {which!r}", fix=f"{hint}`antiphon providers` lists them all"
    )


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
                "formats": can.formatting != "none",
                "fillers": can.fillers != "none",
                "languages": can.detects_language,
                SPEAKERS[can.speakers]: can.speakers != "none",
            }
        case Speaks():
            words = {
                "streams": can.streaming,
                "word times": can.word_times,
                "cancels": can.cancel,
                "speed": can.speed is not None,
                "cloning": can.cloning,
                "styles": bool(can.styles),
                "pitch": can.pitch,
                "emphasis": can.emphasis,
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


# --- all about one ---------------------------------------------------------------------------


def _about(offer: Offer, environ: Mapping[str, str], prices: Prices) -> dict[str, list[str]]:
    rows = [_priced(row) for row in _rows(offer, prices)]
    heard = [word for word in (native(offer.can), formats(offer.can)) if word]
    about: dict[str, list[str]] = {
        "for": [PORTS[offer.port]],
        "does": [", ".join(abilities(offer.can)) or "-"],
        "audio": ["; ".join(heard)] if heard else [],
        "answers": [LATENCIES[offer.latency]],
        "proof": [f"{offer.proof}: {PROOFS[offer.proof]}"],
        "costs": rows or ["price not known"],
        "needs": _needs(offer, environ),
        "address": [f"{offer.home}; another in {offer.address}"] if offer.address else [],
        "note": [offer.notes] if offer.notes else [],
    }
    return {name: lines for name, lines in about.items() if lines}


def _priced(row: Price) -> str:
    name = f"{row.model.strip('*')}: " if row.model != "*" else ""
    source = "" if row.unit == "free" else f"  ({row.source}, {row.as_of})"
    return f"{name}{price_words(row)}{source}"


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
        "styles": list(can.styles) if isinstance(can, Speaks) else [],
        "latency": offer.latency,
        "proof": offer.proof,
        "key": offer.key or None,
        "key_is_set": bool(offer.key and environ.get(offer.key)),
        "installed": offer.installed,
        "install": None if offer.installed else f"pip install 'antiphon[{offer.extra}]'",
        "notes": offer.notes,
        "prices": [row.model_dump(mode="json", by_alias=True) for row in _rows(offer, prices)],
    }
