"""How a value is described in the reference pages: what it may be, its default, its meaning.

Lives here: reading that out of the code. Which pages there are is in `make_reference`.
"""

import ast
import dataclasses
import inspect
import json
import re
import textwrap
import types
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import PurePath
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

__all__ = ["COMMON", "allowed", "anchor", "default", "field_docs", "line"]

# What a field of an event or action means wherever it occurs and says nothing of its own.
COMMON: Final = {
    "arguments": "the tool's arguments, as JSON text",
    "at_s": "where, in audio time",
    "by": "who ended it",
    "caller": "who calls, where the channel tells",
    "channel": "by which transport",
    "confidence": "the recogniser's own, 0 to 1",
    "count": "the how-manieth time in a row",
    "digit": "the key",
    "end_s": "where it ends, in audio time",
    "expectation": "the new expectation",
    "final": "whether the recogniser will stand by it",
    "heard": "what of it the caller heard",
    "kind": "which kind; see the meaning",
    "last": "whether nothing more follows",
    "limit": "which limit",
    "max_tokens": "the longest answer wanted",
    "messages": "what the model is shown, in order",
    "missing_s": "how much of the end of it never arrived",
    "name": "the tool's name",
    "prompt_tokens": "tokens read, where the model tells",
    "reason": "why, in words",
    "reply": "the reply's number",
    "reply_tokens": "tokens made, where the model tells",
    "request": "the number of the request it answers or names",
    "result": "the tool's result, as JSON text",
    "role": "who speaks in this line",
    "score": "0: will go on; 1: finished",
    "segment": "the number of the stretch of audio it reads",
    "start_s": "where it begins, in audio time",
    "text": "the words",
    "to": "a person or a queue",
    "turn": "the turn's number",
    "unheard": "what of it the caller did not hear",
    "until_s": "up to where, in audio time",
    "why": "the evidence, for people",
    "words": "the words with their places, where the recogniser knows them",
}


def field_docs(owner: type) -> dict[str, str]:
    """The docstring under each field of a class or of what it inherits from, on one line."""
    found: dict[str, str] = {}
    for kind in reversed(owner.__mro__):
        if kind.__module__.startswith("antiphon"):
            found |= _own_docs(kind)
    return found


def _own_docs(owner: type) -> dict[str, str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for node, after in zip(tree.body, tree.body[1:], strict=False):
        name = _assigned(node)
        if name and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            found[name] = line(str(after.value.value))
    return found


def _assigned(node: ast.stmt) -> str | None:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return None


def line(text: str | None) -> str:
    """A docstring as Markdown prose on one line, fit for a table."""
    said = re.sub(r"``(.+?)``", r"`\1`", " ".join((text or "").split()))
    return said.replace("|", "\\|")


def allowed(annotation: Any, metadata: tuple[Any, ...] = ()) -> str:
    """What a value may be, in words."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return allowed(args[0], (*args[1:], *metadata))
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in args)
    if origin in (Union, types.UnionType):
        inner = [allowed(arg, metadata) for arg in args if arg is not type(None)]
        return " or ".join([*inner, *(["none"] if type(None) in args else [])])
    if origin is tuple:
        many = len(args) == 2 and args[1] is Ellipsis
        if not many:
            return f"({', '.join(map(allowed, args))})"
        some = any(isinstance(rule, annotated_types.MinLen) for rule in _flat(metadata))
        return f"{'one or more' if some else 'any number'} of: {allowed(args[0])}"
    if origin in (dict, Mapping):
        return f"mapping of {allowed(args[0])} to {allowed(args[1])}"
    return _plain(annotation) + _bounds(metadata)


def anchor(owner: type) -> str:
    """Where the reference has a settings class; vendors may call theirs alike."""
    parts = owner.__module__.split(".")
    name = owner.__name__.lower()
    return f"{parts[2]}-{name}" if parts[1:2] == ["providers"] else name


def _plain(annotation: Any) -> str:
    if annotation is Any:
        return "anything"
    if isinstance(annotation, type):
        names = {bool: "true or false", int: "whole number", float: "number", str: "text"}
        if issubclass(annotation, date):
            return "date"
        if annotation in names:
            return names[annotation]
        if issubclass(annotation, PurePath):
            return "path"
        if issubclass(annotation, SecretStr):
            return "text, never shown"
        if issubclass(annotation, BaseModel) or dataclasses.is_dataclass(annotation):
            return f"[{annotation.__name__}](#{anchor(annotation)})"
    raise TypeError(f"no words for {annotation!r}: teach docs/make_reference.py")


def _bounds(metadata: tuple[Any, ...]) -> str:
    low = high = longest = like = ""
    for rule in _flat(metadata):
        match rule:
            case annotated_types.Ge(ge=bound):
                low = f"{bound:g}"
            case annotated_types.Gt(gt=bound):
                low = f"above {bound:g}"
            case annotated_types.Le(le=bound):
                high = f"{bound:g}"
            case annotated_types.MinLen():
                low = "1"
            case annotated_types.MaxLen(max_length=bound):
                longest = f"{bound} letters"
            case _ if getattr(rule, "pattern", None):
                like = f"like `{rule.pattern}`"
            case _:
                pass
    span = _span(low, high or longest)
    return "".join(f", {part}" for part in (span, like) if part)


def _span(low: str, high: str) -> str:
    if low and high:
        return f"{low} to {high}"
    if high:
        return f"up to {high}"
    return low if not low or low.startswith("above") else f"{low} or more"


def _flat(metadata: tuple[Any, ...]) -> Iterator[Any]:
    for rule in metadata:
        if isinstance(rule, FieldInfo):
            yield from _flat(tuple(rule.metadata))
        else:
            yield rule


def default(value: Any) -> str:
    """A default, as one would write it in YAML."""
    if value is PydanticUndefined or value is dataclasses.MISSING:
        return "required"
    if isinstance(value, BaseModel) or dataclasses.is_dataclass(value):
        return "its defaults"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple | list):
        return f"`{json.dumps(value, ensure_ascii=False)}`"
    if isinstance(value, Mapping):
        return "`{}`"
    return '`""`' if value == "" else f"`{value}`"
