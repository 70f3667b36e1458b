"""The bill of a call for people: in the terminal, and as a part of its page.

Must not live here: what anything costs (`cost`). What is not known is said in words, in every
place where a sum stands.
"""

from html import escape
from typing import Final

from rich.table import Table
from rich.text import Text

from antiphon.observe.cost import Cost, CostLine

__all__ = ["bill", "cost_table", "dollars", "total"]

NOT_KNOWN: Final = "price not known"
ESTIMATED: Final = "~ estimated: the provider did not count its tokens"
_LEAST: Final = 0.0001


def dollars(value: float) -> str:
    """A sum as it is written: a call costs cents, and its parts less."""
    if not value:
        return "$0"
    if value < _LEAST:
        return f"< ${_LEAST:g}"
    return f"${value:.4f}"


def total(cost: Cost) -> str:
    """The sum in words, with what is not in it."""
    unknown = sorted({f"{line.port} {line.provider}" for line in cost.lines if not line.known})
    if not unknown:
        return _sum(cost)
    return f"{_sum(cost)} and what is not known: {', '.join(unknown)}"


def _sum(cost: Cost) -> str:
    known = any(line.estimated and line.known for line in cost.lines)
    return f"{'~ ' if known else ''}{dollars(cost.dollars)}"


def bill(cost: Cost) -> str:
    """The bill as HTML."""
    if not cost.lines:
        return '<p class="muted">The log does not say what was used.</p>'
    heads = "".join(f"<th{side}>{name}</th>" for name, side in _HEADS)
    rows = "".join(_row(line) for line in cost.lines)
    sums = f'<td colspan="3" class="n">{escape(total(cost))}</td><td></td>'
    end = f'<tr class="all"><td>total</td>{sums}</tr>'
    remark = f'<p class="muted">{ESTIMATED}</p>' if cost.estimated else ""
    return f'<div class="table"><table><tr>{heads}</tr>{rows}{end}</table></div>{remark}'


_RIGHT: Final = ' class="n"'
_HEADS: Final = (
    ("Provider", ""),
    ("used", _RIGHT),
    ("price", ""),
    ("cost", _RIGHT),
    ("by whom, as of", ""),
)


def _row(line: CostLine) -> str:
    who, used, price, cost, source = map(escape, _cells(line))
    remark = f'<br><span class="muted">{escape(line.why)}</span>' if line.why else ""
    return (
        f'<tr><td>{who}</td><td class="n">{used}</td><td>{price}{remark}</td>'
        f'<td class="n">{cost}</td><td class="muted">{source}</td></tr>'
    )


def cost_table(cost: Cost) -> Table:
    """The bill for a terminal."""
    table = Table(title="What it cost, in US dollars")
    for name, side in _HEADS:
        table.add_column(name.lower(), justify="right" if side else "left", no_wrap=name == "used")
    for line in cost.lines:
        who, used, price, spent, source = _cells(line)
        shown = Text(price)
        if line.why and not line.known:
            shown.append(f"\n{line.why}", style="dim")
        table.add_row(Text(who), used, shown, spent, Text(source))
    table.add_section()
    table.caption = ESTIMATED if cost.estimated else None
    sums = _sum(cost) + ("" if cost.known else " +")
    remark = "" if cost.known else "and what is not known"
    table.add_row("total", "", remark, sums, "", style="bold")
    return table


def _cells(line: CostLine) -> tuple[str, str, str, str, str]:
    told = not line.model or line.provider.endswith(f"/{line.model}")
    name = line.provider if told else f"{line.provider} ({line.model})"
    price = NOT_KNOWN if line.price is None else f"${line.price:g} / {line.per}"
    price = "free" if line.per == "free" else price
    about = "~ " if line.estimated else ""
    cost = "?" if line.dollars is None else f"{about}{dollars(line.dollars)}"
    source = f"{line.source}, {line.as_of}" if line.as_of else "-"
    return f"{line.port}  {name}", f"{about}{_amount(line)}", price, cost, source


def _amount(line: CostLine) -> str:
    if line.unit == "s":
        return f"{line.amount:.1f} s of {line.what}"
    if line.unit == "tokens":
        return f"{line.amount:.0f} {line.what} tokens"
    return f"{line.amount:.0f} {line.unit}"
