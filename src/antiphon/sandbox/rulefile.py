"""Faults in a file: a YAML list, each item a fault with where it befalls and how often.

    - {path: /v1/listen, times: 2, refuse: 429, retry_after_s: 2}
    - {path: /v1/speak, times: null, after: 10, vanish: true}

``path`` is how the request's path begins, ``times`` how many connections (one where it is not
said, null: all); the others are the fields of `antiphon.sandbox.faults.Fault`. The first rule that
fits befalls a connection.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import yaml
from msgspec import Meta

from antiphon.config.mistakes import compose
from antiphon.errors import ConfigError
from antiphon.sandbox.faults import Fault, Rule

__all__ = ["parse", "read"]


class _Written(Fault, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A rule as it stands in the file."""

    path: str = ""
    times: Annotated[int, Meta(ge=1)] | None = 1


_FAULT: Final = Fault.__struct_fields__
_KNOWN: Final = ("path", "times", *_FAULT)


def read(path: Path) -> list[Rule]:
    """The rules in a file. Raises `ConfigError`, with the line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(f"cannot read the rules: {reason}", where=str(path)) from None
    return parse(text, str(path))


def parse(text: str, file: str) -> list[Rule]:
    """The rules in a file's text. Raises `ConfigError`, with the line."""
    node, data = compose(text, file), yaml.safe_load(text)
    if not isinstance(node, yaml.SequenceNode) or not data:
        raise ConfigError(
            "a rule file is a list of rules",
            where=f"{file}:1",
            fix="each is: - {path: /v1/listen, refuse: 429}",
        )
    return [_rule(item, inner, file) for item, inner in zip(data, node.value, strict=True)]


def _rule(item: Any, node: yaml.Node, file: str) -> Rule:
    try:
        written = msgspec.convert(item, _Written)
    except msgspec.ValidationError as error:
        raise _explained(str(error), node, file) from None
    if written.path and not written.path.startswith("/"):
        raise ConfigError(
            f"no path begins with {written.path!r}",
            where=_at(node, "path", file),
            fix=f"begin it with a slash: /{written.path}",
        )
    fault = Fault(**{name: getattr(written, name) for name in _FAULT})
    if fault == Fault():
        raise ConfigError(
            "this rule does nothing", where=_at(node, "", file), fix=f"add {', '.join(_FAULT)}"
        )
    return Rule(fault=fault, path=written.path, times=written.times)


def _explained(what: str, node: yaml.Node, file: str) -> ConfigError:
    unknown = re.search(r"unknown field `(.+?)`", what)
    if unknown:
        where = _at(node, unknown[1], file)
        known = ", ".join(_KNOWN)
        return ConfigError(f"a rule has no {unknown[1]!r}", where=where, fix=f"it has {known}")
    place = re.search(r" - at `\$\.(\w+)`", what)
    name = place[1] if place else ""
    said = what.partition(" - at ")[0].replace("`", "")
    return ConfigError(f"{name}: {said}".lstrip(": "), where=_at(node, name, file))


def _at(node: yaml.Node, name: str, file: str) -> str:
    """The line of a field, or of the rule."""
    found = node
    if isinstance(node, yaml.MappingNode):
        found = next((key for key, _ in node.value if key.value == name), node)
    return f"{file}:{found.start_mark.line + 1}"
