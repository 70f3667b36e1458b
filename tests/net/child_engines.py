"""Pretended engines for the child runtime's tests; imported only in child processes."""

import ctypes
import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from antiphon.errors import Missing, Rejected
from antiphon.net.engine import Tell, Work


class Echo:
    """Does what its jobs say."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.facts: Mapping[str, Any] = {
            "pid": os.getpid(),
            "nice": os.nice(0),
            "threads": os.environ.get("OMP_NUM_THREADS"),
            "settings": dict(settings),
            "piper": "piper" in sys.modules,
        }
        self._begun: list[str] = []

    def work(self, work: Work, tell: Tell) -> None:
        self._begun.append(work.fields.get("name", ""))
        getattr(self, f"_{work.fields['do']}")(work, tell)

    def _echo(self, work: Work, tell: Tell) -> None:
        tell({"size": len(work.payload)}, work.payload)

    def _count(self, work: Work, tell: Tell) -> None:
        for number in range(work.fields["to"]):
            tell({"number": number}, b"")

    def _list_begun(self, work: Work, tell: Tell) -> None:
        tell({"names": list(self._begun)}, b"")

    def _wait(self, work: Work, tell: Tell) -> None:
        tell({}, b"")
        stop = threading.Event()
        work.on_cancel(stop.set)
        stop.wait()

    def _native(self, work: Work, tell: Tell) -> None:
        tell({}, b"")
        time.sleep(work.fields["seconds"])  # deaf, as native code is

    def _flood(self, work: Work, tell: Tell) -> None:
        for _ in range(work.fields["pieces"]):
            tell({}, bytes(1 << 20))

    def _reject(self, work: Work, tell: Tell) -> None:
        raise Rejected("no such voice")

    def _mutter(self, work: Work, tell: Tell) -> None:
        for _ in range(200):
            os.write(2, b"." * (1 << 16))
        os.write(2, b"done\n")
        tell({}, b"")

    def _complain(self, work: Work, tell: Tell) -> None:
        print("the weights look odd", file=sys.stderr, flush=True)
        print("on stdout too", flush=True)
        tell({}, b"")

    def _raise(self, work: Work, tell: Tell) -> None:
        raise ZeroDivisionError("a bug of the engine")

    def _segfault(self, work: Work, tell: Tell) -> None:
        ctypes.string_at(0)

    def _nonsense(self, work: Work, tell: Tell) -> None:
        os.write(int(sys.argv[2]), b"\xff" * 64)
        time.sleep(10)


class NotInstalled:
    def __init__(self, settings: Mapping[str, Any]) -> None:
        raise Missing("no weights", fix="run: antiphon models pull something")


class NeverReady:
    def __init__(self, settings: Mapping[str, Any]) -> None:
        time.sleep(60)


class MayHang(Echo):
    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        if Path(settings["hang_while"]).exists():
            time.sleep(60)


class DiesAtStart:
    def __init__(self, settings: Mapping[str, Any]) -> None:
        print("libsomething.so.6: cannot open shared object file", file=sys.stderr, flush=True)
        sys.exit(3)


class DiesAtWork(Echo):
    def work(self, work: Work, tell: Tell) -> None:
        print("out of arena", file=sys.stderr, flush=True)
        os._exit(9)


class Reader:
    """A recogniser of pretended speech: a tenth of a second of samples of value 7 is the word
    ``w7``. It takes its time."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.facts: Mapping[str, Any] = {}
        self._seconds = settings.get("seconds", 0.0)
        self._read = 0

    def work(self, work: Work, tell: Tell) -> None:
        if not work.payload and "rate_hz" not in work.fields:
            tell({"read": self._read}, b"")
            return
        self._read += 1
        time.sleep(self._seconds)
        samples = memoryview(work.payload).cast("h")
        values = [samples[at] for at in range(0, len(samples), work.fields["rate_hz"] // 50)]
        words = [value for value, before in zip(values, [0, *values], strict=False) if value]
        text = " ".join(f"w{value}" for value in dict.fromkeys(words))
        tell({"text": text, "words": [], "confidence": 0.5}, b"")
