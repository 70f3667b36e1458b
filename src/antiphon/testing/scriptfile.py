"""Spoken scripts as YAML files: docs/how-to/scripted-calls.md describes them.

Lives here: reading, and saying which line is wrong and what it may be. Must not live here: what
the steps mean (`antiphon.testing.script`).
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar, get_args

import yaml

from antiphon.errors import ConfigError
from antiphon.testing.script import (
    Breath,
    HangUp,
    Moment,
    Play,
    Role,
    Say,
    Script,
    Silence,
    Sound,
    SoundKind,
    Step,
    Wait,
)

__all__ = ["parse", "read"]

T = TypeVar("T", bound=str)


def read(path: Path) -> Script:
    """The script in a file. Raises `ConfigError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(f"cannot read the script {path}: {reason}") from None
    return parse(text, str(path), path.parent)


def parse(text: str, name: str = "script", folder: Path = Path()) -> Script:
    """The script in ``text``. ``name`` stands for the file in errors; recordings are looked for
    relative to ``folder``. Raises `ConfigError`."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"not YAML: {error.problem}", where=f"{name}:{line}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"not YAML: {error}", where=f"{name}:1") from None
    if root is None:
        raise ConfigError("the script is empty", where=f"{name}:1", fix=_SHAPE)
    return _Reader(name, folder).script(root)


_SHAPE: Final = 'a script is "steps:" and a list, as in examples/receptionist/demo-script.yaml'
_BREATH: Final = re.compile(r"<\s*breath\s+(\d+(?:\.\d+)?)\s*>")
_ROLES: Final[tuple[Role, ...]] = get_args(Role)
_SOUNDS: Final[tuple[SoundKind, ...]] = get_args(SoundKind)
_VERBS: Final = ("say", "play", "sound", "wait", "silence", "hang_up")
_MOMENT: Final = ("while", "after_s", "timeout_s")
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "say": ("say", "role", "level_db", *_MOMENT),
    "play": ("play", "text", "role", "level_db", *_MOMENT),
    "sound": ("sound", "text", "seconds", "role", "level_db", *_MOMENT),
    "wait": ("wait", "timeout_s", "quiet_s"),
    "silence": ("silence", "until", "quiet_s"),
}


class _Reader:
    """YAML nodes to steps, so that every complaint knows its line."""

    def __init__(self, name: str, folder: Path) -> None:
        self._name, self._folder = name, folder

    def script(self, root: yaml.Node) -> Script:
        fields = self._mapping(root, ("steps", "pitch", "speed", "voice"), "a script", _SHAPE)
        steps = fields.get("steps")
        if not isinstance(steps, yaml.SequenceNode) or not steps.value:
            raise self._error(steps or root, "a script needs a list of steps", _SHAPE)
        return Script(
            steps=tuple(self._step(node) for node in steps.value),
            pitch=self._number(fields, "pitch", 0.5, 2.0, 1.0),
            speed=self._number(fields, "speed", 0.5, 2.0, 1.0),
            voice=self._text(fields["voice"]) if "voice" in fields else "",
        )

    def _step(self, node: yaml.Node) -> Step:
        if isinstance(node, yaml.ScalarNode) and node.value == "hang_up":
            return HangUp(line=_line(node))
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node, "not a step", f"a step begins with {_listed(_VERBS)}")
        keys = [str(key.value) for key, _ in node.value]
        verb = next((key for key in keys if key in _FIELDS), None)
        if verb is None:
            raise self._error(
                node,
                f"no such step: {', '.join(keys) or 'nothing'}",
                f"a step begins with {_listed(_VERBS)}",
            )
        fields = self._mapping(node, _FIELDS[verb], f"a {verb} step")
        makers: Mapping[str, Callable[[yaml.Node, dict[str, yaml.Node]], Step]] = {
            "say": self._say,
            "play": self._play,
            "sound": self._sound,
            "wait": self._wait,
            "silence": self._silence,
        }
        return makers[verb](node, fields)

    def _say(self, node: yaml.Node, fields: dict[str, yaml.Node]) -> Say:
        pieces = _BREATH.split(self._text(fields["say"]))
        parts: list[str | Breath] = []
        for n, piece in enumerate(pieces):
            if n % 2:
                parts.append(Breath(float(piece)))
            elif not piece.strip():
                raise self._error(fields["say"], "a breath needs words on both sides of it")
            elif "<" in piece or ">" in piece:
                raise self._error(
                    fields["say"], f"cannot say {piece.strip()!r}", "a breath is <breath 0.7>"
                )
            else:
                parts.append(piece.strip())
        return Say(
            parts=tuple(parts),
            role=self._role(node, fields, "breath" if len(parts) > 1 else "question"),
            moment=self._moment(node, fields),
            level_db=self._number(fields, "level_db", -40, 12, 0),
            line=_line(node),
        )

    def _play(self, node: yaml.Node, fields: dict[str, yaml.Node]) -> Play:
        path = self._folder / self._text(fields["play"])
        if not path.is_file():
            raise self._error(fields["play"], f"there is no file {path}")
        return Play(
            path=path,
            text=self._text(fields["text"]) if "text" in fields else f"({path.name})",
            role=self._role(node, fields, "question"),
            moment=self._moment(node, fields),
            level_db=self._number(fields, "level_db", -40, 12, 0),
            line=_line(node),
        )

    def _sound(self, node: yaml.Node, fields: dict[str, yaml.Node]) -> Sound:
        kind = self._one_of(fields["sound"], "sound", _SOUNDS)
        return Sound(
            kind=kind,
            text=self._text(fields["text"]) if "text" in fields else f"({kind})",
            seconds=self._number(fields, "seconds", 0.05, 30, 0.5),
            role=self._role(node, fields, "backchannel"),
            moment=self._moment(node, fields),
            level_db=self._number(fields, "level_db", -40, 12, 0),
            line=_line(node),
        )

    def _wait(self, node: yaml.Node, fields: dict[str, yaml.Node]) -> Wait:
        self._one_of(fields["wait"], "wait", ("agent_done",))
        return Wait(
            timeout_s=self._number(fields, "timeout_s", 0.1, 600, 15),
            quiet_s=self._number(fields, "quiet_s", 0.2, 10, 0.6),
            line=_line(node),
        )

    def _silence(self, node: yaml.Node, fields: dict[str, yaml.Node]) -> Silence:
        quiet_s = None
        if "until" in fields:
            self._one_of(fields["until"], "until", ("agent_done",))
            quiet_s = self._number(fields, "quiet_s", 0.2, 10, 0.6)
        elif "quiet_s" in fields:
            raise self._error(fields["quiet_s"], "quiet_s needs until: agent_done")
        seconds = self._number(fields, "silence", 0, 600, 0)
        return Silence(seconds=seconds, quiet_s=quiet_s, line=_line(node))

    def _moment(self, node: yaml.Node, fields: dict[str, yaml.Node]) -> Moment | None:
        if "while" not in fields:
            for key in ("after_s", "timeout_s"):
                if key in fields:
                    raise self._error(
                        fields[key], f"{key} needs a moment", "add while: agent_speaking"
                    )
            return None
        self._one_of(fields["while"], "while", ("agent_speaking",))
        return Moment(
            after_s=self._number(fields, "after_s", 0, 60, 1.0),
            timeout_s=self._number(fields, "timeout_s", 0.1, 600, 10),
        )

    def _role(self, node: yaml.Node, fields: dict[str, yaml.Node], default: Role) -> Role:
        if "role" in fields:
            return self._one_of(fields["role"], "role", _ROLES)
        if "while" in fields and default != "backchannel":
            raise self._error(
                node,
                "what is said while the agent speaks needs a role",
                f"role: one of {_listed(_ROLES)}",
            )
        return default

    def _mapping(
        self, node: yaml.Node, known: tuple[str, ...], what: str, fix: str = ""
    ) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node, f"{what} is a mapping", fix)
        fields: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value not in known:
                raise self._error(
                    key, f"{what} has no {key.value!r}", f"it may have {_listed(known)}"
                )
            if key.value in fields:
                raise self._error(key, f"{key.value} is there twice")
            fields[key.value] = value
        return fields

    def _text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            raise self._error(node, "this needs some text")
        return str(node.value).strip()

    def _number(
        self, fields: dict[str, yaml.Node], key: str, low: float, high: float, default: float
    ) -> float:
        if key not in fields:
            return default
        node = fields[key]
        try:
            number = float(node.value if isinstance(node, yaml.ScalarNode) else "")
        except ValueError:
            number = float("nan")
        if not low <= number <= high:
            raise self._error(node, f"{key} is a number from {low:g} to {high:g}")
        return number

    def _one_of(self, node: yaml.Node, key: str, allowed: tuple[T, ...]) -> T:
        for choice in allowed:
            if node.value == choice:
                return choice
        raise self._error(node, f"{key} cannot be {node.value!r}", f"one of {_listed(allowed)}")

    def _error(self, node: yaml.Node, what: str, fix: str = "") -> ConfigError:
        return ConfigError(what, where=f"{self._name}:{_line(node)}", fix=fix)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(words)
