"""Listening, and stopping without cutting anybody off.

The first signal to stop drains: calls go on, new ones are refused, and the process ends with the
last of them. At the deadline, or at a second signal, what is left is hung up: every caller is told,
and every log is written to its end. A third signal does not wait for that.

Lives here: when. How a call ends is its own affair, how a connection does is connection.py.
"""

import errno
import logging
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from antiphon.errors import ConfigError, Missing
from antiphon.ports.clock import Clock
from antiphon.server import connection
from antiphon.server.calls import Calls
from antiphon.server.settings import ServerSettings

__all__ = ["Listening", "listen", "serve"]

log = logging.getLogger(__name__)

HANG_UP_S: Final = 4.0
"""What calls get to say goodbye and write their logs: two steps of 2 s are all a call takes."""
CUT_OFF_S: Final = 2.0
"""What those get that did not: their task is cancelled, and the caller still told."""
LOOK_S: Final = 0.05
"""Between two looks at whether they have: a signal can tell us nothing but by what it sets."""
TEARDOWN_S: Final = 5
"""What connections get to close after that; each has its own deadline, which is sooner."""
RECEIVE_BYTES: Final = 32768
"""The kernel doubles it: enough for the widest audio over a path of 0.3 s. A flood of the smallest
frames held the loop for 110 to 300 ms with the usual buffer, 20 to 50 ms with this."""
HEADER_BYTES: Final = 16384
"""Of one request; the longest a browser sends is about half of it."""
UVICORN_SLACK: Final = 4
"""The library cuts a peer off without our explanation, so its limit on messages lies higher."""


class Listening:
    """A bound port. Make it with `listen` before anything slow, so that a port in use is
    reported at once."""

    def __init__(self, bound: socket.socket, settings: ServerSettings) -> None:
        self.socket = bound
        self.port: int = bound.getsockname()[1]
        scheme = "https" if settings.certificate else "http"
        host = "localhost" if settings.host == "127.0.0.1" else settings.host
        self.url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"


def listen(settings: ServerSettings) -> Listening:
    """Take the port. Raises `ConfigError` naming what to do when that is not possible, or when
    there is something wrong with the certificate."""
    _check_certificate(settings.certificate, settings.certificate_key)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # What has come of a connection is parsed in one go while every other call waits.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    # Closing waits until the peer has taken what was sent, for ever if it never does. Linux can
    # put an end to that, and accepted connections inherit it.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        patience_ms = round(settings.websocket.gone_s * 2000)
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, patience_ms)
    try:
        bound.bind((settings.host, settings.port))
        bound.listen()
    except OSError as error:
        bound.close()
        raise _cannot_listen(error, settings) from None
    return Listening(bound, settings)


def _check_certificate(certificate: Path | None, key: Path | None) -> None:
    if certificate is None:
        if key is not None:
            raise ConfigError("--certificate-key has no certificate", fix="add --certificate")
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
    except OSError as error:  # an SSLError is one
        raise ConfigError(
            f"--certificate {certificate} cannot be used: {error.strerror or error}",
            fix="give a PEM file with the chain, and its key there or with --certificate-key",
        ) from None


def _cannot_listen(error: OSError, settings: ServerSettings) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        return Missing(
            f"port {settings.port} on {settings.host} is in use",
            fix=f"stop what is using it, or choose another: --port {settings.port + 1}",
        )
    if error.errno == errno.EACCES:
        return ConfigError(
            f"port {settings.port} may only be opened by root", fix="choose one above 1023: --port"
        )
    return ConfigError(
        f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}",
        fix="give an address of this machine: --host 127.0.0.1",
    )


async def serve(
    app: ASGIApp,
    listening: Listening,
    settings: ServerSettings,
    calls: Calls,
    clock: Clock,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until a signal to stop, and until the calls are over. ``ready`` is called once
    connections are taken. Those in ``calls`` are ended here when their time is up."""
    config = uvicorn.Config(
        app,
        http=connection.Http,
        h11_max_incomplete_event_size=HEADER_BYTES,
        ws=connection.WebSocket,
        ws_max_size=settings.websocket.max_message_bytes * UVICORN_SLACK,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        lifespan="off",
        log_config=None,
        # Its own lines say what ours do; and below this, whole requests with their tokens.
        log_level=logging.WARNING,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.certificate_key,
        timeout_graceful_shutdown=TEARDOWN_S,
    )
    with listening.socket:
        await _Server(config, calls, settings.drain_s, clock, ready).serve([listening.socket])


class _Server(uvicorn.Server):
    def __init__(
        self,
        config: uvicorn.Config,
        calls: Calls,
        drain_s: float,
        clock: Clock,
        ready: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._calls, self._drain_s, self._clock, self._ready = calls, drain_s, clock, ready
        self._drained_by: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            self.force_exit = True
        elif self._calls.draining:
            self.should_exit = True
        else:
            self._calls.draining = True

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second: the place to notice that the last call has ended."""
        if self._calls.draining and not self.should_exit:
            now = self._clock.now()
            if self._drained_by is None:
                self._drained_by = now + self._drain_s
                log.info("stopping; waiting for %d calls", len(self._calls))
            self.should_exit = not self._calls or now >= self._drained_by
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """The calls first: the library only knows connections, and closes them over our heads."""
        self._calls.draining = True
        if self._calls:
            log.info("hanging up on %d calls", len(self._calls))
        for end, within_s in ((self._calls.stop, HANG_UP_S), (self._calls.cancel, CUT_OFF_S)):
            end()
            over_by = self._clock.now() + within_s
            while self._calls and not self.force_exit and self._clock.now() < over_by:
                await self._clock.sleep_until(self._clock.now() + LOOK_S)
        await super().shutdown(sockets)
