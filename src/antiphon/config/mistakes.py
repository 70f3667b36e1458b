"""What is wrong with a settings file, for the person who wrote it.

Lives here: from a mistake to file and line, what stands there, and what could stand there
instead. Must not live here: the settings themselves; this knows only that they are pydantic
models in YAML.
"""

import difflib
import re
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import annotated_types
import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from antiphon.config import yamlfixes
from antiphon.errors import ConfigError

__all__ = ["Contradiction", "compose", "explained", "written_at"]

Place: TypeAlias = Sequence[str | int]

_KEY_TAGS: Final = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")
_SHAPES: Final[Mapping[str, str]] = {
    "language": "written as en or en-GB",
    "stt": "written as local/moonshine; `antiphon providers stt` lists them all",
    "tts": "written as local/piper; `antiphon providers tts` lists them all",
    "llm": "written as local/smollm2 or openai/MODEL, or null for none; `antiphon providers llm`"
    " lists them all",
    "llm_large": "written as anthropic/MODEL, or null for none; `antiphon providers llm` lists"
    " them all",
    "endpoint": "written as local/smart-turn, or null for none",
}
"""For settings whose form is a pattern, an example says more than the pattern."""
_NAMED: Final = ("stt", "tts", "llm", "llm_large", "endpoint")
_VENDOR: Final = re.compile("[a-z0-9_]+")
_SECRET: Final = re.compile("key|token|secret|passw", re.IGNORECASE)
_KEYS_ELSEWHERE: Final = (
    "keys come out of the environment, never out of a file; `antiphon providers NAME` says under"
    " which name"
)
_MORE: Final = 4
"""Further mistakes that are named; more than these are found after mending the first."""

_shown = reprlib.Repr()
_shown.maxstring = _shown.maxother = 60


class Contradiction(ValueError):
    """Settings that cannot stand together, raised by a validator; ``at`` is where to look, and
    ``fix`` what to do about it."""

    def __init__(self, what: str, *at: str | int, fix: str = "") -> None:
        super().__init__(what)
        self.at = at
        self.fix = fix


