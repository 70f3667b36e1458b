"""A call in the terminal, as it happens: who speaks, what is decided and why, how long it took.

A watcher of `antiphon.call.runner`. On a terminal the words being said are rewritten in place;
elsewhere there are plain lines. Whatever was said is shown as text: no markup, no control codes.
"""

import unicodedata
from collections import deque
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from antiphon.actions import Action, Answer, Duck, NoteBackchannel, Speak
from antiphon.events import (
    CallEnded,
    Event,
    ModelFailed,
    ReplyFailed,
    ReplyFinished,
    ReplyKind,
    ReplyStarted,
    ReplyStopped,
    TranscriptChanged,
    TransferFailed,
)
from antiphon.mouth.markup import plain
from antiphon.observe.figures import summary
from antiphon.observe.latency import STAGES, TurnLatency, turns
from antiphon.observe.logreader import Line, Ordered, Told
from antiphon.observe.storyline import continued, mark_of

__all__ = ["Show", "latency_table"]

_RECENT_LINES: Final = 1000
"""What is searched for the latency of an answer that just began; a turn is some 50 lines."""
_COLOURS: Final = {
    "answer": "green",
    "duck": "yellow",
    "restore": "yellow",
    "stop": "red",
    "silence": "magenta",
    "filler": "magenta",
}
_GUESSED: Final = {"hit": ", prepared in time", "miss": ", prepared for other words", "none": ""}


class Show:
    """Shows one call. Feed it every event and every list of orders, then `close` it."""

    def __init__(self, console: Console) -> None:
        self.latencies: list[TurnLatency] = []
        self._console = console
        self._live = (
            Live(console=console, auto_refresh=False, transient=True)
            if console.is_terminal
            else None
        )
        self._recent: deque[Line] = deque(maxlen=_RECENT_LINES)
        self._partials: dict[int, TranscriptChanged] = {}
        self._dealt_s = 0.0
        self._kinds: dict[int, ReplyKind] = {}
        self._texts: dict[int, str] = {}
        self._audible: dict[int, float] = {}
        self._shown: dict[int, str] = {}
        if self._live:
            self._live.start()

    def event(self, event: Event, now: float) -> None:
        """A fact of the call."""
        self._recent.append(Told(0, now, event))
        match event:
            case TranscriptChanged() if event.end_s > self._dealt_s:
                self._partials[event.segment] = event
            case ReplyStarted():
                self._audible[event.reply] = now
                self._waited(event.reply)
            case ReplyFinished():
                self._spoken(event.reply, event.heard, "")
            case ReplyStopped():
                self._spoken(event.reply, event.heard, event.unheard)
            case ReplyFailed():
                self._spoken(event.reply, event.heard, "")
                self._decided(f"the voice was lost: {event.reason}", now, "red")
            case ModelFailed():
                self._decided(f"the language model failed: {event.reason}", now, "red")
            case TransferFailed():
                self._decided(f"not handed over to {event.to}: {event.reason}", now, "red")
            case CallEnded():
                why = f": {event.reason}" if event.reason else ""
                self._decided(f"call ended by the {event.by}{why}", now, "")
            case _:
                return
        self._refresh()

    def actions(self, actions: list[Action], now: float) -> None:
        """What was ordered."""
        self._recent.append(Ordered(0, now, tuple(actions)))
        for action in actions:
            match action:
                case Speak():
                    self._kinds.setdefault(action.reply, action.kind)
                    said = self._texts.get(action.reply, "")
                    self._texts[action.reply] = continued(said, action.text)
                case Answer():
                    self._dealt(action.end_s)
                    self._line(action.start_s, "caller", Text(_plain(action.text)))
                case NoteBackchannel():
                    self._dealt(max((p.end_s for p in self._partials.values()), default=0.0))
                    self._line(now, "caller", Text(f"({_plain(action.text)})", style="italic dim"))
                case Duck():
                    self._show_audible()
                case _:
                    pass
            if mark := mark_of(action, now):
                why = f": {mark.why}" if mark.why else ""
                self._decided(f"{mark.label}{why}", now, _COLOURS.get(mark.kind, ""))
        self._refresh()

    def spoken(self, reply: int, text: str, marks: tuple[tuple[int, int], ...]) -> None:
        """A terminal shows what was heard, when it was heard."""

    def close(self) -> None:
        """Show where the time went. Nothing may be shown after it."""
        if self._live:
            self._live.stop()
            self._live = None
        if self.latencies:
            self._console.print()
            self._console.print(latency_table(self.latencies, self._console.width))

    # --- lines that stay -----------------------------------------------------------------------

    def _show_audible(self) -> None:
        """Someone speaks over the agent: show what it is saying before what came of it."""
        for reply, started_s in self._audible.items():
            if reply not in self._shown:
                self._shown[reply] = text = plain(self._texts.get(reply, "")).strip()
                self._line(started_s, "agent", self._words(reply, text))

    def _spoken(self, reply: int, heard: str, unheard: str) -> None:
        started_s = self._audible.pop(reply, None)
        self._texts.pop(reply, None)
        shown = self._shown.pop(reply, None)
        if started_s is None or (shown == heard and not unheard):
            return
        text = self._words(reply, heard)
        if unheard:
            text.append(f" [not heard: {_plain(unheard)}]", style="dim")
        self._line(started_s, "agent", text)

    def _words(self, reply: int, said: str) -> Text:
        kind = self._kinds.get(reply, "reply")
        text = Text(_plain(said))
        return text if kind == "reply" else text.append(f"  ({kind})", style="dim")

    def _waited(self, reply: int) -> None:
        for turn in turns(tuple(self._recent)):
            if turn.reply == reply and turn.total_ms is not None:
                self.latencies.append(turn)
                said = f"answered after {turn.total_ms:.0f} ms{_GUESSED[turn.guessing]}"
                self._decided(said, turn.started_s or 0.0, "cyan")

    def _decided(self, what: str, now: float, colour: str) -> None:
        self._line(now, "", Text(f"· {_plain(what)}", style=colour or "dim"))

    def _line(self, at_s: float, who: str, text: Text) -> None:
        self._refresh()
        self._console.print(_row(at_s, who, text), soft_wrap=self._live is None)

    # --- lines that change -----------------------------------------------------------------------

    def _dealt(self, until_s: float) -> None:
        self._dealt_s = max(self._dealt_s, until_s)
        self._partials = {n: p for n, p in self._partials.items() if p.end_s > self._dealt_s}

    def _refresh(self) -> None:
        if self._live:
            self._live.update(self._changing(), refresh=True)

    def _changing(self) -> Text:
        rows = []
        for reply, started_s in self._audible.items():
            if reply not in self._shown:
                text = Text(_plain(plain(self._texts.get(reply, ""))), style="dim")
                rows.append(_row(started_s, "agent", text))
        if self._partials:
            parts = sorted(self._partials.values(), key=lambda part: part.start_s)
            text = Text(_plain(" ".join(part.text for part in parts)), style="dim").append(" …")
            rows.append(_row(parts[0].start_s, "caller", text))
        return Text("\n").join(rows)


