"""Downloads one file of known size and hash, going on where an earlier attempt stopped.

It knows addresses and bytes; which address, and what is in the file, others know.
"""

import hashlib
import http.client
import ssl
import urllib.error
import urllib.request
import urllib.response
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "Connection",
    "FetchFailed",
    "NeedsClient",
    "Pinned",
    "Progress",
    "WrongBytes",
    "download",
    "matches",
]

Progress = Callable[[str, int, int], None]
"""Called with the step ("downloading", "unpacking", ...), bytes done, bytes in all (0: unknown)."""

Response = http.client.HTTPResponse | urllib.response.addinfourl
"""From the network, or from a file: address."""

_CHUNK_BYTES = 1 << 16
_IDLE_TIMEOUT_S = 30.0
_TRIES_WITHOUT_A_BYTE = 3
_REFUSALS = (401, 403, 407)


class FetchFailed(Exception):
    """The address did not deliver; the message says why."""


class NeedsClient(FetchFailed):
    """The address wants credentials or certificates that only pip's own client may know."""


class WrongBytes(FetchFailed):
    """Delivered in full, and it is not the pinned file."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How this user reaches the network; empty means the system's own defaults."""

    certificates: str = ""
    proxy: str = ""

    def open(self, url: str, headers: dict[str, str]) -> Response:
        """Opens the address. Raises FetchFailed, or NeedsClient where it was refused."""
        if "@" in url.partition("//")[2].partition("/")[0]:
            raise NeedsClient("the address carries credentials")
        proxies = {"http": self.proxy, "https": self.proxy} if self.proxy else None
        try:
            tls = ssl.create_default_context(cafile=self.certificates or None)
            opener = urllib.request.build_opener(
                urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=tls)
            )
            request = urllib.request.Request(url, headers=headers)
            response: Response = opener.open(request, timeout=_IDLE_TIMEOUT_S)
        except urllib.error.HTTPError as error:
            kind = NeedsClient if error.code in _REFUSALS else FetchFailed
            with error:
                raise kind(f"HTTP {error.code}") from error
        except urllib.error.URLError as error:
            kind = NeedsClient if isinstance(error.reason, ssl.SSLError) else FetchFailed
            raise kind(str(error.reason)) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise FetchFailed(str(error) or type(error).__name__) from error
        return response


@dataclass(frozen=True, slots=True)
class Pinned:
    """What the file must be."""

    size_bytes: int
    sha256: str


def download(
    url: str, part: Path, pinned: Pinned, connection: Connection, progress: Progress
) -> None:
    """Leaves the whole, verified file at ``part``; what arrived of a broken one stays there.

    Raises FetchFailed when the address stops delivering, WrongBytes when it delivers another
    file, OSError when the disk refuses.
    """
    resumed = part.exists() and part.stat().st_size > 0
    _complete(url, part, pinned, connection, progress)
    if matches(part, pinned):
        return
    part.unlink()
    if resumed:  # the old bytes may be to blame: once more, from the beginning
        _complete(url, part, pinned, connection, progress)
        if matches(part, pinned):
            return
        part.unlink()
    raise WrongBytes("the downloaded file does not have the pinned SHA-256")


def _complete(
    url: str, part: Path, pinned: Pinned, connection: Connection, progress: Progress
) -> None:
    tries_left = _TRIES_WITHOUT_A_BYTE
    while tries_left:
        before = part.stat().st_size if part.exists() else 0
        if before >= pinned.size_bytes:
            return
        try:
            _append(url, part, pinned, connection, progress)
        except (NeedsClient, WrongBytes):
            raise
        except FetchFailed as error:
            grown = part.exists() and part.stat().st_size > before
            tries_left = _TRIES_WITHOUT_A_BYTE if grown else tries_left - 1
            if not tries_left:
                raise FetchFailed(f"the download broke off: {error}") from error
        else:
            return


def _append(
    url: str, part: Path, pinned: Pinned, connection: Connection, progress: Progress
) -> None:
    start = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with connection.open(url, headers) as response:
        if start and response.status != http.client.PARTIAL_CONTENT:
            start = 0  # this server cannot resume
        announced = response.headers.get("Content-Length", "")
        if announced.isdecimal() and start + int(announced) != pinned.size_bytes:
            raise WrongBytes(
                f"the file has {start + int(announced)} bytes, the pinned one {pinned.size_bytes}"
            )
        with part.open("ab" if start else "wb") as file:
            done = start
            while chunk := _read(response):
                file.write(chunk)
                done += len(chunk)
                progress("downloading", done, pinned.size_bytes)
                if done > pinned.size_bytes:  # no length was announced, and this is no such file
                    return
    if done < pinned.size_bytes:
        raise FetchFailed(f"it ended after {done} of {pinned.size_bytes} bytes")


def _read(response: Response) -> bytes:
    try:
        return response.read(_CHUNK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise FetchFailed(str(error) or type(error).__name__) from error


def matches(part: Path, pinned: Pinned) -> bool:
    """Whether the file is the pinned one."""
    with part.open("rb") as file:
        return (
            part.stat().st_size == pinned.size_bytes
            and hashlib.file_digest(file, "sha256").hexdigest() == pinned.sha256
        )