def compose(text: str, file: str) -> yaml.Node | None:
    """The YAML of a file, every name in it plain text that stands there once. Raises
    `ConfigError`, and RecursionError where it is nested too deeply."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        where = f"{file}:{yamlfixes.line_of(error)}"
        fix = yamlfixes.fix_for(error)
        raise ConfigError(f"not YAML: {error.problem}", where=where, fix=fix) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"not YAML: the character {error.character:#06x} may not stand in a file"
        raise ConfigError(what, where=f"{file}:{line}") from None
    for mapping in _mappings(node):
        _check_keys(mapping, file)
    return node


def explained(
    error: ValidationError, root: type[BaseModel], node: yaml.Node | None, file: str
) -> ConfigError:
    """The first mistake, in words; the others by their place."""
    # A name that is not known explains why another is missing, and not the other way round.
    mistakes = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    (place, first), *rest = ((_written(node, _place(one)), one) for one in mistakes)
    what, fix = _words(first, place, root)
    # A list that lacks only what is wrong in it is not wrong once more.
    places = [place, *(other for other, _ in rest)]
    others = list(dict.fromkeys(tuple(p) for p in places if not _holds(p, places)))[1:]
    if others:
        named = (f"{_dotted(p)} ({_at(file, _find(node, p))})" for p in others[:_MORE])
        fix = f"{fix}\n  also wrong: {', '.join(named)}".lstrip("\n ")
    return ConfigError(what, where=_at(file, _find(node, place)), fix=fix)


def written_at(node: yaml.Node | None, file: str, setting: str, value: str) -> str:
    """Where a setting has a value, alone, in a list, or as a name; empty where the file does not
    say it. A setting inside another is written ``mouth.voice``."""
    found = _find(node, _path(node, setting))
    inner = [found]
    if isinstance(found, yaml.SequenceNode):
        inner = found.value
    elif isinstance(found, yaml.MappingNode) and found is not node:
        inner = [key for key, _ in found.value]
    scalars = [one for one in inner if isinstance(one, yaml.ScalarNode)]
    return next((_at(file, one) for one in scalars if one.value == value), "")


# --- words ---------------------------------------------------------------------------------------


def _words(mistake: Any, loc: Place, root: type[BaseModel]) -> tuple[str, str]:
    """What is wrong at a place, and what to do about it."""
    name = _dotted(loc)
    empty = mistake["input"] is None
    value = "nothing" if empty else _shown.repr(mistake["input"])
    given = "and nothing stands there" if empty else f"not {value}"
    match mistake["type"]:
        case "extra_forbidden":
            allowed = _allowed(root, loc[:-1])
            return f"unknown setting {name!r}", _instead(str(loc[-1]), allowed)
        case "missing":
            return f"{name!r} is missing", f"add a line {loc[-1]}: ..."
        case "value_error":
            error = mistake["ctx"]["error"]
            return str(error), error.fix if isinstance(error, Contradiction) else ""
        case "string_type":
            quoted = not isinstance(mistake["input"], list | dict | None)
            return f"{name} is text, {given}", "put it in quotes" if quoted else ""
        case "string_pattern_mismatch" if loc[0] in _SHAPES:
            return f"{name} cannot be {value}", _shape(str(loc[0]), mistake["input"])
        case "tuple_type":
            return f"{name} is a list, {given}", "write [one, another], or each after a dash"
        case "model_type":
            allowed = _allowed(root, loc)
            return f"{name} holds settings, {given}", f"allowed here: {', '.join(allowed)}"
        case "dict_type" | "mapping_type":
            return (
                f"{name} holds names and values, {given}",
                "write each on a line: name: value",
            )
        case "literal_error":
            return f"{name} cannot be {value}", _choice(mistake)
        case "too_short" | "string_too_short":
            return f"{name} is empty", ""
        case _:
            rule = _bounds(root, loc) or _plain(mistake)
            if rule:
                return f"{name} cannot be {value}", f"it may be {rule}"
            return f"{name} cannot be {value}: {mistake['msg']}", ""


def _instead(unknown: str, allowed: Sequence[str]) -> str:
    close = difflib.get_close_matches(unknown, allowed, n=1)
    if not close and _SECRET.search(unknown):
        return _KEYS_ELSEWHERE
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}allowed here: {', '.join(allowed)}"


def _shape(setting: str, given: str) -> str:
    """How it is written, and what was meant by somebody who only named the vendor."""
    hint, lower = "", given.lower()
    if setting in _NAMED and lower != given and "/" in given and " " not in given:
        hint = f"did you mean {lower!r}? "
    elif setting in _NAMED and _VENDOR.fullmatch(lower):
        hint = f"did you mean '{lower}/MODEL'? "
    return f"{hint}it is {_SHAPES[setting]}"


def _choice(mistake: Any) -> str:
    """Which words it may be, and how to write one that YAML takes for yes or no."""
    expected: str = mistake["ctx"]["expected"]
    unquoted = "on" if mistake["input"] is True else "off" if mistake["input"] is False else ""
    if unquoted and f"'{unquoted}'" in expected:
        return (
            f'write "{unquoted}" in quotes: without them it means yes or no; it may be {expected}'
        )
    return f"it may be {expected}"


def _plain(mistake: Any) -> str:
    """The same from what was found, where no field says it: inside lists and mappings."""
    bounds = mistake.get("ctx", {})
    match mistake["type"]:
        case "less_than_equal":
            return f"{bounds['le']:g} at most"
        case "greater_than_equal":
            return f"{bounds['ge']:g} or more"
        case "float_type" | "float_parsing":
            return "a number"
        case "int_type" | "int_parsing" | "int_from_float":
            return "a whole number"
        case "bool_type" | "bool_parsing":
            return "true or false"
        case _:
            return ""


def _bounds(root: type[BaseModel], loc: Place) -> str:
    """What a number may be; nothing where the setting is no number with bounds."""
    field = _field(root, loc)
    kind = "a whole number" if field and field.annotation is int else "a number"
    low = high = ""
    for rule in field.metadata if field else ():
        match rule:
            case annotated_types.Ge(ge=bound):
                low = f"from {bound:g}"
            case annotated_types.Gt(gt=bound):
                low = f"above {bound:g}"
            case annotated_types.Le(le=bound):
                high = f"to {bound:g}"
            case _:
                pass
    return " ".join((kind, *filter(None, (low, high)))) if low or high else ""


def _allowed(root: type[BaseModel], loc: Place) -> list[str]:
    """The settings that may stand at a place."""
    return list(_model_at(root, loc).model_fields)


def _field(root: type[BaseModel], loc: Place) -> FieldInfo | None:
    return _model_at(root, loc[:-1]).model_fields.get(str(loc[-1])) if loc else None


def _model_at(root: type[BaseModel], loc: Place) -> type[BaseModel]:
    model = root
    for part in loc:
        if isinstance(part, str) and part in model.model_fields:
            model = _model_in(model.model_fields[part].annotation) or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The settings class in an annotation such as ``tuple[Topic, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        if found := _model_in(inner):
            return found
    return None


# --- places --------------------------------------------------------------------------------------


def _place(mistake: Any) -> Place:
    error = mistake.get("ctx", {}).get("error")
    loc: Place = mistake["loc"]
    return (*loc, *error.at) if isinstance(error, Contradiction) else loc


def _written(node: yaml.Node | None, loc: Place) -> Place:
    """The place as its author knows it: one name may stand for a list that holds only it."""
    outer = _find(node, loc[:-1]) if loc and isinstance(loc[-1], int) else None
    return loc[:-1] if isinstance(outer, yaml.ScalarNode) else loc


def _holds(place: Place, places: Sequence[Place]) -> bool:
    return any(len(p) > len(place) and p[: len(place)] == place for p in places)


def _dotted(loc: Place) -> str:
    return ".".join(str(part) for part in loc) or "the file"


def _path(node: yaml.Node | None, setting: str) -> list[str]:
    """The names of a dotted setting, of which some have dots of their own."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if setting.startswith(f"{key.value}."):
            return [key.value, *_path(value, setting.removeprefix(f"{key.value}."))]
    return [setting]


