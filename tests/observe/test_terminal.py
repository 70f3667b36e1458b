"""A call in the terminal."""

import io
from typing import Any

from rich.console import Console

from antiphon import actions as order
from antiphon import events as told
from antiphon.observe.latency import turns
from antiphon.observe.logreader import Ordered, Told
from antiphon.observe.terminal import Show, latency_table


def console(terminal: bool = False) -> Console:
    return Console(file=io.StringIO(), width=150, force_terminal=terminal, color_system=None)


def play(script: Any, show: Show) -> str:
    for line in script.log().lines:
        if isinstance(line, Told):
            show.event(line.event, line.t)
        elif isinstance(line, Ordered):
            show.actions(list(line.actions), line.t)
    show.close()
    return show._console.file.getvalue()  # type: ignore[attr-defined]


def words(line: str) -> str:
    return " ".join(line.split()[1:])


def test_the_conversation_in_plain_lines(demo: Any) -> None:
    shown = play(demo, Show(console()))
    assert "\x1b" not in shown
    conversation = [words(line) for line in shown.split("\n\n")[0].splitlines()]
    assert conversation[1:4] == [
        "caller What are your opening hours?",
        "· turn 1 is over: score 0.93, after 300 ms",
        "· answered after 320 ms, prepared in time",
    ]
    offer = "and I can offer you two o'clock or half past three; tell me."
    spoken = conversation.index(f"agent Thursday afternoon works, {offer}")
    assert conversation[spoken + 1 : spoken + 4] == [
        "· lowered its voice",
        "· carried on: a listening word, 300 ms of pause",
        "caller (Mhm.)",
    ]
    assert conversation.count(conversation[spoken]) == 1
    cut = conversation.index("agent I have put you [not heard: down for]")
    assert conversation[cut - 1] == "· stopped: words that ask for the floor: wait no"
    assert conversation[-1] == "agent Is there anything else I can do for you? (prompt)"


def test_the_latency_table_comes_last(demo: Any) -> None:
    show = Show(console())
    table = play(demo, show).split("\n\n")[1]
    assert [round(turn.total_ms or 0) for turn in show.latencies] == [320, 920, 450, 550]
    assert "p50" in table
    row = next(line for line in table.splitlines() if "opening hours" in line)
    cells = [cell.strip() for cell in row.split("│")[1:-1]]
    assert cells == ["1", "What are your opening hours?", "300", "80", "", "", "90", "20",
                     "320", "yes"]  # fmt: skip


def test_on_a_terminal_partials_are_rewritten_in_place(demo: Any) -> None:
    shown = play(demo, Show(console(terminal=True)))
    assert "What are your …" in shown or "What are …" in shown
    assert "\x1b[2K" in shown  # lines are erased
    assert shown.rstrip().endswith("┘")


def test_what_was_said_can_do_nothing_to_the_terminal(script: Any) -> None:
    script.hear("[red]\x1b]0;owned\x07\x1b[2J\u202e", 1.0, 2.0)
    script.decide(1, "[red]\x1b]0;owned\x07\x1b[2J\u202e", 1.0, 2.0, 2.3, "\x1b[31m")
    shown = play(script, Show(console()))
    assert "[red] ]0;owned  [2J" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def test_a_call_without_answers_has_no_table(script: Any) -> None:
    script.event(1.0, told.CallEnded(by="caller"))
    script.event(1.0, told.CallEnded(by="failure", reason="line lost"))
    shown = play(script, Show(console()))
    assert shown.splitlines() == [
        "0:01.2          · call ended by the caller",
        "0:01.2          · call ended by the failure: line lost",
    ]


def test_a_voice_that_is_lost_says_so(script: Any) -> None:
    script.order(0.5, order.Speak(reply=1, text="Well"))
    script.event(1.0, told.ReplyStarted(reply=1))
    script.event(1.5, told.ReplyFailed(reply=1, heard="We", reason="engine died"))
    script.event(1.6, told.ReplyFailed(reply=7, heard="", reason="engine died"))
    shown = [words(line) for line in play(script, Show(console())).splitlines()]
    assert shown[:2] == ["agent We", "· the voice was lost: engine died"]


def test_a_transfer_that_fails_says_why(script: Any) -> None:
    script.event(1.0, told.TransferFailed(to="sales", reason="nobody answers"))
    shown = [words(line) for line in play(script, Show(console())).splitlines()]
    assert shown[0] == "· not handed over to sales: nobody answers"


def test_late_words_about_what_is_dealt_with_are_not_shown_again(script: Any) -> None:
    script.hear("hello there", 1.0, 2.0)
    script.decide(1, "hello there", 1.0, 2.0, 2.3, "")
    script.event(2.5, script.reading("hello there", 1.0, 2.0, True))
    show = Show(console(terminal=True))
    shown = play(script, show)
    assert "hello there …" not in shown.split("turn 1 is over")[1]


def test_words_over_the_agent_show_what_it_was_saying_once(script: Any) -> None:
    script.order(0.5, order.Speak(reply=1, text="Well, first", last=False))
    script.event(1.0, told.ReplyStarted(reply=1))
    script.order(1.2, order.Duck(at_s=1.1))
    script.order(1.3, order.Restore(why="noise"))
    script.order(1.4, order.Duck(at_s=1.3))
    script.order(1.5, order.Restore(why="noise"), order.Speak(reply=1, text="of all"))
    script.event(2.0, told.ReplyFinished(reply=1, heard="Well, first of all"))
    for terminal in (False, True):
        shown = play(script, Show(console(terminal)))
        lines = [words(line) for line in shown.splitlines() if "Well, first" in line]
        if not terminal:
            assert lines == ["agent Well, first", "agent Well, first of all"]


def test_a_turn_never_answered_is_a_dash_in_the_table(script: Any) -> None:
    script.hear("hello there", 1.0, 2.0)
    script.decide(1, "hello there", 1.0, 2.0, 2.3, "")
    screen = console()
    screen.print(latency_table(turns(script.log().lines)))
    assert "│     – │" in screen.file.getvalue()  # type: ignore[attr-defined]
