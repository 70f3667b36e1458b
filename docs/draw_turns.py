"""Draws the turn machine's diagram from its table, into docs/explanation/turn-taking.md.

Run it after changing `antiphon.turns.table`; a test fails while the page is out of date.
"""

from pathlib import Path

from antiphon.turns.table import TRANSITIONS, State

PAGE = Path(__file__).parent / "explanation" / "turn-taking.md"
BEGIN, END = "<!-- drawn from the table: begin -->", "<!-- drawn from the table: end -->"


def drawn() -> str:
    """The diagram, as Mermaid."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> IDLE"]
    for state, cues in TRANSITIONS.items():
        for cue, after in cues.items():
            if after is not State.ENDED:
                lines.append(f"    {state.name} --> {after.name}: {cue.value}")
    return "\n".join([*lines, "```"])


def page(text: str) -> str:
    """The page with its diagram brought up to date."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{drawn()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