def _find(node: yaml.Node | None, loc: Place) -> yaml.Node | None:
    """The YAML node a setting stands in, or the nearest one around it."""
    for part in loc:
        inner = None
        if isinstance(node, yaml.MappingNode):
            # An empty value has no place of its own, its name has.
            inner = next(
                (v if v.value != [] else k for k, v in node.value if k.value == part), None
            )
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            inner = node.value[part] if part < len(node.value) else None
        if inner is None:
            return node
        node = inner
    return node


def _mappings(root: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    """Every mapping once, also one that aliases repeat or that holds itself."""
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield node
            waiting += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def _check_keys(mapping: yaml.MappingNode, file: str) -> None:
    """YAML lets a later key silently win over an earlier one, and a key be a number; we do not."""
    seen: dict[str, int] = {}
    for key, _ in mapping.value:
        line = key.start_mark.line + 1
        if key.tag not in _KEY_TAGS:
            raise ConfigError(
                f"{key.value!r} is no name of a setting",
                where=f"{file}:{line}",
                fix="a name is text; put it in quotes if it looks like something else",
            )
        if key.value in seen:
            raise ConfigError(
                f"{key.value!r} stands here twice",
                where=f"{file}:{line}",
                fix=f"keep one of them; the first is in line {seen[key.value]}",
            )
        seen[key.value] = line


def _at(file: str, node: yaml.Node | None) -> str:
    return f"{file}:{node.start_mark.line + 1}" if node else file
