"""The sandbox, running: a thread with its own event loop, so that a test may block or be slow.

    with Sandbox(says=["What time do you open?"]) as sandbox:
        sandbox.rules.add(Fault(refuse=429, retry_after_s=2))
        ...  # point a client at sandbox.url
        assert sandbox.requests[0].authorised

Lives here: starting, stopping, and what a test may reach. What vendors do is in their folders.
"""

import asyncio
import logging
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request as OpeningRequest

from antiphon.call.clock import LoopClock
from antiphon.errors import InternalError, Missing
from antiphon.ports.llm import LanguageModel
from antiphon.ports.stt import Recogniser
from antiphon.ports.tts import Synthesiser
from antiphon.sandbox.app import Stage, create_app
from antiphon.sandbox.certificate import make_certificate
from antiphon.sandbox.drip import Drip
from antiphon.sandbox.ears import Said, ScriptedEars
from antiphon.sandbox.faults import Rules
from antiphon.sandbox.line import TRANSPORT
from antiphon.sandbox.plugged import all_desks, all_doors
from antiphon.sandbox.record import Request
from antiphon.sandbox.vendor import Desk, Door, Means
from antiphon.testing.mind import ScriptedModel
from antiphon.testing.voice import ScriptedVoice
from antiphon.wiring.providers import everyones

__all__ = ["Sandbox"]

START_WITHIN_S: Final = 60.0
"""Local engines load their models in this."""
STOP_WITHIN_S: Final = 10.0
MAX_FRAME: Final = 16 << 20
THREAD: Final = "antiphon sandbox"
ANSWER: Final = "I see. Thank you for telling me, is there anything else I can do for you today?"
"""What a scripted language model always says."""


def _needed(record: logging.LogRecord) -> bool:
    """A sandbox beside a server must not look like a second server that starts and stops."""
    return record.levelno > logging.INFO or record.threadName != THREAD


logging.getLogger("uvicorn.error").addFilter(_needed)

# At debug level the library logs every header, keys included; this logger has no debug level.
_quiet: Final = logging.getLogger("antiphon.sandbox.quiet")
_quiet.setLevel(logging.WARNING)


class _Protocol(WebSocketsSansIOProtocol):
    """Leaves the transport in the scope: some faults are below WebSocket."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.logger = self.conn.logger = _quiet
        self.conn.debug = False

    def handle_connect(self, event: OpeningRequest) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions = cast("dict[str, object]", self.scope["extensions"])
            extensions[TRANSPORT] = self.transport

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            # Without this, uvicorn takes a request that was turned down for one forgotten.
            self.handshake_complete = True


class _Http(H11Protocol):
    """The same for plain HTTP, where every connection begins."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(Drip(transport))

    @property
    def scope(self) -> Any:
        return self._scope

    @scope.setter
    def scope(self, scope: Any) -> None:
        if scope is not None:
            scope.setdefault("extensions", {})[TRANSPORT] = self.transport
        self._scope = scope


