"""What a vendor's language model is shown, in the shapes vendors put up with.

An agent's conversation begins with a greeting, has callers who say nothing, and goes on where
another model broke off; most vendors want none of that. Pure. Lives here: the general rules; what
one vendor calls things is in its folder.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, Literal

from antiphon.actions import Message
from antiphon.ports.llm import Asking, Tool, ToolCall

__all__ = ["GO_ON", "Line", "arguments_of", "clean", "lines", "parameters_of", "strict"]

NOTHING: Final = "(says nothing)"
"""In place of a caller's empty words: no vendor can do with them, and most refuse."""
OPENING: Final = "(has just called)"
"""Before a greeting, where a conversation must not begin with the assistant."""
GO_ON: Final = (
    "(Your answer was cut off there. Go on with exactly the next word after it. Repeat nothing of"
    " it and say nothing about this.)"
)
"""After the first half of an answer that another model gave. Where the assistant's own words may
come last, some vendors go on from them and some refuse the request: all understand this."""


@dataclass(frozen=True, slots=True)
class Line:
    """Of a conversation."""

    role: Literal["system", "user", "assistant"]
    text: str


def clean(text: str) -> str:
    """Without what no encoding carries: lone surrogates."""
    return text.encode(errors="replace").decode()


def lines(messages: Iterable[Message]) -> tuple[Line, ...]:
    """The conversation without empty lines; silence is told as what it is."""
    said = (Line(message.role, clean(message.text)) for message in messages)
    return tuple(
        Line("user", NOTHING) if line.role == "user" and not line.text.strip() else line
        for line in said
        if line.role == "user" or line.text.strip()
    )


def strict(asking: Asking) -> tuple[str, tuple[Line, ...]]:
    """The system prompt, and user and assistant by turns, the user first and last. What the
    system says later in the conversation is told in the user's place, where it was said."""
    all_lines = lines(asking.messages)
    first = next((at for at, line in enumerate(all_lines) if line.role != "system"), len(all_lines))
    system = "\n\n".join(line.text for line in all_lines[:first])
    rest = [
        Line("user", f"({line.text})") if line.role == "system" else line
        for line in all_lines[first:]
    ]
    if not rest or rest[0].role != "user":
        rest.insert(0, Line("user", OPENING))
    if rest[-1].role != "user":
        rest.append(Line("user", NOTHING))
    turns = [
        Line(role, "\n".join(line.text for line in group))
        for role, group in groupby(rest, key=lambda line: line.role)
    ]
    return system, tuple(turns)


def arguments_of(call: ToolCall) -> Mapping[str, Any]:
    """The arguments as an object, which most vendors want back as one. What a model wrote wrong
    is shown to it as it was."""
    try:
        found = json.loads(clean(call.arguments))
    except ValueError:
        found = call.arguments
    return found if isinstance(found, dict) else {"malformed": clean(call.arguments)}


def parameters_of(tool: Tool) -> Mapping[str, Any]:
    """Its schema; a tool without parameters has an empty one."""
    return tool.parameters or {"type": "object", "properties": {}}
