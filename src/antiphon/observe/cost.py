"""What a call cost: what its log says was used (`used`), at the prices of a table. Pure.

Each kind of use is a line of the bill. Where the price is not known the line
says so: what is not known is never taken for nothing.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

from antiphon.observe.logreader import Line
from antiphon.observe.prices import Price, Prices
from antiphon.observe.used import Used, uses

__all__ = ["Cost", "CostLine", "cost_of", "day_of", "priced"]

_LETTERS: Final = {"1k letters": 1_000, "1M letters": 1_000_000}
_SECONDS: Final = {"minute": 60, "hour": 3_600}
_MILLION: Final = 1_000_000
LETTERS_PER_TOKEN: Final = 4.0
"""Of English, roughly."""
LETTERS_PER_S: Final = 15.0
"""Spoken, roughly."""
SPOKEN_TOKENS_PER_S: Final = 1250 / 60
"""OpenAI reckons $0.015 for a minute of gpt-4o-mini-tts, at $12 for a million tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """One line of the bill."""

    port: str
    provider: str
    model: str
    what: str
    """What was used: ``audio``, ``connection``, ``letters``, or a kind of tokens."""
    amount: float
    unit: str
    """Of the amount: ``s``, ``letters``, ``tokens``."""
    dollars: float | None
    """None: not known."""
    price: float | None = None
    """In US dollars, for one ``per``."""
    per: str = ""
    source: str = ""
    as_of: date | None = None
    estimated: bool = False
    """The amount is reckoned, not counted, and so is the cost."""
    why: str = ""
    """Where the cost is not known: what is lacking. Otherwise the table's remark."""

    @property
    def known(self) -> bool:
        return self.dollars is not None


@dataclass(frozen=True, slots=True)
class Cost:
    """The bill of one call."""

    lines: tuple[CostLine, ...]

    @property
    def dollars(self) -> float:
        """Of the lines whose cost is known."""
        return math.fsum(line.dollars or 0.0 for line in self.lines)

    @property
    def known(self) -> bool:
        """Whether that is all of it: not where the log says nothing."""
        return bool(self.lines) and all(line.known for line in self.lines)

    @property
    def estimated(self) -> bool:
        """Whether some of it is."""
        return any(line.estimated for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "dollars": self.dollars if self.lines else None,
            "known": self.known,
            "estimated": self.estimated,
            "lines": [_facts(line) for line in self.lines],
        }


def cost_of(
    lines: Iterable[Line],
    prices: Prices,
    day: date | None,
    models: Mapping[tuple[str, str], str] = MappingProxyType({}),
) -> Cost:
    """The bill of a call by the lines of its log. ``day`` is when it was; see `day_of`.
    ``models`` says which model a port's provider was, where the log does not."""
    used = uses(lines)
    meant = (replace(u, model=u.model or models.get((u.port, u.provider), "")) for u in used)
    return priced(meant, prices, day)


def priced(used: Iterable[Used], prices: Prices, day: date | None) -> Cost:
    """The bill for what was used: like is added to like."""
    bill: dict[tuple[Any, ...], CostLine] = {}
    for use in used:
        for line in _lines(use, prices, day):
            like = (
                line.port, line.provider, line.model, line.what,
                line.price, line.per, line.why, line.estimated,
            )  # fmt: skip
            before = bill.get(like)
            bill[like] = _added(before, line) if before else line
    return Cost(tuple(bill.values()))


def _added(one: CostLine, more: CostLine) -> CostLine:
    known = one.dollars is not None and more.dollars is not None
    dollars = (one.dollars or 0.0) + (more.dollars or 0.0) if known else None
    return replace(one, amount=one.amount + more.amount, dollars=dollars)


def day_of(started: str) -> date | None:
    """The day in a log's header; None where it is none."""
    try:
        return datetime.fromisoformat(started).date()
    except ValueError:
        return None


# --- one use ---------------------------------------------------------------------------------


def _lines(use: Used, prices: Prices, day: date | None) -> list[CostLine]:
    rows = prices.of(use.port, use.provider, use.model)
    row = next((r for r in rows if r.holds(day, use.prompt_tokens or 0)), None)
    if row is None:
        why = "no price for this day" if rows else "not in the price table"
        return [_unknown(use, amount, why) for amount in _measured(use)]
    if row.unit == "1M tokens":
        return _tokens(use, row)
    line = _single(use, row)
    return [line] if line else []


@dataclass(frozen=True, slots=True)
class _Amount:
    what: str
    value: float
    unit: str