class Sandbox:
    """Every vendor there is so far, on one port of this machine. A context manager; it is
    running inside the block."""

    def __init__(  # noqa: PLR0913 - a world to be set up
        self,
        *,
        says: Sequence[str | Said] = (),
        ears: Callable[[], Recogniser] | None = None,
        voice: Callable[[], Synthesiser] | None = None,
        mind: Callable[[], LanguageModel] | None = None,
        key: str | None = None,
        port: int = 0,
        tls: bool = False,
        seed: int = 0,
        doors: Sequence[Door] = (),
        desks: Sequence[Desk] = (),
    ) -> None:
        """``says`` is what scripted recognisers hear, a line for each stretch of sound; ``ears``,
        ``voice`` and ``mind`` make engines of this machine to be used instead of the script, a
        hum, and always the same answer.
        ``key`` is the only key that is accepted; None accepts any.
        ``doors`` and ``desks`` are those of other vendors, and go before ours on the same
        path; what installed packages pretend is there without being named."""
        self._ears = ears or (lambda: ScriptedEars(says))
        self._voice = voice or (lambda: ScriptedVoice(clock=LoopClock()))
        self._mind = mind or (lambda: ScriptedModel(clock=LoopClock(), says=[ANSWER]))
        self._key, self._seed = key, seed
        self._doors, self._desks = (*doors, *all_doors()), (*desks, *all_desks())
        self._bound = [_bind(port), *([_bind(0)] if tls else [])]
        self.rules = Rules()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._servers: list[uvicorn.Server] = []
        self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stage: Stage | None = None
        self.certificate: Path | None = None
        """Of the TLS listener, where one was asked for."""

    @property
    def port(self) -> int:
        number: int = self._bound[0].getsockname()[1]
        return number

    @property
    def url(self) -> str:
        """For WebSocket clients: ``ws://127.0.0.1:PORT``."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        """The same over TLS: ``wss://localhost:PORT``."""
        if len(self._bound) < 2:
            raise InternalError("this sandbox was made without tls=True")
        return f"wss://localhost:{self._bound[1].getsockname()[1]}"

    def environ(self, *, tls: bool = False) -> dict[str, str]:
        """Keys and addresses under which every vendor is found here: what to put into the
        environment of whoever is to meet it. Those that are only met through their own package
        are not here, and their keys are left as they are."""
        here = "https" + self.tls_url.removeprefix("wss") if tls else self.http_url
        found: dict[str, str] = {}
        for offer in everyones():
            if offer.proof == "sdk boundary":
                continue
            if offer.address:
                found[offer.address] = here + (offer.sandbox or urlsplit(offer.home).path)
            if offer.key:
                found[offer.key] = self._key or "sandbox"
        return found

    @property
    def http_url(self) -> str:
        """The same for HTTP clients."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def requests(self) -> list[Request]:
        """Every opening request so far, the oldest first."""
        return self._running.requests

    def vanish(self, path: str = "") -> None:
        """Every connection there is now, to a path that begins so, breaks without a word."""
        stage = self._running
        assert self._loop is not None

        def break_all() -> None:
            for line in list(stage.lines):
                if line.request.path.startswith(path):
                    line.vanish()

        self._loop.call_soon_threadsafe(break_all)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(START_WITHIN_S):
            raise Missing("the sandbox did not start in time")
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in self._servers:
            server.should_exit = server.force_exit = True
        self._thread.join(STOP_WITHIN_S)
        if self._thread.is_alive():
            raise InternalError("the sandbox does not stop")

    # --- the thread --------------------------------------------------------------------------

    @property
    def _running(self) -> Stage:
        if self._stage is None:
            raise InternalError("the sandbox is not running")
        return self._stage

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except (Exception, ExceptionGroup) as failure:  # noqa: BLE001 - raised in __enter__
            self._failure = failure
        finally:
            for bound in self._bound:
                bound.close()
            if self._folder is not None:
                self._folder.cleanup()
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        means = Means(self._ears(), self._voice(), self._mind(), LoopClock())
        try:
            await means.ears.start()
            await means.voice.start()
            await means.mind.start()
            self._stage = Stage(means, key=self._key, rules=self.rules, seed=self._seed)
            app = create_app(self._doors, self._desks, self._stage)
            self._servers = [_server(app, tls) for tls in self._tls_files()]
            async with asyncio.TaskGroup() as group:
                for server, bound in zip(self._servers, self._bound, strict=True):
                    group.create_task(server.serve([bound]))
                self._ready.set()  # the ports are bound: whoever connects now waits a moment
        finally:
            await self._abort(means)
            await means.mind.aclose()
            await means.voice.aclose()
            await means.ears.aclose()

    async def _abort(self, means: Means) -> None:
        """Connections that a fault left half-open would otherwise never end."""
        for server in self._servers:
            for connection in list(server.server_state.connections):
                connection.transport.abort()
        await means.clock.sleep_until(means.clock.now())

    def _tls_files(self) -> list[tuple[Path, Path] | None]:
        if len(self._bound) < 2:
            return [None]
        self._folder = tempfile.TemporaryDirectory(prefix="antiphon-sandbox-")
        files = make_certificate(Path(self._folder.name))
        self.certificate = files[0]
        return [None, files]


def _bind(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
        bound.listen(128)
    except OSError as error:
        bound.close()
        raise Missing(
            f"port {port} cannot be used: {error.strerror or error}", fix="choose another: --port"
        ) from None
    return bound


def _server(app: ASGIApp, tls: tuple[Path, Path] | None) -> uvicorn.Server:
    files: dict[str, Any] = {}
    if tls is not None:
        files = {
            "ssl_certfile": str(tls[0]),
            "ssl_keyfile": str(tls[1]),
            "ssl_version": ssl.PROTOCOL_TLS_SERVER,
        }
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=_Http,
        ws=_Protocol,
        ws_max_size=MAX_FRAME,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        **files,
    )
    return uvicorn.Server(config)
