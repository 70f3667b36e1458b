"""The parts of a report that are written, not drawn: they are there without JavaScript too.

Each function returns HTML; everything that was said in the call passes `html.escape`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, Final

from antiphon.observe.evidence import NEVER
from antiphon.observe.figures import summary
from antiphon.observe.latency import STAGES, TurnLatency
from antiphon.observe.logreader import CallLog
from antiphon.observe.timeline import Mark, Timeline, Utterance, Wait

__all__ = [
    "stage_table",
    "subtitle",
    "tiles",
    "transcript",
    "troubles",
    "verdicts",
    "waterfall",
]

VERDICTS: Final = {
    "answered": "answers every question",
    "yielded": "yields when interrupted",
    "backchannel_kept": "talks on through “mhm”",
    "breath_not_cut": "waits out a breath",
    "prompted_on_silence": "asks into a silence",
    "log_complete": "log complete",
}
_ASKED_BY: Final = {
    "yielded": "interruption",
    "backchannel_kept": "backchannel",
    "breath_not_cut": "breath",
    "prompted_on_silence": "silence",
}
"""What a caller must do for a verdict to say anything."""
_TOLD: Final = {"restore", "stop", "withdraw", "amend", "silence", "end", "other", "warning"}
"""Marks worth a line in the transcript; the others are on the timeline."""
_GUESSED: Final = {"hit": "prepared in time", "miss": "prepared for other words", "none": ""}


def subtitle(log: CallLog, drawn: Timeline) -> str:
    """When, how long, and whether it was with real vendors."""
    try:
        when = datetime.fromisoformat(log.header.started)
        began = f"{when.day} {when:%B %Y, %H:%M}"
    except ValueError:
        began = log.header.started
    minutes, seconds = divmod(round(drawn.seconds), 60)
    length = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    said = escape(" · ".join(part for part in (began, length) if part))
    by = f"with pretended providers ({log.pretended})" if log.pretended else ""
    return f"{said} · <strong>{escape(by)}</strong>" if by else said


def verdicts(audited: Mapping[str, Any] | None) -> str:
    """What the recording bears out."""
    if audited is None:
        return ""
    undone = audited.get("undone", ())
    marks = [
        f'<li class="{"yes" if audited[name] else "no"}">{escape(words)}</li>'
        for name, words in VERDICTS.items()
        if name in audited and _ASKED_BY.get(name) not in undone
    ]
    return f'<ul class="verdicts" aria-label="Verdicts">{"".join(marks)}</ul>'


def troubles(audited: Mapping[str, Any] | None, log: CallLog) -> str:
    """What is wrong with the call, or with its log."""
    found = list(audited["troubles"]) if audited else []
    for role in audited.get("undone", ()) if audited else ():
        # What a caller did not try is no trouble of the call's.
        found = [what for what in found if what != NEVER.format(role)]
    if log.torn:
        found.append("The last line of the call log was cut off.")
    if not found:
        return ""
    return f'<ul class="troubles">{"".join(f"<li>{escape(what)}</li>" for what in found)}</ul>'


def tiles(
    drawn: Timeline, answered: Sequence[TurnLatency], audited: Mapping[str, Any] | None
) -> str:
    """The figures at the top."""
    figures = summary(answered)
    total = audited["voice_to_voice_ms"] if audited else figures["total_ms"]
    source = "in the recording" if audited else "by the log"
    endpoint, guesses = figures["stages_ms"]["endpoint"], figures["guesses"]
    made = guesses["hit"] + guesses["miss"]
    shown = [
        _tile(
            "Voice to voice",
            total["p50"],
            f"median of {total['n']} answers, {source}; p95 {_ms(total['p95'])}",
        ),
        _tile("Seeing that a turn is over", endpoint["p50"], f"median; p95 {_ms(endpoint['p95'])}"),
    ]
    if audited and audited["yield_ms"] is not None:
        lower = f"lowers its voice after {_ms(audited['ducked_ms'])}"
        shown.append(_tile("Falls silent when interrupted", audited["yield_ms"], lower))
    shown.append(
        f'<div class="tile"><span>Answers prepared in time</span><b>{guesses["hit"]}'
        f"<small>of {len(answered)} turns</small></b>"
        f"<span>{made - guesses['hit']} prepared in vain</span></div>"
    )
    stopped = sum(mark.kind == "stop" for mark in drawn.marks)
    kept = sum(mark.kind == "restore" for mark in drawn.marks)
    shown.append(
        f'<div class="tile"><span>Interruptions</span><b>{stopped}</b>'
        f"<span>and {kept} {'sound' if kept == 1 else 'sounds'} it talked on through</span></div>"
    )
    return "".join(shown)


def _tile(name: str, ms: float | None, note: str) -> str:
    value = "–" if ms is None else f"{ms:.0f}<small>ms</small>"
    return (
        f'<div class="tile"><span>{escape(name)}</span><b>{value}</b>'
        f"<span>{escape(note)}</span></div>"
    )


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} ms"


# --- where the time went -------------------------------------------------------------------------


def waterfall(drawn: Timeline) -> str:
    """One row per turn, all from the last speech sample on, at one scale."""
    if not drawn.waits:
        return '<p class="muted">No turn was answered.</p>'
    longest_ms = max(_length_ms(wait) for wait in drawn.waits)
    step_ms = next(s for s in (50, 100, 200, 500, 1000, 2000, 5000, 10**9) if longest_ms / s <= 8)
    width_ms = step_ms * (int(longest_ms / step_ms) + 1)
    ticks = "".join(
        f'<span style="left:{100 * at / width_ms:.3f}%">{at} ms</span>'
        for at in range(0, width_ms, step_ms)
    )
    rows = "".join(_fall(wait, width_ms, 100 * step_ms / width_ms) for wait in drawn.waits)
    axis = f'<div class="axis"></div><div class="axis">{ticks}</div><div class="axis"></div>'
    return f'<div class="falls">{axis}{rows}</div>'


def _length_ms(wait: Wait) -> float:
    return 1000 * max(wait.end_s, *(stage.until_s for stage in wait.stages)) - 1000 * wait.start_s


def _fall(wait: Wait, width_ms: float, grid: float) -> str:
    bars = []
    for stage in wait.stages:
        left = max(0.0, 100_000 * (stage.from_s - wait.start_s) / width_ms)
        width = max(0.0, 100 * stage.ms / width_ms)
        tip = f"{stage.name} · {stage.ms:.0f} ms\n{STAGES[stage.name]}"
        bars.append(
            f'<i class="s-{stage.name}" style="margin-left:{left:.3f}%;width:{width:.3f}%"'
            f' data-tip="{escape(tip)}"></i>'
        )
    if wait.total_ms is None:
        total = "<small>never answered</small>"
    else:
        bars.append(f'<u style="left:{100 * wait.total_ms / width_ms:.3f}%"></u>')
        total = f"<b>{wait.total_ms:.0f} ms</b><small>{_GUESSED[wait.guessing]}</small>"
    return (
        f'<div class="who" data-start="{max(0.0, wait.start_s - 1):.3f}">'
        f'<q title="{escape(wait.text)}">{escape(wait.text)}</q>'
        f"<small>turn {wait.turn} · {escape(wait.why)}</small></div>"
        f'<div class="bars" style="--grid:{grid:.3f}%">{"".join(bars)}</div>'
        f'<div class="sum">{total}</div>'
    )


def stage_table(answered: Sequence[TurnLatency]) -> str:
    """The percentiles, which also explain the colours."""
    figures = summary(answered)
    rows = [
        _row(
            f'<span class="dot s-{name}"></span>{name}',
            escape(meaning),
            figures["stages_ms"][name],
        )
        for name, meaning in STAGES.items()
    ]
    rows.append(_row("total", "last speech sample to the first sound of the answer",
                     figures["total_ms"], "all"))  # fmt: skip
    head = "".join(f'<th class="n">{name}</th>' for name in ("p50", "p95", "turns"))
    return (
        f'<div class="table"><table><tr><th>Stage</th><th>from – to</th>{head}</tr>'
        f"{''.join(rows)}</table></div>"
    )


def _row(name: str, meaning: str, figures: Mapping[str, Any], kind: str = "") -> str:
    cells = "".join(
        f'<td class="n">{value}</td>'
        for value in (_ms(figures["p50"]), _ms(figures["p95"]), figures["n"])
    )
    return f'<tr class="{kind}"><td>{name}</td><td class="muted">{meaning}</td>{cells}</tr>'


# --- transcript ----------------------------------------------------------------------------------


def transcript(drawn: Timeline) -> str:
    """The conversation, with what was decided in between."""
    waits = {wait.reply: wait for wait in drawn.waits if wait.reply is not None}
    lines = [(one.start_s, _bubble(one, waits)) for one in drawn.said]
    lines += [(mark.at_s, _event(mark)) for mark in drawn.marks if mark.kind in _TOLD]
    return "".join(text for _, text in sorted(lines, key=lambda line: line[0]))


def _bubble(one: Utterance, waits: Mapping[int, Wait]) -> str:
    notes = [_clock(one.start_s)]
    if one.kind not in ("turn", "reply"):
        notes.append({"backchannel": "while listening"}.get(one.kind, one.kind))
    wait = waits.get(one.number) if one.who == "agent" else None
    if wait and wait.total_ms is not None:
        notes.append(f"after {wait.total_ms:.0f} ms")
    aside = " aside" if one.kind in ("backchannel", "filler", "unanswered") else ""
    unheard = f" <s>{escape(one.unheard)}</s>" if one.unheard else ""
    return (
        f'<li class="bubble {one.who}{aside}" data-start="{one.start_s:.3f}"'
        f' data-end="{one.end_s:.3f}"><small>{escape(" · ".join(notes))}</small>'
        f"{escape(one.text)}{unheard}</li>"
    )


def _event(mark: Mark) -> str:
    why = f" · {escape(mark.why)}" if mark.why else ""
    return (
        f'<li class="event m-{mark.kind}" data-start="{max(0.0, mark.at_s - 1):.3f}">'
        f"<b>{escape(mark.label)}</b>{why}</li>"
    )


def _clock(at_s: float) -> str:
    minutes, seconds = divmod(at_s, 60)
    return f"{int(minutes)}:{seconds:04.1f}"
