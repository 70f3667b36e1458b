"""The agent file: what one agent is, in YAML, and what is wrong with it if it cannot work.

Every mistake is reported with file and line, what stands there, and what could stand there
instead. Settings of a part live beside that part; here they are only put together.
"""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from antiphon.dialog.settings import ReceptionistSettings
from antiphon.errors import ConfigError
from antiphon.mouth.settings import MouthSettings
from antiphon.turns.settings import PRESETS, TurnSettings

__all__ = ["AgentSettings", "load"]

Provider = Annotated[str, Field(pattern=r"^[a-z0-9_]+/[A-Za-z0-9._-]+$")]


class AgentSettings(BaseModel):
    """One agent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """Who answers; shown by commands and pages, never spoken."""
    language: Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")] = "en"
    """Of the caller's speech, as the recogniser is told: ``en``, ``en-GB``."""
    stt: Provider = "local/moonshine"
    """Who listens."""
    tts: Provider = "local/piper"
    """Who speaks."""
    llm: Provider | None = "local/smollm2"
    """Who makes small talk; none: nobody."""
    endpoint: Provider | None = "local/smart-turn"
    """The end-of-turn model; none: silence and words decide alone."""
    keyterms: tuple[str, ...] = ()
    """Names and words the recogniser should expect."""
    preset: str = "receptionist"
    """The turn-taking preset that ``turns`` starts from."""
    turns: TurnSettings = TurnSettings()
    """How patient, how polite and how long; only what differs from the preset."""
    mouth: MouthSettings = MouthSettings()
    """How replies are cut, cached and played."""
    dialog: ReceptionistSettings
    """What the agent says."""

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, data: Any) -> Any:
        """Lay ``turns`` over the preset it names."""
        if not isinstance(data, Mapping):
            return data
        preset, turns = data.get("preset", "receptionist"), data.get("turns") or {}
        if isinstance(preset, str) and preset not in PRESETS:
            raise ValueError(f"no preset {preset!r}; there are {', '.join(PRESETS)}")
        if isinstance(preset, str) and isinstance(turns, Mapping):
            return {**data, "turns": {**PRESETS[preset].model_dump(), **turns}}
        return data

    @model_validator(mode="after")
    def _patience(self) -> Self:
        turns = self.turns
        if not turns.floor_s <= turns.sure_s <= turns.unsure_s <= turns.ceiling_s:
            raise ValueError(
                "turns: floor_s <= sure_s <= unsure_s <= ceiling_s must hold; they are "
                f"{turns.floor_s}, {turns.sure_s}, {turns.unsure_s}, {turns.ceiling_s}"
            )
        if self.llm is None and self.dialog.small_talk is not None:
            raise ValueError(
                "dialog.small_talk needs a language model, and llm is null; remove one of them"
            )
        return self


def load(path: Path) -> AgentSettings:
    """Read an agent file, or a directory with an ``agent.yaml``. Raises `ConfigError`."""
    file = path / "agent.yaml" if path.is_dir() else path
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"not UTF-8 text: {error.reason}", where=str(file)) from None
    except OSError as error:
        raise ConfigError(
            f"cannot read the agent file: {error.strerror}",
            where=str(file),
            fix="name an agent.yaml, or the directory that holds one",
        ) from None
    return parse(text, str(file))


def parse(text: str, file: str) -> AgentSettings:
    """An agent from the text of its file. Raises `ConfigError`."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigError(f"not YAML: {error.problem}", where=f"{file}:{line}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"not YAML: {error}", where=file) from None
    if not isinstance(data, dict):
        raise ConfigError("an agent file is a mapping of settings", where=f"{file}:1")
    if repeated := _repeated_key(node):
        raise ConfigError(f"{repeated.value!r} stands here twice", where=_at(file, repeated))
    try:
        return AgentSettings.model_validate(data)
    except ValidationError as error:
        raise _explained(error, node, file) from None


def _explained(error: ValidationError, node: yaml.Node | None, file: str) -> ConfigError:
    """The first mistake, in words; the others by their place."""
    mistakes = error.errors()
    first, rest = mistakes[0], mistakes[1:]
    loc = tuple(part for part in first["loc"])
    what, fix = _words(first, loc)
    if rest:
        places = ", ".join(_dotted(other["loc"]) for other in rest[:4])
        fix = f"{fix}\n  also wrong: {places}".lstrip("\n")
    return ConfigError(what, where=_at(file, _find(node, loc)), fix=fix)


def _words(mistake: Any, loc: Sequence[str | int]) -> tuple[str, str]:
    name = _dotted(loc)
    match mistake["type"]:
        case "extra_forbidden":
            allowed = _allowed(loc[:-1])
            close = difflib.get_close_matches(str(loc[-1]), allowed, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            return f"unknown setting {name!r}", f"{hint}allowed here: {', '.join(allowed)}"
        case "missing":
            return f"{name!r} is missing", f"add a line {loc[-1]}: ..."
        case "value_error":
            return str(mistake["ctx"]["error"]), ""
        case _:
            return f"{name}: {mistake['msg']}", f"it is {mistake['input']!r}"


def _allowed(loc: Sequence[str | int]) -> list[str]:
    """The settings that may stand at a place."""
    model: Any = AgentSettings
    for part in loc:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The settings class in an annotation such as ``tuple[Topic, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        if found := _model_in(inner):
            return found
    return None


def _dotted(loc: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in loc) or "agent"


def _find(node: yaml.Node | None, loc: Sequence[str | int]) -> yaml.Node | None:
    """The YAML node a setting stands in, or the nearest one around it."""
    for part in loc:
        inner = None
        if isinstance(node, yaml.MappingNode):
            inner = next(
                (v if v.value != [] else k for k, v in node.value if k.value == part), None
            )
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            inner = node.value[part] if part < len(node.value) else None
        if inner is None:
            return node
        node = inner
    return node


def _repeated_key(node: yaml.Node | None) -> yaml.ScalarNode | None:
    """YAML lets a later key silently win over an earlier one; we do not."""
    if isinstance(node, yaml.SequenceNode):
        return next((found for item in node.value if (found := _repeated_key(item))), None)
    if not isinstance(node, yaml.MappingNode):
        return None
    seen: set[str] = set()
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                return key
            seen.add(key.value)
        if found := _repeated_key(value):
            return found
    return None


def _at(file: str, node: yaml.Node | None) -> str:
    return f"{file}:{node.start_mark.line + 1}" if node else file
