"""What a scripted language model answers, in a file: a YAML list, each item an answer.

    - {when: the weather, calls: [{name: weather, arguments: {city: Paris}}]}
    - {when: 22 degrees, text: It is 22 degrees.}
    - {text: I see.}

The first whose ``when`` stands in the last words, or in a tool's last result, is given; one
without ``when`` to whatever else is said.
"""

import json
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from antiphon.call.clock import LoopClock
from antiphon.config.mistakes import compose
from antiphon.errors import ConfigError
from antiphon.ports.llm import LanguageModel, ToolCall
from antiphon.testing.mind import Scripted, ScriptedModel

__all__ = ["mind", "parse", "read"]

OTHERWISE: Final = "I see."


class _Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    arguments: dict[str, Any] = {}


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    when: str = ""
    text: str = ""
    calls: tuple[_Call, ...] = ()


def read(path: Path) -> dict[str, Scripted]:
    """The answers in a file, by what they answer to. Raises `ConfigError`, with the line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(f"cannot read the answers: {reason}", where=str(path)) from None
    return parse(text, str(path))


def parse(text: str, file: str) -> dict[str, Scripted]:
    """The answers in a file's text. Raises `ConfigError`, with the line."""
    node, data = compose(text, file), yaml.safe_load(text)
    if not isinstance(node, yaml.SequenceNode) or not data:
        fix = "each is: - {when: the weather, text: It is fine.}"
        raise ConfigError("this is a list of answers", where=f"{file}:1", fix=fix)
    found: dict[str, Scripted] = {}
    for item, inner in zip(data, node.value, strict=True):
        try:
            answer = msgspec.convert(item, _Answer)
        except msgspec.ValidationError as error:
            where = f"{file}:{inner.start_mark.line + 1}"
            known = ", ".join(_Answer.__struct_fields__)
            raise ConfigError(str(error), where=where, fix=f"an answer has {known}") from None
        found.setdefault(answer.when, _scripted(answer, len(found)))
    return found


def mind(answers: dict[str, Scripted]) -> LanguageModel:
    """A language model that gives them."""
    return ScriptedModel(
        clock=LoopClock(),
        says=[answers.get("", OTHERWISE)],
        told={when: answer for when, answer in answers.items() if when},
    )


def _scripted(answer: _Answer, number: int) -> Scripted:
    calls = (
        ToolCall(id=f"call_{number}_{at}", name=call.name, arguments=json.dumps(call.arguments))
        for at, call in enumerate(answer.calls)
    )
    return Scripted(text=answer.text, calls=tuple(calls))
