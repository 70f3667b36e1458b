"""Commands as processes: started with real engines, watched with their children, ended."""

import queue
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Thread
from typing import IO, Final

import psutil

LOADED_S: Final = 40.0
"""Four engines on two busy cores."""

LOOK_S: Final = 0.02
"""Between two looks at what no process tells."""


class Command:
    """A running `antiphon ...` and what it says on either stream."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.said: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self.readers = [
            Thread(target=self._read, args=(pipe,)) for pipe in (process.stdout, process.stderr)
        ]
        for reader in self.readers:
            reader.start()

    def until(self, like: Callable[[str], bool]) -> str:
        """The next line like that."""
        while True:
            try:
                line = self._lines.get(timeout=LOADED_S)
            except queue.Empty:
                raise AssertionError("\n".join(["it fell silent:", *self.said])) from None
            self.said.append(line)
            if like(line):
                return line

    def children(self) -> list[psutil.Process]:
        """Its engines."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def until_children(self, count: int) -> None:
        """Until it has started so many."""
        deadline_s = time.monotonic() + LOADED_S
        while len(self.children()) < count:
            assert time.monotonic() < deadline_s, f"only {self.children()}"
            time.sleep(LOOK_S)

    def end(self, signal_number: int, *, engines_s: float = 1.0) -> int:
        """Signal it; it has five seconds, and its engines this long after it. Returns its exit
        code."""
        children = self.children()
        self.process.send_signal(signal_number)
        code = self.process.wait(5)
        _until_gone(children, engines_s)
        return code

    def _read(self, pipe: IO[str]) -> None:
        for line in pipe:
            self._lines.put(line.rstrip("\n"))


def _until_gone(children: list[psutil.Process], within_s: float) -> None:
    """A child whose parent was killed may stay as an entry nobody reads: it runs no more."""
    deadline_s = time.monotonic() + within_s
    while alive := [child for child in children if _runs(child)]:
        assert time.monotonic() < deadline_s, f"orphans: {alive}"
        time.sleep(LOOK_S)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def command(*words: str, env: Mapping[str, str]) -> Iterator[Command]:
    """`antiphon` with these words. What is left of it at the end is killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "antiphon", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=dict(env),
    )
    started = Command(process)
    try:
        yield started
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for reader in started.readers:
            reader.join()
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()