def _measured(use: Used) -> list[_Amount]:
    """Everything that the use says of itself."""
    found = [
        _Amount(what, value, unit)
        for what, value, unit in (
            ("audio", use.seconds, "s"),
            ("connection", use.open_s if use.seconds is None else None, "s"),
            ("letters", use.letters, "letters"),
            *((kind, value, "tokens") for kind, value in _token_kinds(use).items()),
        )
        if value
    ]
    return found or [_Amount("uses", 1, "uses")]


def _token_kinds(use: Used) -> dict[str, int]:
    cached = use.cached_tokens or 0
    found = {
        "input": (use.prompt_tokens or 0) - cached,
        "cached": cached,
        "output": use.reply_tokens or 0,
    }
    return {kind: max(0, value) for kind, value in found.items() if value > 0}


def _spoken_tokens(letters: int) -> dict[str, int]:
    """Of a voice that is paid by the token and whose tokens nobody counted."""
    return {
        "input": math.ceil(letters / LETTERS_PER_TOKEN),
        "audio": math.ceil(letters / LETTERS_PER_S * SPOKEN_TOKENS_PER_S),
    }


def _unknown(use: Used, amount: _Amount, why: str, row: Price | None = None) -> CostLine:
    return CostLine(
        port=use.port,
        provider=use.provider,
        model=use.model,
        what=amount.what,
        amount=amount.value,
        unit=amount.unit,
        dollars=None,
        per=row.unit if row else "",
        source=row.source if row else "",
        as_of=row.as_of if row else None,
        estimated=use.estimated and amount.unit == "tokens",
        why=why,
    )


def _single(use: Used, row: Price) -> CostLine | None:
    """The line for a row with one price; None where nothing of its kind was used."""
    measured = _measured(use)
    if row.unit == "free":
        return _known(replace(use, estimated=False), measured[0], row, 0.0, 0.0)
    value: float | None
    if row.unit in _LETTERS:
        value, amount = use.letters, _Amount("letters", use.letters or 0, "letters")
        parts = _LETTERS[row.unit]
    else:
        nothing = None if use.open_s is None else 0.0
        value = (use.seconds or nothing) if row.billed == "audio" else use.open_s
        billed_s = _stepped(value or 0.0, row.step_s)
        what = "audio" if row.billed == "audio" else "connection"
        amount, parts = _Amount(what, billed_s, "s"), _SECONDS[row.unit]
    if value is None:
        lacking = f"billed by the {row.counted}, and the call did not measure that"
        return _unknown(use, measured[0], lacking, row)
    if not value:
        return None
    if row.price is None or isinstance(row.price, dict):
        return _unknown(use, amount, row.note, row)
    return _known(use, amount, row, row.price, row.price * amount.value / parts)


def _stepped(seconds: float, step_s: float | None) -> float:
    return seconds if step_s is None else math.ceil(seconds / step_s) * step_s


def _known(use: Used, amount: _Amount, row: Price, price: float, dollars: float) -> CostLine:
    line = _unknown(use, amount, row.note, row)
    return replace(line, price=price, dollars=dollars)


def _tokens(use: Used, row: Price) -> list[CostLine]:
    assert isinstance(row.price, dict)  # as its unit says
    kinds = _token_kinds(use)
    if not kinds and use.letters and "audio" in row.price:
        kinds = _spoken_tokens(use.letters)
        use = replace(use, estimated=True)
    if not kinds:
        lacking = "billed by the token, and the call did not count any"
        return [_unknown(use, amount, lacking, row) for amount in _measured(use)]
    if use.audio_tokens:
        # How many of them were read and how many made is not told, and the prices differ.
        mixed = "some of these tokens stood for sound, which has another price"
        return [_unknown(use, _Amount(k, n, "tokens"), mixed, row) for k, n in kinds.items()]
    found = []
    for kind, count in kinds.items():
        price = next((each for name, each in row.price.items() if name == kind), None)
        amount = _Amount(kind, count, "tokens")
        if price is None:
            found.append(_unknown(use, amount, row.note, row))
        else:
            found.append(_known(use, amount, row, price, price * count / _MILLION))
    return found


def _facts(line: CostLine) -> dict[str, Any]:
    names: Sequence[str] = [name for name in CostLine.__dataclass_fields__ if name != "as_of"]
    facts = {name: getattr(line, name) for name in names}
    return {**facts, "as_of": line.as_of.isoformat() if line.as_of else None, "known": line.known}
