"""Pretended engines for the child runtime's tests; imported only in child processes."""

import ctypes
import os
import sys
import threading
import time
from collections.abc import Mapping
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
        fields = work.fields
        self._begun.append(fields.get("name", ""))
        match fields["do"]:
            case "echo":
                tell({"size": len(work.payload)}, work.payload)
            case "count":
                for number in range(fields["to"]):
                    tell({"number": number}, b"")
            case "begun":
                tell({"names": list(self._begun)}, b"")
            case "until cancelled":
                tell({}, b"")
                stop = threading.Event()
                work.on_cancel(stop.set)
                stop.wait()
            case "native":
                tell({}, b"")
                time.sleep(fields["seconds"])  # deaf, as native code is
            case "flood":
                for _ in range(fields["pieces"]):
                    tell({}, bytes(1 << 20))
            case "reject":
                raise Rejected("no such voice")
            case "complain":
                print("the weights look odd", file=sys.stderr, flush=True)
                print("on stdout too", flush=True)
                tell({}, b"")
            case "raise":
                raise ZeroDivisionError("a bug of the engine")
            case "segfault":
                ctypes.string_at(0)
            case "nonsense":
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
        if os.path.exists(settings["hang_while"]):
            time.sleep(60)


class DiesAtStart:
    def __init__(self, settings: Mapping[str, Any]) -> None:
        print("libsomething.so.6: cannot open shared object file", file=sys.stderr, flush=True)
        sys.exit(3)


class DiesAtWork(Echo):
    def work(self, work: Work, tell: Tell) -> None:
        print("out of arena", file=sys.stderr, flush=True)
        os._exit(9)
