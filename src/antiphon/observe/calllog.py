"""The call log: everything a call's machines were told and ordered, one JSON line each.

Lives here: the writer, which is a `Journal`, and the format's version. The format itself is
described in docs/reference/call-log.md. Must not live here: reading a log back (logreader).
"""

import errno
import json
import os
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from antiphon import __version__, actions, events
from antiphon.actions import Action
from antiphon.errors import ConfigError
from antiphon.events import Event

__all__ = ["FORMAT", "CallLogWriter"]

FORMAT: Final = 1
"""Goes up when a reader of the older format would misread the newer one."""

_BACKLOG_BYTES: Final = 1_000_000
"""What may wait in memory for a disk that refuses: some minutes of a lively call."""

_PASSING: Final = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE}
"""Reasons for which a file that cannot be opened now may be openable later in the call."""

_RESERVED: Final = {"t", "note"}


class CallLogWriter:
    """Writes a call's log as it happens: each line is handed to the operating system before the
    method returns, so the log of a process that dies is complete up to that moment.

    A disk that refuses is tried again with every line; meanwhile lines wait in memory. Those that
    no longer fit there are counted in ``lost``, and a ``lines_lost`` note marks the gap.
    """

    lost: int
    """Lines that will never be in the file."""
    lines: int
    """Lines in the file so far, the header included."""

    def __init__(self, path: Path, *, call: str, started: str, agent: dict[str, Any]) -> None:
        """``started`` is the wall clock, ISO 8601; ``agent`` is whatever rebuilds the machines.

        Raises `ConfigError` where no file can be made. A full disk is no such case.
        """
        self.path = path
        self.lines = self.lost = 0
        self._file: int | None = None
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._gap = 0
        self._last_s = 0.0
        self._closed = False
        try:
            self._open()
        except OSError as error:
            if error.errno not in _PASSING:
                raise ConfigError(
                    f"cannot write the call log {path}: {error.strerror}",
                    fix="name a file in a directory that exists and may be written to",
                ) from None
        self._write(
            {
                "antiphon_call_log": FORMAT,
                "call": call,
                "started": started,
                "antiphon": __version__,
                "agent": agent,
            }
        )

    def event(self, event: Event, now_s: float) -> None:
        """An input, before the machines are told."""
        self._last_s = max(self._last_s, now_s)
        self._write({"t": now_s, "event": events.to_json(event)})

    def actions(self, orders: list[Action], now_s: float) -> None:
        """What the machines made of it. No orders, no line."""
        if orders:
            self._last_s = max(self._last_s, now_s)
            self._write({"t": now_s, "actions": [actions.to_json(order) for order in orders]})

    def tick(self, now_s: float) -> None:
        """The timer fired: time itself is an input too."""
        self._last_s = max(self._last_s, now_s)
        self._write({"t": now_s, "tick": True})

    def note(self, name: str, now_s: float, /, **fields: object) -> None:
        """Something worth keeping that is not an input. What has no JSON form is kept as its
        repr; a field called ``t`` or ``note`` gets an underscore behind it."""
        self._last_s = max(self._last_s, now_s)
        kept = {f"{key}_" if key in _RESERVED else key: fields[key] for key in fields}
        self._write({"t": now_s, "note": name, **kept})

    def close(self) -> None:
        """Write the last line, which says what was lost, and give the file back. What comes
        after is lost. Closing twice does nothing."""
        if self._closed:
            return
        self._drain()
        if self._waiting:
            self.lost += len(self._waiting)
            self._waiting.clear()
        else:
            self._write({"t": self._last_s, "end": {"lines": self.lines, "lost": self.lost}})
        self._closed = True
        if self._file is not None:
            with suppress(OSError):
                os.close(self._file)
            self._file = None

    def _open(self) -> None:
        # Readable by its owner only: it holds what the caller said.
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)

    def _write(self, record: dict[str, Any]) -> None:
        if self._closed:
            self.lost += 1
            return
        line = _encode(record)
        if line is None:
            self.lost += 1
            return
        self._queue(line)
        self._drain()

    def _queue(self, line: bytes) -> None:
        # The newest goes, not the oldest: what is kept then replays without a gap.
        if self._gap or self._waiting_bytes + len(line) > _BACKLOG_BYTES:
            self._gap += 1
            self.lost += 1
            return
        self._waiting.append(line)
        self._waiting_bytes += len(line)

    def _drain(self) -> None:
        try:
            if self._file is None:
                self._open()
            while self._waiting:
                self._put()
                if not self._waiting and self._gap:
                    lost, self._gap = self._gap, 0
                    record = {"t": self._last_s, "note": "lines_lost", "lines": lost}
                    self._queue(msgspec.json.encode(record) + b"\n")
        except OSError:
            return  # still waiting; the next line tries again

    def _put(self) -> None:
        assert self._file is not None
        line = self._waiting[0]
        written = os.write(self._file, line)
        self._waiting_bytes -= written
        if written < len(line):
            self._waiting[0] = line[written:]
        else:
            self._waiting.popleft()
            self.lines += 1


def _encode(record: dict[str, Any]) -> bytes | None:
    try:
        return msgspec.json.encode(record, enc_hook=repr) + b"\n"
    except (TypeError, ValueError, OverflowError, RecursionError):
        pass  # half a surrogate pair, an enormous number: rare, and the slow encoder takes both
    try:
        return json.dumps(record, default=repr, separators=(",", ":")).encode() + b"\n"
    except (TypeError, ValueError, RecursionError):
        return None
