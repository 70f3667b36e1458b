"""Reading a call log back.

Lives here: the lines as objects, and saying which line is damaged. The format is described in
docs/reference/call-log.md, written by `antiphon.observe.calllog`. Must not live here: what the
lines mean (latency, audit) and running them again (replay).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from antiphon import actions, events
from antiphon.actions import Action
from antiphon.errors import ConfigError, RemoteProtocolError
from antiphon.events import Event
from antiphon.observe.calllog import FORMAT

__all__ = [
    "PRETENDED",
    "CallLog",
    "Ended",
    "Header",
    "Line",
    "Noted",
    "Ordered",
    "Ticked",
    "Told",
    "read",
]

PRETENDED: Final = "pretended"
"""The note of a call whose vendors were the sandbox's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line."""

    call: str
    started: str
    """Wall clock, ISO 8601."""
    antiphon: str
    """The version that wrote it."""
    agent: dict[str, Any]
    """Whatever rebuilds the machines."""


@dataclass(frozen=True, slots=True)
class Told:
    """An input event."""

    number: int
    """Of the line in the file, from 1."""
    t: float
    event: Event


@dataclass(frozen=True, slots=True)
class Ticked:
    """The timer fired."""

    number: int
    t: float


@dataclass(frozen=True, slots=True)
class Ordered:
    """What the machines ordered, after the input line before it."""

    number: int
    t: float
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that is not an input."""

    number: int
    t: float
    name: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """The last line of a call that was closed."""

    number: int
    t: float
    lines: int
    lost: int


Line: TypeAlias = Told | Ticked | Ordered | Noted | Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLog:
    """A call log, read."""

    path: Path
    header: Header
    lines: tuple[Line, ...]
    torn_line: int | None = None
    """The number of the last line, where it was cut off: the process died while it wrote, or
    somebody cut the file. It is not in ``lines``."""

    @property
    def torn(self) -> bool:
        """Whether the last line was cut off."""
        return self.torn_line is not None

    @property
    def pretended(self) -> str:
        """What played the vendors, where they were not real; empty: they were."""
        notes = (line for line in self.lines if isinstance(line, Noted))
        return next((str(n.fields.get("by", "")) for n in notes if n.name == PRETENDED), "")

    @property
    def closed(self) -> bool:
        """Whether the call came to its end, rather than its process."""
        return any(isinstance(line, Ended) for line in self.lines[-1:])


def read(path: Path) -> CallLog:
    """The log at ``path``. Raises `ConfigError`, with the line, where it is not one."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read the call log {path}: {error.strerror}") from None
    texts = raw.split(b"\n")
    # Empty where the last line is whole.
    torn_line = len(texts) if texts[-1].strip() and not _is_json(texts[-1]) else None
    numbered = [(n, text) for n, text in enumerate(texts, 1) if text.strip() and n != torn_line]
    records = [(number, _record(text, f"{path}:{number}")) for number, text in numbered]
    if not records:
        why = "it ends in the middle of its first line" if torn_line else "it is empty"
        raise ConfigError(f"this call log has no header: {why}", where=f"{path}:1")
    header = _header(records[0][1], f"{path}:{records[0][0]}")
    lines = tuple(_line(number, record, f"{path}:{number}") for number, record in records[1:])
    return CallLog(path=path, header=header, lines=lines, torn_line=torn_line)


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _record(text: bytes, where: str) -> dict[str, Any]:
    try:
        record = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"this line is damaged: {error}", where=where) from None
    if not isinstance(record, dict):
        raise ConfigError("this line is damaged: not a JSON object", where=where)
    return record


def _header(record: dict[str, Any], where: str) -> Header:
    if "antiphon_call_log" not in record:
        raise ConfigError("this is not a call log: its first line is no header", where=where)
    if (version := record["antiphon_call_log"]) != FORMAT:
        raise ConfigError(
            f"call log format {version!r}; this version reads {FORMAT}",
            where=where,
            fix=f"use the version of Antiphon that wrote it: {record.get('antiphon', 'unknown')}",
        )
    fields = {name: record.get(name) for name in ("call", "started", "antiphon", "agent")}
    try:
        return msgspec.convert(fields, Header)
    except msgspec.ValidationError as error:
        raise ConfigError(f"this header is damaged: {error}", where=where) from None


def _line(number: int, record: dict[str, Any], where: str) -> Line:
    try:
        t = msgspec.convert(record.pop("t"), float)
        match record:
            case {"event": dict(told)}:
                return Told(number, t, events.from_json(told))
            case {"tick": True}:
                return Ticked(number, t)
            case {"actions": list(ordered)}:
                return Ordered(number, t, tuple(_action(order) for order in ordered))
            case {"note": str(name), **fields}:
                return Noted(number, t, name, fields)
            case {"end": {"lines": int(lines), "lost": int(lost)}}:
                return Ended(number, t, lines, lost)
            case _:
                raise RemoteProtocolError("neither event, tick, actions, note nor end")
    except KeyError:
        raise ConfigError("this line is damaged: it has no time", where=where) from None
    except (RemoteProtocolError, msgspec.ValidationError, TypeError) as error:
        raise ConfigError(f"this line is damaged: {error}", where=where) from None


def _action(order: object) -> Action:
    if not isinstance(order, dict):
        raise RemoteProtocolError("an action is not an object")
    return actions.from_json(order)
