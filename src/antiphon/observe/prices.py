"""The price table: what providers charge, from where we know it, and as of when.

Lives here: the shape of a row, and reading the rows of our file and of the user's. The rows are in
prices.yaml. Must not live here: what a call used and what that costs (`cost`).
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeAlias, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from antiphon.errors import ConfigError

__all__ = ["Price", "Prices", "built_in", "load", "parse"]

Unit: TypeAlias = Literal["minute", "hour", "1k letters", "1M letters", "1M tokens", "free"]
Dollars: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Kind: TypeAlias = Literal[
    "input", "cached", "output", "audio", "audio input", "audio cached", "audio output"
]


class Price(BaseModel):
    """One row: a price, and when and where it holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: Literal["stt", "tts", "llm", "endpoint", "line"]
    """What it is for; ``line`` is a telephone line."""
    offer: str
    """The provider as an agent file names it, or a pattern: ``anthropic/*``."""
    model: str = "*"
    """The model, or a pattern. Where a call does not tell another, it is what follows the
    vendor's name."""
    unit: Unit
    """What the price is for; ``free`` costs nothing whatever is used."""
    price: Dollars | dict[Kind, Dollars | None] | None
    """In US dollars; for tokens, one for each kind. None: not known."""
    billed: Literal["audio", "session"] = "audio"
    """Of minutes and hours: those of audio, or those the connection is open."""
    step_s: Annotated[float, Field(gt=0)] | None = None
    """Time is rounded up to a multiple of this."""
    prompt_up_to: Annotated[int, Field(gt=0)] | None = None
    """Only for requests of at most so many tokens."""
    since: date | None = Field(default=None, alias="from")
    """Only for calls on this day or later."""
    until: date | None = None
    """Only for calls on this day or earlier."""
    source: Annotated[str, Field(min_length=1)]
    """Who says so."""
    as_of: date
    """When they said it."""
    note: str = ""
    """What else to know before believing it."""

    @model_validator(mode="after")
    def _fits_its_unit(self) -> Self:
        if (self.unit == "1M tokens") != isinstance(self.price, dict):
            raise ValueError("1M tokens have a price for each kind, everything else has one")
        if self.unit == "free" and self.price != 0:
            raise ValueError("what is free has the price 0")
        return self

    @property
    def counted(self) -> str:
        """What is counted for it: ``minute``, ``hour``, ``letter``, ``token``."""
        return self.unit.split()[-1].removesuffix("s")

    @property
    def limited(self) -> bool:
        """There may be other rows for other days and sizes."""
        return bool(self.since or self.until or self.prompt_up_to)

    def fits(self, port: str, provider: str, model: str) -> bool:
        """Whether it is this model's, on one day or another."""
        return (
            self.port == port
            and fnmatchcase(provider, self.offer)
            and fnmatchcase(model or provider.partition("/")[2], self.model)
        )

    def holds(self, day: date | None, prompt_tokens: int) -> bool:
        """Whether it holds on a day, for a request of a size."""
        if self.since or self.until:
            if day is None:
                return False
            if (self.since and day < self.since) or (self.until and day > self.until):
                return False
        return self.prompt_up_to is None or prompt_tokens <= self.prompt_up_to


@dataclass(frozen=True, slots=True)
class Prices:
    """All rows, the user's before ours."""

    rows: tuple[Price, ...]

    def of(self, port: str, provider: str, model: str = "") -> tuple[Price, ...]:
        """Every row of a model: its tiers, and its dates."""
        return tuple(row for row in self.rows if row.fits(port, provider, model))

    def on(
        self,
        port: str,
        provider: str,
        model: str = "",
        *,
        day: date | None = None,
        prompt_tokens: int = 0,
    ) -> Price | None:
        """The row that counts; None where there is none."""
        rows = self.of(port, provider, model)
        return next((row for row in rows if row.holds(day, prompt_tokens)), None)


@functools.cache
def built_in() -> Prices:
    """Our own rows."""
    text = (files("antiphon.observe") / "prices.yaml").read_text(encoding="utf-8")
    return Prices(parse(text, "prices.yaml"))


def load(own: Path | None) -> Prices:
    """Our rows, after those of the user's file if there is one. Raises `ConfigError`."""
    if own is None:
        return built_in()
    try:
        text = own.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(
            f"cannot read the price table: {reason}",
            where=str(own),
            fix="ANTIPHON_PRICES names a file like antiphon/observe/prices.yaml",
        ) from None
    return Prices((*parse(text, str(own)), *built_in().rows))


_rows: Final = TypeAdapter(tuple[Price, ...])


def parse(text: str, file: str) -> tuple[Price, ...]:
    """The rows in a file's text. Raises `ConfigError` with file and line."""
    try:
        node = yaml.compose(text, Loader=_Loader)
        data = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"not YAML: {error.problem}", where=f"{file}:{line}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"not YAML: {error}", where=f"{file}:1") from None
    if not isinstance(data, list):
        raise ConfigError(
            "a price table is a list of rows", where=f"{file}:1", fix=f"of a row: {_names()}"
        )
    try:
        return _rows.validate_python(data)
    except ValidationError as error:
        raise _explained(error, node, file) from None


class _Loader(yaml.SafeLoader):
    """Leaves dates as text: a date that is none would otherwise be an error without a line."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, form) for tag, form in known if not tag.endswith(":timestamp")]
    for letter, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _explained(error: ValidationError, node: yaml.Node | None, file: str) -> ConfigError:
    first = error.errors(include_url=False)[0]
    names = [str(part) for part in first["loc"][1:]] or ["a row"]
    where = f"{file}:{_line(node, first['loc'])}"
    match first["type"]:
        case "extra_forbidden":
            return ConfigError(f"a price has no {names[-1]!r}", where=where, fix=_names())
        case "missing":
            return ConfigError(f"{names[-1]!r} is missing", where=where)
        case "value_error":
            return ConfigError(str(first["ctx"]["error"]), where=where)
        case _ if names[0] == "price":
            fix = f"it is a number from 0, null where it is not known, or {_KINDS}"
            return ConfigError(f"price cannot be {first['input']!r}", where=where, fix=fix)
        case _:
            what = f"{names[0]} cannot be {first['input']!r}"
            return ConfigError(what, where=where, fix=first["msg"])


_KINDS: Final = f"one of both for each of {', '.join(get_args(Kind))}"


def _names() -> str:
    known = (field.alias or name for name, field in Price.model_fields.items())
    return f"it may have {', '.join(known)}"


def _line(node: yaml.Node | None, loc: Sequence[Any]) -> int:
    """Of the place, or of the nearest one around it."""
    for part in loc:
        inner = None
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            inner = node.value[part]
        elif isinstance(node, yaml.MappingNode):
            inner = next((value for key, value in node.value if key.value == part), None)
        if inner is None:
            break
        node = inner
    return node.start_mark.line + 1 if node else 1
