"""Who may connect: the Origin and Host checks, and the bearer token. Pure."""

import hmac
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from antiphon.server.settings import ServerSettings

__all__ = ["bearer_matches", "host_allowed", "is_loopback", "origin_allowed"]

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def host_allowed(host: str, settings: ServerSettings) -> bool:
    """Whether the server may be addressed by this Host header.

    A page from elsewhere can have its own name resolve to 127.0.0.1 and so look like ours to the
    browser; its name in the Host header gives it away.
    """
    name = _split(f"//{host}").hostname or ""
    if settings.hosts:
        return name in {allowed.lower() for allowed in settings.hosts}
    return not is_loopback(settings.host) or name in LOOPBACK_NAMES


def origin_allowed(origin: str | None, host: str, settings: ServerSettings) -> bool:
    """Whether a page from ``origin`` may call; None is a program, which may.

    The scheme is not compared with ours: behind a proxy that ends TLS the two differ.
    """
    if origin is None:
        return True
    if _site(origin) in map(_site, settings.allowed_origins):
        return True
    theirs = _split(origin.lower())
    return theirs.scheme in ("http", "https") and theirs.netloc == host.lower()


def bearer_matches(authorization: str | None, token: str) -> bool:
    """Whether an Authorization header carries ``token``."""
    return hmac.compare_digest((authorization or "").encode(), f"Bearer {token}".encode())


def _site(origin: str) -> str:
    """As browsers send it: an address copied from one may end in a slash."""
    return origin.lower().rstrip("/")


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine only."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
