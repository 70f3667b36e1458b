"""One life of a child process: start it, talk to it, hear what it complains of, bury it.

There is no task in here: the event loop calls back when a descriptor is ready. What to do with
its messages, and whether to start another, is `antiphon.net.child`'s to decide.
"""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import antiphon
from antiphon.errors import RemoteProtocolError
from antiphon.net.child_job import Program
from antiphon.net.child_wire import FrameReader, Message, frame
from antiphon.net.refusal import washed

__all__ = ["ChildProcess"]

_READ_BYTES: Final = 1 << 18
_REAP_EVERY_S: Final = 0.01
_GRACE_S: Final = 0.5
"""A healthy child ends within a millisecond of the socket's end; one that does not is killed."""
_LAST_WORDS: Final = 20
"""Lines of the child's complaints kept for the error message."""
_LINE_BYTES: Final = 4096
"""Of a line without an end, such as a progress bar, the newest are kept."""
_PACKAGE_ROOT: Final = Path(antiphon.__file__).parents[1]


class ChildProcess:
    """A running child. ``hear`` gets its messages, ``lost`` is called when it can be talked to
    no more, and ``gone``, soon after, when it is buried and it is known how it ended."""

    def __init__(
        self,
        program: Program,
        log: logging.Logger,
        hear: Callable[[Message, bytes], None],
        lost: Callable[[], None],
        gone: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._hear, self._lost, self._gone, self._log = hear, lost, gone, log
        self._secrets = program.secrets
        self._reader = FrameReader()
        self._unsent = bytearray()
        self.last_words: deque[str] = deque(maxlen=_LAST_WORDS)
        self._partial_line = b""
        self._socket, theirs = socket.socketpair()
        try:
            self._process = _launch(program, theirs)
        except OSError:
            self._socket.close()
            raise
        finally:
            theirs.close()
        assert self._process.stdout is not None
        self._complaints = self._process.stdout
        self._socket.setblocking(False)
        os.set_blocking(self._complaints.fileno(), False)
        self._loop.add_reader(self._socket, self._read)
        self._loop.add_reader(self._complaints, self._listen)
        self._open = True

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def unsent_bytes(self) -> int:
        """What the child has not read yet."""
        return len(self._unsent)

    @property
    def how_it_ended(self) -> str:
        """In words, once it is gone."""
        code = self._process.returncode
        if code is None:
            return "still running"
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"

    def last_words_in_short(self) -> list[str]:
        """The end of what it complained of, without the arrows of a traceback."""
        return [line.strip() for line in self.last_words if line.strip(" ^~")][-4:]

    def send(self, message: Message, payload: bytes = b"") -> None:
        """Never blocks. To a child that is going away it says nothing."""
        if not self._open:
            return
        idle = not self._unsent
        self._unsent += frame(message, payload)
        if idle:
            self._write()

    def hang_up(self) -> None:
        """Close the socket, which ends a healthy child; an unhealthy one is killed soon after."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()
            self._lost()
            self._killing = self._loop.call_later(_GRACE_S, self._process.kill)
            self._reap()

    def kill(self) -> None:
        """End it now."""
        if self._process.poll() is None:
            self._process.kill()
        self.hang_up()

    def _write(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.kill()
            return
        del self._unsent[:sent]
        if self._unsent:
            self._loop.add_writer(self._socket, self._write)
        else:
            self._loop.remove_writer(self._socket)

    def _read(self) -> None:
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            # Exiting or broken; either way it is of no more use.
            self.hang_up()
            return
        try:
            for message, payload in self._reader.feed(data):
                if self._open:
                    self._hear(message, payload)
        except RemoteProtocolError as error:
            self.last_words.append(f"spoke nonsense: {error}")
            self.kill()

    def _listen(self) -> None:
        try:
            data = os.read(self._complaints.fileno(), _READ_BYTES)
        except BlockingIOError:
            return
        if not data:
            self._loop.remove_reader(self._complaints)
            return
        *lines, rest = (self._partial_line + data).split(b"\n")
        self._partial_line = rest[-_LINE_BYTES:]
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            text = washed(text, self._secrets) if self._secrets else text
            self.last_words.append(text)
            self._log.info("%s", text)

    def _reap(self) -> None:
        if self._process.poll() is None:
            self._loop.call_later(_REAP_EVERY_S, self._reap)
            return
        self._killing.cancel()
        self._listen()
        self._loop.remove_reader(self._complaints)
        self._complaints.close()
        self._gone()


def _launch(program: Program, theirs: socket.socket) -> "subprocess.Popen[bytes]":
    """Raises OSError where the system cannot. Takes under a millisecond of the loop's time."""
    descriptor = theirs.fileno()
    ours = (sys.executable, "-P", "-m", "antiphon.net.child_main", program.engine)
    return subprocess.Popen(
        [*(program.command or ours), str(descriptor)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(descriptor,),
        env=_environment(program.python_path),
    )


def _environment(python_path: tuple[str, ...]) -> Mapping[str, str]:
    """Ours, and where Antiphon itself is found: a test runner may know that only by sys.path."""
    inherited = os.environ.get("PYTHONPATH", "")
    places = (*python_path, str(_PACKAGE_ROOT), *filter(None, inherited.split(os.pathsep)))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(places))}
