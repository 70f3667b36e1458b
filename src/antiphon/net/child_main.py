"""The child's side of `antiphon.net.child`: ``python -m antiphon.net.child_main MODULE:CLASS FD``.

A fresh interpreter that imports one engine and nothing else of Antiphon's edges. The main thread
reads, a thread per lane works. It never outlives its parent: the end of the socket ends it, and
on Linux the kernel does where native code holds the interpreter.
"""

import ctypes
import faulthandler
import functools
import importlib
import os
import queue
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Mapping
from typing import Any, Final

from antiphon.errors import Missing, ProviderError
from antiphon.net.child_wire import (
    Begin,
    CancelJob,
    DoJob,
    Done,
    Failed,
    FrameReader,
    Message,
    Piece,
    Ready,
    Refused,
    frame,
)
from antiphon.net.engine import Engine, Work

_READ_BYTES: Final = 1 << 18
_EXIT_SOFTWARE: Final = 70
_PR_SET_PDEATHSIG: Final = 1

_KINDS: Final = ("TimedOut", "AtCapacity", "Rejected")


class _Link:
    """The socket to the parent. Any thread may send."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._reader = FrameReader()
        self._sending = threading.Lock()

    def send(self, message: Message, payload: bytes = b"") -> None:
        try:
            with self._sending:
                self._socket.sendall(frame(message, payload))
        except OSError:
            os._exit(0)  # the parent is gone, and so is the reason to go on

    def receive(self) -> list[tuple[Message, bytes]]:
        try:
            data = self._socket.recv(_READ_BYTES)
        except OSError:
            data = b""
        if not data:
            os._exit(0)
        return self._reader.feed(data)


def _tell(link: _Link, job: int, work: Work, fields: Mapping[str, Any], payload: bytes) -> None:
    if not work.cancelled:
        link.send(Piece(job, dict(fields)), payload)


def _lane(engine: Engine, link: _Link, jobs: "queue.SimpleQueue[tuple[int, Work]]") -> None:
    while True:
        job, work = jobs.get()
        try:
            if not work.cancelled:
                engine.work(work, functools.partial(_tell, link, job, work))
        except ProviderError as error:
            name = type(error).__name__
            kind = next((known for known in _KINDS if known == name), "Unavailable")
            link.send(Failed(job, kind, str(error)))  # type: ignore[arg-type]
        else:
            link.send(Done(job))


def _serve(engine: Engine, link: _Link, lanes: int) -> None:
    """Read for ever: cancelling must get through while native work goes on."""
    jobs: queue.SimpleQueue[tuple[int, Work]] = queue.SimpleQueue()
    for number in range(lanes):
        threading.Thread(
            target=_lane, args=(engine, link, jobs), name=f"lane-{number}", daemon=True
        ).start()
    known: dict[int, Work] = {}
    while True:
        for message, payload in link.receive():
            match message:
                case DoJob(job=job, fields=fields):
                    # The parent fills no more lanes than there are, so this stays small.
                    for stale in list(known)[: -2 * lanes]:
                        del known[stale]
                    known[job] = work = Work(fields, payload)
                    jobs.put((job, work))
                case CancelJob(job=job) if job in known:
                    known.pop(job).cancel()


def _follow_parent() -> None:
    """Die with the thread that started us, even inside a long native call."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _die_of(hooked: threading.ExceptHookArgs) -> None:
    """An engine that raised what it should not is in an unknown state: end, be started anew."""
    traceback.print_exception(hooked.exc_type, hooked.exc_value, hooked.exc_traceback)
    sys.stderr.flush()
    os._exit(_EXIT_SOFTWARE)


def main() -> None:
    # Both are for the parent, which may have calls to end in peace, and then ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    faulthandler.enable()
    _follow_parent()
    threading.excepthook = _die_of
    name, descriptor = sys.argv[1], int(sys.argv[2])
    link = _Link(descriptor)
    while not (begun := link.receive()):
        pass
    begin = begun[0][0]
    if not isinstance(begin, Begin):
        raise SystemExit(f"began with {begin}")
    os.environ.update(begin.environment)
    os.nice(begin.nice)
    module, _, engine_class = name.partition(":")
    try:
        engine: Engine = getattr(importlib.import_module(module), engine_class)(begin.settings)
    except Missing as error:
        link.send(Refused(error.what, error.fix))
        return
    except ModuleNotFoundError as error:
        link.send(Refused(str(error), f"pip install the package that has {error.name!r}"))
        return
    link.send(Ready(dict(engine.facts)))
    _serve(engine, link, begin.lanes)


if __name__ == "__main__":
    main()