NARROW_COLUMNS: Final = 118
"""Below this the stages do not fit beside the total."""


def latency_table(answered: list[TurnLatency], columns: int = NARROW_COLUMNS) -> Table:
    """Every turn with its stages, where ``columns`` leave room for them, then the percentiles;
    milliseconds."""
    shown = STAGES if columns >= NARROW_COLUMNS else {}
    table = Table(title="From the caller's last sample to the answer's first, in ms")
    table.add_column("turn", justify="right")
    table.add_column("the caller said", max_width=40, no_wrap=True, overflow="ellipsis")
    for name in shown:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("total", justify="right", style="bold", no_wrap=True)
    table.add_column("prepared", justify="center")
    for turn in answered:
        spent = {stage.name: f"{stage.ms:.0f}" for stage in turn.stages}
        stages = [spent.get(name, "") for name in shown]
        total = "–" if turn.total_ms is None else f"{turn.total_ms:.0f}"
        guess = {"hit": "yes", "miss": "in vain", "none": "no"}[turn.guessing]
        table.add_row(str(turn.turn), Text(_plain(turn.text)), *stages, total, guess)
    figures = summary(answered)
    spreads = [*(figures["stages_ms"][name] for name in shown), figures["total_ms"]]
    table.add_section()
    for rank in ("p50", "p95"):
        values = ["" if one[rank] is None else f"{one[rank]:.0f}" for one in spreads]
        table.add_row("", rank, *values, "")
    return table


def _row(at_s: float, who: str, text: Text) -> Text:
    minutes, seconds = divmod(max(0.0, at_s), 60)
    style = {"caller": "bold cyan", "agent": "bold magenta"}.get(who, "")
    row = Text(f"{int(minutes):d}:{seconds:04.1f}  ", style="dim")
    return row.append(f"{who:<8}", style=style).append_text(text)


def _plain(text: str) -> str:
    """Text that can do nothing to a terminal."""
    return "".join(" " if unicodedata.category(letter)[0] == "C" else letter for letter in text)
